//! Refused queries: message and first byte of each fault.

use super::*;

/// Query, first byte of the fault, message.
type Case = (&'static str, usize, &'static str);

fn assert_faults(cases: &[Case]) {
    for (query, start, message) in cases {
        let error = parse(query).expect_err(query);
        assert_eq!(
            (error.message.as_str(), error.span.start),
            (*message, *start),
            "{query}"
        );
    }
}

const TOKENS: &[Case] = &[
    ("", 0, "no expression found in input"),
    ("# nothing\n", 0, "no expression found in input"),
    ("a +", 3, "unexpected end of input"),
    ("a + )", 5, "unexpected right parenthesis ')'"),
    ("(a", 2, "unclosed left parenthesis"),
    ("a]", 1, "unexpected right bracket ']'"),
    ("a[5m", 4, "unclosed left bracket"),
    ("a ! b", 2, "unexpected character after '!': ' '"),
    ("a =~ b", 2, "unexpected character after '=': '~'"),
    ("a = b", 2, "unexpected \"=\""),
    ("a $ b", 2, "unexpected character: '$'"),
    ("a{", 2, "unexpected end of input inside braces"),
    ("a{b!c}", 3, "unexpected character after '!' inside braces: 'c'"),
    ("a{b{", 3, "unexpected left brace '{'"),
    ("a{b:c=\"d\"}", 3, "unexpected character inside braces: ':'"),
    ("\"abc", 0, "unterminated quoted string"),
    ("\"a\nb\"", 0, "unterminated quoted string"),
    ("`abc", 0, "unterminated raw string"),
    (r#""\q""#, 0, "unknown escape sequence U+0071 'q'"),
    (r#""\xg0""#, 0, "illegal character U+0067 'g' in escape sequence"),
    (
        r#""\ud800""#,
        0,
        "escape sequence is an invalid Unicode code point",
    ),
    ("1..2", 0, "bad number or duration syntax: \"1..\""),
    ("1_", 0, "bad number or duration syntax: \"1_\""),
    ("0xee", 0, "bad number or duration syntax: \"0xee\""),
    ("5mm", 0, "bad number or duration syntax: \"5mm\""),
    (
        "1e999",
        0,
        "error parsing number: strconv.ParseFloat: parsing \"1e999\": value out of range",
    ),
    ("a[5m1m]", 2, "not a valid duration string: \"5m1m\""),
    ("a[1hs]", 2, "unknown unit \"hs\" in duration \"1hs\""),
];

#[test]
fn tokens() {
    assert_faults(TOKENS);
}

const UNEXPECTED: &[Case] = &[
    ("a b", 2, "unexpected identifier \"b\""),
    ("a:b c:d", 4, "unexpected metric identifier \"c:d\""),
    ("a 1234567890123", 2, "unexpected number \"1234567890\"..."),
    ("a bool b", 2, "unexpected <bool>"),
    ("a sum(b)", 2, "unexpected <aggr:sum>"),
    ("* a", 0, "unexpected <op:*>"),
    ("sum(a b)", 6, "unexpected identifier \"b\" in aggregation"),
    ("sum(rate(a[5m]) +)", 17, "unexpected \")\" in aggregation"),
    ("sum a", 4, "unexpected identifier \"a\""),
    (
        "sum by a (b)",
        7,
        "unexpected identifier \"a\" in grouping opts, expected \"(\"",
    ),
    (
        "sum by (a b) (c)",
        10,
        "unexpected identifier \"b\" in grouping opts, expected \",\" or \")\"",
    ),
    (
        "sum by (,) (c)",
        8,
        "unexpected \",\" in grouping opts, expected label",
    ),
    (
        "a + on b",
        7,
        "unexpected identifier \"b\" in grouping opts, expected \"(\"",
    ),
    (
        "a{b=c}",
        4,
        "unexpected identifier \"c\" in label matching, expected string",
    ),
    (
        "a{b}",
        3,
        "unexpected \"}\" in label matching, expected label matching operator",
    ),
    (
        "a{=}",
        2,
        "unexpected \"=\" in label matching, expected identifier or \"}\"",
    ),
    (
        "a{b=\"c\" d}",
        8,
        "unexpected identifier \"d\" in label matching, expected \",\" or \"}\"",
    ),
    (
        "a offset b",
        9,
        "unexpected identifier \"b\" in offset, expected number, duration, step(), or range()",
    ),
    ("a @ b", 4, "unexpected identifier \"b\" in @, expected timestamp"),
    (
        "a[]",
        2,
        "unexpected \"]\" in subquery or range selector, expected number, duration, step(), or range()",
    ),
    (
        "a[5m 5m]",
        5,
        "unexpected duration \"5m\" in subquery or range, expected \":\" or \"]\"",
    ),
    (
        "a[5m:(]",
        6,
        "unexpected \"]\" in subquery selector, expected number, duration, step(), range(), or \"]\"",
    ),
    (
        "a[5m:1m 1m]",
        8,
        "unexpected duration \"1m\" in subquery selector, expected \"]\"",
    ),
];

#[test]
fn unexpected_tokens_name_what_encloses_them() {
    assert_faults(UNEXPECTED);
}

const TYPES: &[Case] = &[
    (
        "rate(a)",
        5,
        "expected type range vector in call to function \"rate\", got instant vector",
    ),
    ("rate()", 0, "expected 1 argument(s) in call to \"rate\", got 0"),
    (
        "clamp(a)",
        0,
        "expected 3 argument(s) in call to \"clamp\", got 1",
    ),
    (
        "round(a, 1, 2)",
        0,
        "expected at most 2 argument(s) in call to \"round\", got 3",
    ),
    (
        "label_join(a, \"b\")",
        0,
        "expected at least 3 argument(s) in call to \"label_join\", got 2",
    ),
    ("abs(a,)", 5, "trailing commas not allowed in function call args"),
    ("nope(a)", 0, "unknown function with name \"nope\""),
    ("RATE(a[5m])", 0, "unknown function with name \"RATE\""),
    ("sum()", 0, "no arguments for aggregate expression provided"),
    (
        "sum(a, b)",
        0,
        "wrong number of arguments for aggregate expression provided, expected 1, got 2",
    ),
    (
        "topk(\"a\", b)",
        5,
        "expected type scalar in aggregation parameter, got string",
    ),
    (
        "sum(1)",
        4,
        "expected type instant vector in aggregation expression, got scalar",
    ),
    ("1 == 1", 2, "comparisons between scalars must use BOOL modifier"),
    (
        "a + bool b",
        2,
        "bool modifier can only be used on comparison operators",
    ),
    (
        "a and 1",
        0,
        "set operator \"and\" not allowed in binary scalar expression",
    ),
    (
        "a and on (b) group_left c",
        0,
        "no grouping allowed for \"and\" operation",
    ),
    (
        "a or fill (1) c",
        0,
        "filling in missing series not allowed for set operators",
    ),
    (
        "1 + fill (1) c",
        0,
        "filling in missing series only allowed between instant vectors",
    ),
    (
        "1 + on (b) c",
        0,
        "vector matching only allowed between instant vectors",
    ),
    (
        "a + on (b, c) group_left (c) d",
        2,
        "label \"c\" must not occur in ON and GROUP clause at once",
    ),
    (
        "a[5m] + 1",
        0,
        "binary expression must contain only scalar and instant vector types",
    ),
    (
        "-a[5m]",
        0,
        "unary expression only allowed on expressions of type scalar or instant vector, got \"range vector\"",
    ),
    (
        "{a=\"\"}",
        0,
        "vector selector must contain at least one non-empty matcher",
    ),
    (
        "a{__name__=\"b\"}",
        0,
        "metric name must not be set twice: \"a\" or \"b\"",
    ),
    (
        "info(a, b)",
        8,
        "expected label selectors only, got vector selector instead",
    ),
    (
        "info(a, 1)",
        0,
        "expected type instant vector in call to function \"info\", got scalar",
    ),
];

#[test]
fn types() {
    assert_faults(TYPES);
}

const MODIFIERS: &[Case] = &[
    ("sum(a)[5m]", 6, "ranges only allowed for vector selectors"),
    ("a offset 5m [5m]", 12, "no offset modifiers allowed before range"),
    ("a @ 1 [5m]", 6, "no @ modifiers allowed before range"),
    (
        "a[5m][5m:]",
        0,
        "subquery is only allowed on instant vector, got matrix instead",
    ),
    ("a[0s]", 2, "duration must be greater than 0"),
    ("a[NaN]", 2, "unexpected character in duration expression: 'N'"),
    ("a[1/0]", 3, "division by zero"),
    ("a[1%0]", 3, "modulo by zero"),
    ("a offset 1m offset 1m", 0, "offset may not be set multiple times"),
    ("a @ 1 @ 2", 0, "@ <timestamp> may not be set multiple times"),
    ("a @ Inf", 0, "timestamp out of bounds for @ modifier: +Inf"),
    (
        "1 offset 1m",
        0,
        "offset modifier must be preceded by an instant vector selector or range vector selector or a subquery",
    ),
    (
        "abs(a) @ 1",
        0,
        "@ modifier must be preceded by an instant vector selector or range vector selector or a subquery",
    ),
    (
        "a[5m] anchored smoothed",
        0,
        "anchored and smoothed modifiers cannot be used together",
    ),
    (
        "a[5m:] smoothed",
        0,
        "smoothed modifier is not supported for subqueries",
    ),
    ("sum(a) anchored", 0, "anchored modifier not implemented"),
];

#[test]
fn modifiers() {
    assert_faults(MODIFIERS);
}

#[test]
fn switched_off_parts() {
    let off = ParseOptions {
        duration_expressions: false,
        ..ParseOptions::default()
    };
    for (query, message) in [
        ("start()", "function \"start\" is not enabled"),
        ("info(a)", "function \"info\" is not enabled"),
        (
            "limitk(1, a)",
            "limitk() is experimental and must be enabled with --enable-feature=promql-experimental-functions",
        ),
        ("a[5m + 1m]", "experimental duration expression is not enabled"),
        (
            "a offset step()",
            "experimental duration expression is not enabled",
        ),
        (
            "a[5m] anchored",
            "anchored modifier is experimental and not enabled",
        ),
        ("a smoothed", "smoothed modifier is experimental and not enabled"),
        (
            "a + fill (1) b",
            "binop fill modifiers are experimental and not enabled",
        ),
    ] {
        assert_eq!(parse_expr(query, &off).expect_err(query).message, message);
        assert!(parse(query).is_ok(), "{query}");
    }
}

#[test]
fn positions_count_lines_and_bytes() {
    for (query, text) in [
        ("", "unknown position: parse error: no expression found in input"),
        ("a +\n  b c", "2:5: parse error: unexpected identifier \"c\""),
        ("é", "1:1: parse error: unexpected character: 'é'"),
    ] {
        assert_eq!(parse(query).expect_err(query).to_string(), text);
    }
    for (query, reason) in [
        ("a{b=~\"(\"}", "missing closing ): `(`"),
        (
            "a{c=\"d\", b!~\"a**\"}",
            "invalid nested repetition operator: `**`",
        ),
        ("a{b=~\".\\xff\"}", "invalid UTF-8: `\u{FFFD}`"),
    ] {
        let error = parse(query).unwrap_err().to_string();
        let column = if query.contains("c=") { 10 } else { 3 };
        let expected = format!("1:{column}: parse error: error parsing regexp: {reason}");
        assert_eq!(error, expected, "{query}");
    }
}

#[test]
fn hostile_input_is_refused_with_a_reason() {
    for (query, message) in [
        (
            "(".repeat(100_000),
            "expression is nested more than 100 levels deep",
        ),
        (
            "-".repeat(100_000),
            "expression is nested more than 100 levels deep",
        ),
        (
            "abs(".repeat(100_000),
            "expression is nested more than 100 levels deep",
        ),
        (
            "a^".repeat(100_000),
            "expression is nested more than 100 levels deep",
        ),
        (
            "a[".to_owned() + &"(".repeat(100_000),
            "expression is nested more than 100 levels deep",
        ),
        (
            "a+".repeat(100_000),
            "expression has more than 400 operators on top of each other",
        ),
        (
            "a".to_owned() + &"[5m:]".repeat(100_000),
            "expression has more than 400 operators on top of each other",
        ),
        (
            "a[".to_owned() + &"1+".repeat(100_000),
            "expression has more than 400 operators on top of each other",
        ),
    ] {
        assert_eq!(parse(&query).expect_err("too deep").message, message);
    }
    assert!(parse(&format!("{}a", "a or ".repeat(399))).is_ok());
    assert!(parse(&format!("{}a{}", "(".repeat(99), ")".repeat(99))).is_ok());
}

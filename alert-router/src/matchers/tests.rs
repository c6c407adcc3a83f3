//! Texts that both grammars, one of them, or neither reads.

use super::*;

fn show(result: Result<ParsedMatchers, MatcherError>) -> String {
    match result {
        Ok(parsed) => {
            let mut out = format_matchers(&parsed.matchers);
            match parsed.warning {
                Some(MatcherWarning::ClassicOnly { .. }) => out.push_str(" classic"),
                Some(MatcherWarning::Disagreement) => out.push_str(" disagree"),
                None => {}
            }
            out
        }
        Err(error) => format!("error: {error}"),
    }
}

#[test]
fn lists() {
    let cases = [
        ("", "{}"),
        ("{}", "{}"),
        (" { } ", "{}"),
        ("foo=bar", r#"{foo="bar"}"#),
        ("{foo=bar,}", r#"{foo="bar"}"#),
        (r#"{foo="bar", dings!="bums", }"#, r#"{foo="bar",dings!="bums"}"#),
        (r#"statuscode=~"5..""#, r#"{statuscode=~"5.."}"#),
        (r#"a!~"x|y",b="""#, r#"{a!~"x|y",b=""}"#),
        // Values with commas, quotes and escapes.
        (
            r#"quote="She said: \"Hi, ladies!\"""#,
            r#"{quote="She said: \"Hi, ladies!\""}"#,
        ),
        // Only the classic grammar: empty values, lone braces, reserved characters without quotes.
        ("foo=", r#"{foo=""} classic"#),
        ("{foo=bar", r#"{foo="bar"} classic"#),
        ("foo=bar}", r#"{foo="bar"} classic"#),
        ("foo=~bar,baz", "error: bad matcher format: baz"),
        ("foo=a=b", r#"{foo="a=b"} classic"#),
        (r#"foo="\d""#, r#"{foo="\\d"} classic"#),
        // Only the UTF-8 grammar.
        ("\u{1f642}=smile", "{\u{1f642}=\"smile\"}"),
        (r#""a b"=c"#, r#"{"a b"="c"}"#),
        (r#"{"a\u00e9"="\x41"}"#, "{aé=\"A\"}"),
        // Both, but differently: the classic grammar keeps the backslash of an unknown escape.
        (r#"foo="a\tb""#, r#"{foo="a\\tb"} disagree"#),
        // Neither.
        ("{,}", "error: bad matcher format: "),
        ("foo", "error: bad matcher format: foo"),
        (
            r#"foo="bar"baz"#,
            r#"error: matcher value contains unescaped double quote: "bar"baz"#,
        ),
        (
            r#"foo="bar"#,
            r#"error: matcher value contains unescaped double quote: "bar"#,
        ),
        ("0foo=bar", r#"{0foo="bar"}"#),
    ];
    for (text, expected) in cases {
        assert_eq!(show(parse_matchers(text)), expected, "{text:?}");
    }
    assert_eq!(
        show(parse_matchers("foo=~\"(\"")),
        "error: error parsing regexp: missing closing ): `^(?:()$`"
    );
}

#[test]
fn single_matchers() {
    let cases = [
        ("foo=bar", r#"{foo="bar"}"#),
        ("{foo=bar", "error: unexpected open or close brace: {foo=bar"),
        ("", "error: bad matcher format: "),
    ];
    for (text, expected) in cases {
        assert_eq!(show(parse_matcher(text)), expected, "{text:?}");
    }
    // A comma belongs to the value of a single classic matcher.
    assert_eq!(show(parse_matcher("a=b,c=d")), r#"{a="b,c=d"} classic"#);
}

#[test]
fn positions_of_the_utf8_grammar() {
    let cases = [
        ("{foo=bar", "0:8: end of input: expected close brace"),
        ("foo=bar}", "0:8: }: expected opening brace"),
        ("é=,", "2:3: unexpected ,: expected label value"),
        (
            "a b",
            "2:3: unexpected b: expected an operator such as '=', '!=', '=~' or '!~'",
        ),
        ("a='b'", "2:3: ': invalid input"),
        ("a=\"b", "2:4: \"b: missing end \""),
        ("a=\"\\q\"", "2:6: \"\\q\": invalid input"),
        ("a=\"\\xff\"", "2:8: \"\\xff\": invalid input"),
        (
            "a=b,,",
            "4:5: unexpected ,: expected a matcher or close brace after comma",
        ),
        ("{a=b}c", "5:6: unexpected c: expected end of input"),
    ];
    for (text, expected) in cases {
        assert_eq!(
            utf8::parse(text),
            Err(MatcherError(expected.to_owned())),
            "{text:?}"
        );
    }
}

#[test]
fn order_of_a_routes_key() {
    let mut matchers = parse_matchers(r#"b=1,a=~"2",a="2",a!="1""#).unwrap().matchers;
    sort_matchers(&mut matchers);
    assert_eq!(format_matchers(&matchers), r#"{a!="1",a="2",a=~"2",b="1"}"#);
}

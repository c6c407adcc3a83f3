//! Trees printed back, and faults in Go's words.

use super::*;

const FUNCTIONS: [&str; 4] = ["printf", "len", "not", "eq"];

fn parse_text(text: &str) -> Result<Vec<Tree>, String> {
    parse("t", text, &|name| FUNCTIONS.contains(&name)).map_err(|error| error.to_string())
}

fn shown(items: &[Item]) -> String {
    let branch = |word: &str, branch: &Branch| {
        format!(
            "<{word} {} ? {} : {}>",
            branch.pipe,
            shown(&branch.body),
            shown(&branch.otherwise)
        )
    };
    let item = |item: &Item| match item {
        Item::Text(text) => format!("{text:?}"),
        Item::Action(pipe) => format!("<{pipe}>"),
        Item::If(b) => branch("if", b),
        Item::With(b) => branch("with", b),
        Item::Range(b) => branch("range", b),
        Item::Template { name, pipe: None, .. } => format!("<template {name}>"),
        Item::Template {
            name,
            pipe: Some(pipe),
            ..
        } => format!("<template {name} {pipe}>"),
        Item::Break => "<break>".to_owned(),
        Item::Continue => "<continue>".to_owned(),
    };
    items.iter().map(item).collect()
}

#[test]
fn trees() {
    let cases = [
        ("", ""),
        ("plain } text {", "\"plain } text {\""),
        ("a{{/* c */}}b", "\"a\"\"b\""),
        ("a {{- /* c */ -}} b", "\"a\"\"b\""),
        ("a {{- 1 -}} \n b", "\"a\"<1>\"b\""),
        ("a {{-1}}", "\"a \"<-1>"),
        (
            "{{.}} {{ .A }} {{.A.B}} {{$}} {{$.A}}",
            "<.>\" \"<.A>\" \"<.A.B>\" \"<$>\" \"<$.A>",
        ),
        ("{{printf \"%d\" 1 | len}}", "<printf \"%d\" 1 | len>"),
        ("{{(len .A).B.C}}", "<(len .A).B.C>"),
        ("{{(.A | len) | not}}", "<(.A | len) | not>"),
        ("{{$x := 1}}{{$x}}{{$x = 2}}", "<$x := 1><$x><$x = 2>"),
        (
            "{{if .A}}a{{else if .B}}b{{else}}c{{end}}",
            "<if .A ? \"a\" : <if .B ? \"b\" : \"c\">>",
        ),
        (
            "{{with $y := .A}}{{$y}}{{else with .B}}b{{end}}",
            "<with $y := .A ? <$y> : <with .B ? \"b\" : >>",
        ),
        (
            "{{range $i, $v := .A}}{{$i}}{{break}}{{continue}}{{else}}e{{end}}",
            "<range $i, $v := .A ? <$i><break><continue> : \"e\">",
        ),
        (
            "{{range .A}}{{if .}}{{break}}{{end}}{{end}}",
            "<range .A ? <if . ? <break> : > : >",
        ),
        (
            "{{define \"x\"}}d{{end}}{{template \"x\"}}{{template `x` .A}}",
            "<template x><template x .A>",
        ),
        ("{{block \"b\" .A}}d{{end}}", "<template b .A>"),
        (
            "{{ true }}{{ nil | not }}{{ 'a' }}{{ `r` }}{{ 1.5e3 }}",
            "<true><nil | not><'a'><`r`><1.5e3>",
        ),
        ("{{ printf\n\"%s\"\n.A }}", "<printf \"%s\" .A>"),
        ("{{eq .A \"}}\"}}", "<eq .A \"}}\">"),
        ("{{.é}}", "<.é>"),
    ];
    for (text, expected) in cases {
        let trees = parse_text(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(shown(&trees[0].body), expected, "{text}");
    }
    let trees =
        parse_text("x{{define \"a\"}}A{{end}}{{if 1}}{{block \"b\" .}}B{{end}}{{end}}").expect("valid");
    let names: Vec<_> = trees
        .iter()
        .map(|tree| format!("{}={}", tree.name, shown(&tree.body)))
        .collect();
    assert_eq!(names, ["t=\"x\"<if 1 ? <template b .> : >", "a=\"A\"", "b=\"B\""]);
}

fn check_faults(cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        match parse_text(text) {
            Ok(trees) => panic!("{text}: {}", shown(&trees[0].body)),
            Err(error) => assert_eq!(error, *expected, "{text}"),
        }
    }
}

#[test]
fn faults() {
    check_faults(&[
        ("{{", "template: t:1: unclosed action"),
        ("\n\n{{ 1 ", "template: t:3: unclosed action"),
        (
            "{{\u{a0}}}",
            "template: t:1: unrecognized character in action: U+00A0",
        ),
        ("{{/* x }}", "template: t:1: unclosed comment"),
        (
            "{{/* x */ 1}}",
            "template: t:1: comment ends before closing delimiter",
        ),
        ("{{}}", "template: t:1: missing value for command"),
        ("{{if}}a{{end}}", "template: t:1: missing value for if"),
        ("{{if 1}}a", "template: t:1: unexpected EOF"),
        ("a\n{{end}}", "template: t:2: unexpected {{end}}"),
        ("{{else}}", "template: t:1: unexpected {{else}}"),
        (
            "{{if 1}}{{else}}{{else}}{{end}}",
            "template: t:1: expected end; found {{else}}",
        ),
        ("{{break}}", "template: t:1: {{break}} outside {{range}}"),
        (
            "{{range 1}}{{define \"x\"}}{{end}}{{end}}",
            "template: t:1: unexpected <define> in command",
        ),
        ("{{nofunc 1}}", "template: t:1: function \"nofunc\" not defined"),
        ("{{$x}}", "template: t:1: undefined variable \"$x\""),
        (
            "{{if $x := 1}}{{end}}{{$x}}",
            "template: t:1: undefined variable \"$x\"",
        ),
        (
            "{{define \"d\"}}{{$x}}{{end}}",
            "template: t:1: undefined variable \"$x\"",
        ),
    ]);
}

#[test]
fn more_faults() {
    check_faults(&[
        (
            "{{1 | 2}}",
            "template: t:1: non executable command in pipeline stage 2",
        ),
        ("{{\"x}}", "template: t:1: unterminated quoted string"),
        ("{{`x}}", "template: t:1: unterminated raw quoted string"),
        ("{{'x}}", "template: t:1: unterminated character constant"),
        ("{{(1}}", "template: t:1: unclosed left paren"),
        ("{{1)}}", "template: t:1: unexpected right paren"),
        ("{{.A\"x\"}}", "template: t:1: bad character U+0022 '\"'"),
        ("{{1x}}", "template: t:1: bad number syntax: \"1x\""),
        (
            "{{printf \"a\"\"b\"}}",
            "template: t:1: unexpected \"\\\"b\\\"\" in operand",
        ),
        ("{{1.A}}", "template: t:1: bad number syntax: \"1.A\""),
        (
            "{{\"a\".B}}",
            "template: t:1: unexpected . after term \"\\\"a\\\"\"",
        ),
        (
            "{{nil}}{{template 1}}",
            "template: t:1: unexpected \"1\" in template clause",
        ),
        (
            "{{range $a, $b, $c := .}}{{end}}",
            "template: t:1: too many declarations in range",
        ),
        (
            "{{$a, $b := .}}",
            "template: t:1: too many declarations in command",
        ),
        (
            "{{define \"x\"}}a{{end}}{{define \"x\"}}b{{end}}",
            "template: t:1: multiple definition of template \"x\"",
        ),
        ("{{. % 2}}", "template: t:1: unexpected \"%\" in operand"),
        ("{{ : }}", "template: t:1: expected :="),
        ("{{| len}}", "template: t:1: unexpected \"|\" in command"),
    ]);
}

#[test]
fn nesting_is_bounded() {
    let deep = format!("{{{{{}1{}}}}}", "(".repeat(300), ")".repeat(300));
    assert_eq!(
        parse_text(&deep).expect_err("deep"),
        "template: t:1: nested deeper than 100 levels"
    );
    let deep = "{{if 1}}".repeat(300);
    assert_eq!(
        parse_text(&deep).expect_err("deep"),
        "template: t:1: nested deeper than 100 levels"
    );
}

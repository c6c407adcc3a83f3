//! Execution: language, values, errors and bounds.

use crate::functions::Functions;
use crate::value::{MapType, Time, Value};
use crate::{TemplateError, Templates};

static POINT: MapType = MapType::of_struct("main.Point");

fn data() -> Value {
    let point = Value::structure(&POINT, [("Y", Value::Int(2)), ("X", Value::Int(1))]);
    Value::map([
        ("s", Value::string("text")),
        ("empty", Value::string("")),
        ("i", Value::Int(7)),
        ("f", Value::Float(1.5)),
        ("t", Value::Bool(true)),
        (
            "list",
            Value::list(vec![Value::Int(1), Value::string("two"), Value::Float(3.5)]),
        ),
        ("none", Value::list(Vec::new())),
        (
            "labels",
            Value::string_map([("job", "node"), ("instance", "a:9100")]),
        ),
        ("point", point),
        (
            "any",
            Value::map([("nested", Value::map([("deep", Value::string("found"))]))]),
        ),
        (
            "time",
            Value::Time(Time::from_unix_ms(1_435_065_584_128).expect("valid")),
        ),
        ("duration", Value::Duration(90_000_000_000)),
    ])
}

fn run_with(text: &str, data: &Value) -> Result<String, TemplateError> {
    let functions = Functions::builtins();
    let mut templates = Templates::new();
    templates.parse("t", text, &functions)?;
    templates.execute("t", data, &functions)
}

fn run(text: &str) -> String {
    run_with(text, &data()).unwrap_or_else(|error| error.to_string())
}

fn check(cases: &[(&str, &str)]) {
    let wrong: Vec<String> = cases
        .iter()
        .map(|(text, expected)| (text, run(text), expected))
        .filter(|(_, got, expected)| got != *expected)
        .map(|(text, got, expected)| format!("{text}\n   got {got}\n  want {expected}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn values_print_as_in_go() {
    check(&[
        ("{{.s}} {{.i}} {{.f}} {{.t}}", "text 7 1.5 true"),
        (
            "{{.list}} {{.none}} {{.labels}} {{.point}}",
            "[1 two 3.5] [] map[instance:a:9100 job:node] {2 1}",
        ),
        (
            "{{.time}} {{.duration}}",
            "2015-06-23 13:19:44.128 +0000 UTC 1m30s",
        ),
        (
            "{{1}} {{1.0}} {{1e6}} {{0x10}} {{'a'}} {{\"q\\n\"}} {{`raw`}}",
            "1 1 1e+06 16 97 q\n raw",
        ),
        (
            "{{.missing}}|{{.labels.missing}}|{{.any.missing}}",
            "<no value>||<no value>",
        ),
        (
            "{{.labels.job}} {{.point.X}} {{.any.nested.deep}} {{$.s}}",
            "node 1 found text",
        ),
        (
            "{{.}}",
            "map[any:map[nested:map[deep:found]] duration:1m30s empty: f:1.5 i:7 labels:map[instance:a:9100 job:node] list:[1 two 3.5] none:[] point:{2 1} s:text t:true time:2015-06-23 13:19:44.128 +0000 UTC]",
        ),
    ]);
    assert_eq!(
        run_with("{{.}} {{.Foo}} {{.A.B}}", &Value::Nil),
        Ok("<no value> <no value> <no value>".to_owned())
    );
}

#[test]
fn truth_and_branches() {
    check(&[
        ("{{if .t}}a{{else}}b{{end}}", "a"),
        ("{{if .missing}}a{{else}}b{{end}}", "b"),
        ("{{if .empty}}a{{else if .i}}b{{else}}c{{end}}", "b"),
        (
            "{{if 0}}a{{end}}{{if 0.0}}b{{end}}{{if .none}}c{{end}}{{if .labels}}d{{end}}",
            "d",
        ),
        ("{{if .point}}struct{{end}}{{if .time}}time{{end}}", "structtime"),
        ("{{with .s}}{{.}}{{else}}none{{end}}", "text"),
        ("{{with .missing}}{{.}}{{else}}{{.s}}{{end}}", "text"),
        ("{{with .empty}}a{{else with .i}}{{.}}{{end}}", "7"),
        (
            "{{with $x := .any}}{{$x.nested.deep}}{{.nested.deep}}{{end}}",
            "foundfound",
        ),
        (
            "{{if and .t .i}}a{{end}}{{if or .empty .none}}b{{end}}{{if not .empty}}c{{end}}",
            "ac",
        ),
        (
            "{{and .t .empty .i}}|{{or .empty .s .i}}|{{or .empty 0}}|{{and 1 2}}",
            "|text|0|2",
        ),
        ("{{or .t (index .list 99)}}", "true"),
        ("{{.s | or .empty}}", "text"),
    ]);
}

#[test]
fn loops_and_variables() {
    check(&[
        ("{{range .list}}{{.}},{{end}}", "1,two,3.5,"),
        (
            "{{range $i, $v := .list}}{{$i}}={{$v}} {{end}}",
            "0=1 1=two 2=3.5 ",
        ),
        ("{{range $v := .list}}{{$v}}{{end}}", "1two3.5"),
        (
            "{{range .none}}a{{else}}none{{end}}{{range .missing}}a{{else}}nil{{end}}",
            "nonenil",
        ),
        (
            "{{range $k, $v := .labels}}{{$k}}={{$v}};{{end}}",
            "instance=a:9100;job=node;",
        ),
        (
            "{{range 3}}{{.}}{{end}}{{range $i, $j := 2}}{{$i}}{{$j}}{{end}}",
            "0120011",
        ),
        (
            "{{range .list}}{{if eq (print .) \"two\"}}{{continue}}{{end}}{{.}}{{end}}",
            "13.5",
        ),
        (
            "{{range .list}}{{if eq (print .) \"two\"}}{{break}}{{end}}{{.}}{{end}}",
            "1",
        ),
        (
            "{{range 2}}{{range 3}}{{if .}}{{break}}{{end}}{{.}}{{end}};{{end}}",
            "0;0;",
        ),
        (
            "{{$x := 1}}{{if .t}}{{$x = 2}}{{$x := 3}}{{$x}}{{end}}{{$x}}",
            "32",
        ),
        ("{{$n := 0}}{{range .list}}{{$n = .}}{{end}}{{$n}}", "3.5"),
        (
            "{{$k := 0}}{{$v := 0}}{{range $k, $v = .list}}{{end}}{{$k}}{{$v}}",
            "23.5",
        ),
        ("{{$x := .any}}{{$x.nested.deep}} {{$x.nope}}", "found <no value>"),
        ("a {{- range 2 }} {{ . -}} {{ end -}} b", "a 0 1b"),
        (
            "{{range .i.x}}{{end}}",
            "template: t:1:10: executing \"t\" at <.i.x>: can't evaluate field x in type int",
        ),
        (
            "{{range .s}}{{end}}",
            "template: t:1:8: executing \"t\" at <.s>: range can't iterate over text",
        ),
    ]);
}

#[test]
fn templates_and_blocks() {
    check(&[
        (
            "{{define \"x\"}}[{{.}}]{{end}}{{template \"x\" .s}}{{template \"x\"}}",
            "[text][<no value>]",
        ),
        ("{{block \"b\" .i}}<{{.}}>{{end}}{{template \"b\" 1}}", "<7><1>"),
        (
            "{{define \"x\"}}{{$}}{{end}}{{$y := 5}}{{template \"x\" $y}}{{$y}}",
            "55",
        ),
        (
            "{{template \"nope\"}}",
            "template: t:1:2: executing \"t\" at <{{template \"nope\"}}>: template \"nope\" not defined",
        ),
        (
            "{{define \"x\"}}\n  {{.s.t}}{{end}}{{template \"x\" .}}",
            "template: t:2:6: executing \"x\" at <.s.t>: can't evaluate field t in type string",
        ),
    ]);
    let functions = Functions::builtins();
    let mut templates = Templates::new();
    templates
        .parse(
            "default.tmpl",
            "{{define \"title\"}}default {{.s}}{{end}}",
            &functions,
        )
        .expect("valid");
    templates
        .parse("mine.tmpl", "{{define \"title\"}}mine {{.s}}{{end}}", &functions)
        .expect("valid");
    templates
        .parse("empty.tmpl", "{{define \"title\"}}  {{end}}", &functions)
        .expect("valid");
    assert_eq!(
        templates.expand("", "{{template \"title\" .}}!", &data(), &functions),
        Ok("mine text!".to_owned())
    );
    assert_eq!(
        templates.expand("", "plain", &data(), &functions),
        Ok("plain".to_owned())
    );
    assert_eq!(
        templates.execute("nope", &data(), &functions),
        Err(TemplateError::Undefined("nope".into()))
    );
}

#[test]
fn methods() {
    check(&[
        (
            "{{.time.Format \"2006-01-02\"}} {{.time.Unix}} {{.time.Year}} {{.time.Weekday}}",
            "2015-06-23 1435065584 2015 Tuesday",
        ),
        (
            "{{(.time.Add .duration).Format \"15:04:05\"}} {{.time.Sub .time}}",
            "13:21:14 0s",
        ),
        ("{{\"15:04\" | .time.Format}}", "13:19"),
        (
            "{{.time.IsZero}} {{.duration.Seconds}} {{.duration.Minutes}}",
            "false 90 1.5",
        ),
        ("{{(.time.AddDate 0 1 10).Format \"Jan _2\"}}", "Aug  2"),
        (
            "{{.time.Format}}",
            "template: t:1:7: executing \"t\" at <.time.Format>: Format takes (string), got ()",
        ),
        (
            "{{.labels.job \"x\"}}",
            "template: t:1:9: executing \"t\" at <.labels.job>: job is not a method but has arguments",
        ),
        (
            "{{.s \"x\"}}",
            "template: t:1:2: executing \"t\" at <.s>: s is not a method but has arguments",
        ),
    ]);
}

#[test]
fn builtins() {
    check(&[
        (
            "{{len .s}} {{len .list}} {{len .labels}} {{\"é\" | len}}",
            "4 3 2 2",
        ),
        (
            "{{index .list 1}} {{index .labels \"job\"}} {{index .labels \"x\"}}| {{index .any \"nested\" \"deep\"}}",
            "two node | found",
        ),
        (
            "{{index .list 3}}",
            "template: t:1:2: executing \"t\" at <index .list 3>: error calling index: index out of range: 3",
        ),
        (
            "{{slice .s 1 3}} {{slice .list 1}} {{slice .s}}",
            "ex [two 3.5] text",
        ),
        (
            "{{slice .s 3 1}}",
            "template: t:1:2: executing \"t\" at <slice .s 3 1>: error calling slice: invalid slice index: 3 > 1",
        ),
        (
            "{{print 1 2 \"a\" 3}} {{println .s 1}}{{printf \"%s-%05.1f\" .s .f}}",
            "1 2a3 text 1\ntext-001.5",
        ),
        (
            "{{.f | printf \"%.2f\"}} {{printf \"%d%%\" 5}} {{printf \"%q\" .s}}",
            "1.50 5% \"text\"",
        ),
        (
            "{{printf \"%d\" .f}} {{printf \"%s\" 5}}",
            "%!d(float64=1.5) %!s(int=5)",
        ),
        (
            "{{html \"<a href='x'>&\\\"\"}} {{js \"it's <b>\"}} {{urlquery \"a b&c/é\"}}",
            "&lt;a href=&#39;x&#39;&gt;&amp;&#34; it\\'s \\u003Cb\\u003E a+b%26c%2F%C3%A9",
        ),
    ]);
}

#[test]
fn comparisons_and_misuse() {
    check(&[
        (
            "{{eq 1 1}} {{eq .s \"a\" \"text\"}} {{ne 1 2}} {{lt 1 2}} {{le 2 2}} {{gt 1.5 1.0}} {{ge \"b\" \"a\"}}",
            "true true true true true true true",
        ),
        (
            "{{eq .missing nil}} {{eq .s nil}} {{eq .t true}}",
            "true false true",
        ),
        (
            "{{eq 1 1.0}}",
            "template: t:1:2: executing \"t\" at <eq 1 1.0>: error calling eq: incompatible types for comparison",
        ),
        (
            "{{if gt .f 1}}a{{end}}",
            "template: t:1:5: executing \"t\" at <gt .f 1>: error calling gt: incompatible types for comparison",
        ),
        (
            "{{eq .list .list}}",
            "template: t:1:2: executing \"t\" at <eq .list .list>: error calling eq: non-comparable types []interface {} and []interface {}",
        ),
        (
            "{{lt .t .t}}",
            "template: t:1:2: executing \"t\" at <lt .t .t>: error calling lt: invalid type for comparison",
        ),
        (
            "{{len .i}}",
            "template: t:1:2: executing \"t\" at <len .i>: error calling len: len of type int",
        ),
        (
            "{{call .s}}",
            "template: t:1:2: executing \"t\" at <call .s>: error calling call: non-function of type string",
        ),
        (
            "{{not 1 2}}",
            "template: t:1:2: executing \"t\" at <not 1 2>: wrong number of args for not: want 1 got 2",
        ),
        (
            "{{and}}",
            "template: t:1:2: executing \"t\" at <and>: wrong number of args for and: want at least 1 got 0",
        ),
        (
            "{{printf 1}}",
            "template: t:1:2: executing \"t\" at <printf 1>: wrong type for value; expected string; got int",
        ),
    ]);
}

#[test]
fn failures() {
    check(&[
        (
            "{{.point.Z}}",
            "template: t:1:8: executing \"t\" at <.point.Z>: can't evaluate field Z in type main.Point",
        ),
        (
            "{{.missing.x}}",
            "template: t:1:10: executing \"t\" at <.missing.x>: nil pointer evaluating interface {}.x",
        ),
        (
            "{{1 2}}",
            "template: t:1:2: executing \"t\" at <1>: can't give argument to non-function 1",
        ),
        (
            "{{.s | .i}}",
            "template: t:1:7: executing \"t\" at <.i>: i is not a method but has arguments",
        ),
        (
            "{{nil}}",
            "template: t:1:2: executing \"t\" at <nil>: nil is not a command",
        ),
        (
            "line one\n  {{ .s.x }}",
            "template: t:2:7: executing \"t\" at <.s.x>: can't evaluate field x in type string",
        ),
        (
            "{{(index .list 0).x}}",
            "template: t:1:17: executing \"t\" at <(index .list 0).x>: can't evaluate field x in type int",
        ),
    ]);
}

#[test]
fn bounds_hold() {
    let cases = [
        (
            "{{define \"r\"}}{{template \"r\" .}}{{end}}{{template \"r\" .}}",
            "deeper than 200 levels",
        ),
        (
            "{{range 100000}}{{range 100000}}{{end}}{{end}}",
            "takes more than 5000000 steps",
        ),
        (
            "{{range 1000}}{{printf \"%10000d\" 1}}{{end}}",
            "prints more than 4194304 bytes",
        ),
        (
            "{{$x := \"0123456789\"}}{{range 40}}{{$x = print $x $x}}{{end}}",
            "builds a string of more than 4194304 bytes",
        ),
    ];
    for (text, expected) in cases {
        let error = run(text);
        assert!(
            error.contains(expected),
            "{text}: {}",
            error.chars().take(200).collect::<String>()
        );
    }
}

#[test]
fn built_collections_are_bounded() {
    let functions = crate::functions::alertmanager::functions(0);
    let expand = |text: &str| {
        Templates::new()
            .expand("t", text, &Value::Nil, &functions)
            .unwrap_or_else(|error| error.to_string())
    };
    let cases = [
        (
            "{{$x := list 1}}{{range 100}}{{$x = list $x}}{{end}}{{$x}}",
            "nested deeper than 64 levels",
        ),
        (
            "{{$x := list 1}}{{range 60}}{{$x = list $x $x}}{{end}}{{$x}}",
            "a collection of more than 67108864 bytes",
        ),
        (
            "{{$x := list 1}}{{range 40}}{{$x = append $x (printf \"%1000000s\" \"\")}}{{end}}{{len $x}}",
            "41",
        ),
    ];
    for (text, expected) in cases {
        assert!(expand(text).contains(expected), "{text}: {}", expand(text));
    }
}

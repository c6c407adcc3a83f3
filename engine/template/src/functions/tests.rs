//! Both function sets, with the outputs that Prometheus and Alertmanager give.

use std::sync::Arc;

use engine_model::Labels;

use super::alertmanager::{AlertData, NotificationData};
use super::prometheus::{Environment, QuerySample};
use super::{Functions, alertmanager, prometheus};
use crate::Templates;
use crate::value::{Time, Value};

fn expand(functions: &Functions, text: &str, data: &Value) -> String {
    let mut templates = Templates::new();
    templates
        .parse("test", text, functions)
        .and_then(|()| templates.execute("test", data, functions))
        .unwrap_or_else(|error| error.to_string())
}

fn sample(pairs: &[(&str, &str)], value: f64) -> QuerySample {
    QuerySample {
        labels: Labels::from_pairs(pairs.iter().copied()),
        value,
    }
}

fn for_rules() -> Functions {
    prometheus::functions(Environment {
        now_ms: 1_435_065_584_128,
        external_url: "http://testhost:9090/path/prefix".to_owned(),
        path_prefix: "/path/prefix".to_owned(),
        query: Arc::new(|text| match text {
            "missing" => Ok(Vec::new()),
            "broken" => Err("parse error".to_owned()),
            _ => Ok(vec![
                sample(
                    &[("__name__", "metric"), ("instance", "b"), ("__value__", "bv")],
                    21.0,
                ),
                sample(&[("__name__", "metric"), ("instance", "a")], 11.0),
            ]),
        }),
    })
}

fn check(functions: &Functions, data: &Value, cases: &[(&str, &str)]) {
    let wrong: Vec<String> = cases
        .iter()
        .map(|(text, expected)| (text, expand(functions, text, data), expected))
        .filter(|(_, got, expected)| got != *expected)
        .map(|(text, got, expected)| format!("{text}\n   got {got}\n  want {expected}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn queries() {
    check(
        &for_rules(),
        &Value::Nil,
        &[
            ("{{ query \"metric\" | first | value }}", "21"),
            ("{{ query \"metric\" | first | label \"instance\" }}", "b"),
            ("{{ query \"metric\" | first | label \"foo\" }}|", "|"),
            ("{{ query \"metric\" | first | strvalue }}", "bv"),
            (
                "{{ $x := query \"metric\" | first }}{{ $x.Labels.foo }}|{{ $x.Value }}",
                "|21",
            ),
            (
                "{{ range query \"metric\" | sortByLabel \"instance\" }}{{.Labels.instance}}:{{.Value}}: {{end}}",
                "a:11: b:21: ",
            ),
            ("{{ with query \"missing\" }}some{{ else }}none{{ end }}", "none"),
            (
                "{{ query \"missing\" | first }}",
                "template: test:1:21: executing \"test\" at <first>: error calling first: first() called on vector with no elements",
            ),
            (
                "{{ query \"broken\" }}",
                "template: test:1:3: executing \"test\" at <query \"broken\">: error calling query: parse error",
            ),
            (
                "{{define \"x\"}}{{.arg0}} {{.arg1}}{{end}}{{template \"x\" (args 1 \"2\")}}",
                "1 2",
            ),
            (
                "{{ 5 | value }}",
                "template: test:1:7: executing \"test\" at <value>: wrong type for value; expected *template.sample; got int",
            ),
        ],
    );
}

fn check_humanized<const N: usize>(cases: [(&str, Value, &str); N]) {
    for (function, data, expected) in cases {
        let text = format!("{{{{ range . }}}}{{{{ {function} . }}}}:{{{{ end }}}}");
        assert_eq!(expand(&for_rules(), &text, &data), expected, "{function}");
    }
}

#[test]
fn humanized_numbers() {
    let floats = |values: &[f64]| Value::list(values.iter().copied().map(Value::Float).collect());
    let ints = |values: &[i64]| Value::list(values.iter().copied().map(Value::Int).collect());
    let cases = [
        (
            "humanize",
            floats(&[0.0, 1.0, 1_234_567.0, 0.12, -999.96, 999_999.0]),
            "0:1:1.235M:120m:-1000:1000k:",
        ),
        (
            "humanize",
            Value::strings(["0.0", "1.0", "1234567.0", ".12"]),
            "0:1:1.235M:120m:",
        ),
        (
            "humanize",
            ints(&[0, -1, 1, 1_234_567, i64::MAX]),
            "0:-1:1:1.235M:9.223E:",
        ),
        (
            "humanize1024",
            floats(&[0.0, 1.0, 1_048_576.0, 0.12]),
            "0:1:1Mi:0.12:",
        ),
        (
            "humanize1024",
            ints(&[0, -1, 1, 1_234_567, i64::MAX]),
            "0:-1:1:1.177Mi:8Ei:",
        ),
        (
            "humanizeDuration",
            floats(&[
                0.0, 1.0, 60.0, 3600.0, 86400.0, 90000.0, -183_845.0, 899.99, 3661.0,
            ]),
            "0s:1s:1m 0s:1h 0m 0s:1d 0h 0m 0s:1d 1h 0m 0s:-2d 3h 4m 5s:14m 59s:1h 1m 1s:",
        ),
        (
            "humanizeDuration",
            floats(&[0.1, 0.0001, 0.12345, 60.1, 60.5, 1.2345, 12.345]),
            "100ms:100us:123.5ms:1m 0s:1m 0s:1.234s:12.35s:",
        ),
        (
            "humanizeDuration",
            ints(&[0, -1, 1, 1_234_567]),
            "0s:-1s:1s:14d 6h 56m 7s:",
        ),
    ];
    check_humanized(cases);
}

#[test]
fn humanized_percentages_and_times() {
    let floats = |values: &[f64]| Value::list(values.iter().copied().map(Value::Float).collect());
    let ints = |values: &[i64]| Value::list(values.iter().copied().map(Value::Int).collect());
    let cases = [
        (
            "humanizePercentage",
            floats(&[-0.22222, 0.0, 0.1234567, 1.23456, 0.1234]),
            "-22.22%:0%:12.35%:123.5%:12.34%:",
        ),
        (
            "humanizePercentage",
            ints(&[0, -1, 1, 1_234_567, i64::MAX]),
            "0%:-100%:100%:1.235e+08%:9.223e+20%:",
        ),
        (
            "humanizeTimestamp",
            ints(&[0, -1, 1, 1_234_567, 9_223_372_036]),
            "1970-01-01 00:00:00 +0000 UTC:1969-12-31 23:59:59 +0000 UTC:1970-01-01 00:00:01 +0000 UTC:\
             1970-01-15 06:56:07 +0000 UTC:2262-04-11 23:47:16 +0000 UTC:",
        ),
        (
            "humanizeTimestamp",
            ints(&[i64::MIN]),
            "template: test:1:16: executing \"test\" at <humanizeTimestamp .>: error calling humanizeTimestamp: \
             -9.223372036854776e+18 cannot be represented as a nanoseconds timestamp since it overflows int64",
        ),
    ];
    check_humanized(cases);
    let special = floats(&[f64::INFINITY, f64::NEG_INFINITY, f64::NAN]);
    let text = "{{ range . }}{{ humanize . }}:{{ humanize1024 . }}:{{ humanizeDuration . }}:{{humanizeTimestamp .}}:{{ end }}";
    assert_eq!(
        expand(&for_rules(), text, &special),
        "+Inf:+Inf:+Inf:+Inf:-Inf:-Inf:-Inf:-Inf:NaN:NaN:NaN:NaN:"
    );
}

#[test]
fn times_and_texts() {
    check(
        &for_rules(),
        &Value::Nil,
        &[
            (
                "{{ 1435065584.128 | humanizeTimestamp }}",
                "2015-06-23 13:19:44.128 +0000 UTC",
            ),
            (
                "{{ (\"1435065584.128\" | toTime).Format \"2006\" }} {{ 1657155181 | toTime }}",
                "2015 2022-07-07 00:53:01 +0000 UTC",
            ),
            ("{{ now }} {{ (now | toTime).Year }}", "1.435065584128e+09 2015"),
            (
                "{{ 90.5 | toDuration }} {{ printf \"%0.2f\" (parseDuration \"1h2m10ms\") }}",
                "1m30.5s 3720.01",
            ),
            (
                "{{ \"one\" | humanize }}",
                "template: test:1:11: executing \"test\" at <humanize>: error calling humanize: strconv.ParseFloat: parsing \"one\": invalid syntax",
            ),
            (
                "{{ humanize nil }}",
                "template: test:1:3: executing \"test\" at <humanize nil>: error calling humanize: can't convert <nil> to float",
            ),
            (
                "{{ toTime \"NaN\" }}",
                "template: test:1:3: executing \"test\" at <toTime \"NaN\">: error calling toTime: value is NaN or Inf",
            ),
            (
                "{{ \"aa bb CC\" | title }} {{ \"don't a.b x-y_z\" | title }}",
                "Aa Bb CC Don't A.b X-Y_z",
            ),
            (
                "{{ \"aa bb CC\" | toUpper }} {{ \"aA bB CC\" | toLower }}",
                "AA BB CC aa bb cc",
            ),
            ("{{ match \"a+\" \"aa\" }} {{ match \"a+\" \"b\" }}", "true false"),
            (
                "{{ reReplaceAll \"(a)b\" \"x$1\" \"ab\" }} {{ \"node-1\" | reReplaceAll \"-.*\" \"\" }}",
                "xa node",
            ),
            (
                "{{ graphLink \"up\" }} {{ tableLink \"up{a=\\\"b c\\\"}\" }}",
                "/graph?g0.expr=up&g0.tab=0 /graph?g0.expr=up%7Ba%3D%22b+c%22%7D&g0.tab=1",
            ),
            (
                "{{ pathPrefix }} {{ externalURL }} {{ urlQueryEscape \"a b\" }} {{ \"<b>\" | safeHtml }}",
                "/path/prefix http://testhost:9090/path/prefix a+b <b>",
            ),
            ("{{ nope }}", "template: test:1: function \"nope\" not defined"),
        ],
    );
}

#[test]
fn addresses() {
    let addresses = [
        ("foo.example.com", "foo.example.com", "foo"),
        ("foo.example.com:12345", "foo.example.com", "foo:12345"),
        ("192.0.2.1", "192.0.2.1", "192.0.2.1"),
        ("192.0.2.1:12345", "192.0.2.1", "192.0.2.1:12345"),
        ("2001:0DB8::1", "2001:0DB8::1", "2001:0DB8::1"),
        ("[2001:0DB8::1]:12345", "2001:0DB8::1", "[2001:0DB8::1]:12345"),
        (
            "[2001:0DB8::1]::12345",
            "[2001:0DB8::1]::12345",
            "[2001:0DB8::1]::12345",
        ),
    ];
    for (address, port, domain) in addresses {
        let text = format!("{{{{ {address:?} | stripPort }}}} {{{{ {address:?} | stripDomain }}}}");
        assert_eq!(
            expand(&for_rules(), &text, &Value::Nil),
            format!("{port} {domain}")
        );
    }
}

#[test]
fn an_alert() {
    let labels = Labels::from_pairs([("instance", "web-1:9100"), ("job", "node")]);
    let external = Labels::from_pairs([("region", "eu")]);
    let data = prometheus::alert_data(&labels, &external, "http://h/", 8_838_815.0);
    let functions = for_rules();
    let cases = [
        (
            "{{ $labels.instance }} of job {{ $labels.job }} is down",
            "web-1:9100 of job node is down",
        ),
        (
            "{{ $value }} {{ $value | humanize }} {{ printf \"%.1f\" $value }} {{ .Value }}",
            "8.838815e+06 8.839M 8838815.0 8.838815e+06",
        ),
        (
            "{{ $labels.missing }}|{{ .Labels.job }} {{ $externalLabels.region }} {{ $externalURL }}",
            "|node eu http://h/",
        ),
        ("{{ if gt $value 80.0 }}high{{ end }}", "high"),
        (
            "{{ .Nope }}",
            "template: __alert_Down:1:115: executing \"__alert_Down\" at <.Nope>: can't evaluate field Nope in type template.AlertTemplateData",
        ),
    ];
    for (text, expected) in cases {
        let got = prometheus::parse("__alert_Down", text, &prometheus::functions_for_check())
            .and_then(|templates| templates.execute("__alert_Down", &data, &functions))
            .unwrap_or_else(|error| error.to_string());
        assert_eq!(got, expected, "{text}");
    }
}

fn notification() -> Value {
    let time = |ms| Time::from_unix_ms(ms).expect("valid");
    let pairs = |pairs: &[(&str, &str)]| {
        pairs
            .iter()
            .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()))
            .collect()
    };
    let alert = |resolved: bool, instance: &str| AlertData {
        resolved,
        labels: pairs(&[("instance", instance), ("alertname", "Down"), ("job", "node")]),
        annotations: pairs(&[("summary", "it is down")]),
        starts_at: time(1_435_065_584_128),
        ends_at: if resolved {
            time(1_435_065_600_000)
        } else {
            Time::zero()
        },
        generator_url: "http://p/graph".to_owned(),
        fingerprint: "0123456789abcdef".to_owned(),
    };
    NotificationData {
        receiver: "team-X".to_owned(),
        alerts: vec![alert(false, "a"), alert(true, "b")],
        group_labels: pairs(&[("alertname", "Down")]),
        common_labels: pairs(&[("job", "node"), ("alertname", "Down")]),
        common_annotations: pairs(&[("summary", "it is down")]),
        route_labels: pairs(&[("team", "x")]),
        external_url: "http://am".to_owned(),
        notification_reason: "none".to_owned(),
    }
    .to_value()
}

#[test]
fn notifications() {
    let functions = alertmanager::functions(1_435_065_644_128);
    check(
        &functions,
        &notification(),
        &[
            (
                "[{{ .Status | toUpper }}{{ if eq .Status \"firing\" }}:{{ .Alerts.Firing | len }}{{ end }}] \
             {{ .GroupLabels.SortedPairs.Values | join \" \" }} \
             {{ if gt (len .CommonLabels) (len .GroupLabels) }}({{ with .CommonLabels.Remove .GroupLabels.Names }}\
             {{ .Values | join \" \" }}{{ end }}){{ end }}",
                "[FIRING:1] Down (node)",
            ),
            (
                "{{ range .Alerts }}Labels:\n{{ range .Labels.SortedPairs }} - {{ .Name }} = {{ .Value }}\n{{ end }}{{ end }}",
                "Labels:\n - alertname = Down\n - instance = a\n - job = node\nLabels:\n - alertname = Down\n - instance = b\n - job = node\n",
            ),
            (
                "{{ .CommonLabels }} | {{ .CommonLabels.Names }} | {{ .CommonLabels.SortedPairs }}",
                "alertname=Down, job=node | [alertname job] | alertname=Down, job=node",
            ),
            (
                "{{ .CommonLabels.alertname }} {{ .CommonLabels.nope }}| {{ len .Alerts.Resolved }} {{ .Receiver }} {{ .ExternalURL }}/#/alerts",
                "Down | 1 team-X http://am/#/alerts",
            ),
            (
                "{{ (index .Alerts 0).Labels.instance }} {{ (index .Alerts.Resolved 0).EndsAt.Unix }}",
                "a 1435065600",
            ),
            (
                "{{ with index .Alerts 0 }}{{ .StartsAt | tz \"Europe/Berlin\" | date \"15:04:05 MST\" }} {{ since .StartsAt }} {{ since .StartsAt | humanizeDuration }}{{ end }}",
                "15:19:44 CEST 1m0s 1m 0s",
            ),
            (
                "{{ range .Alerts }}{{ .EndsAt.IsZero }} {{ end }}{{ now.Year }}",
                "true false 2015",
            ),
            ("{{ .RouteLabels.team }} {{ .NotificationReason }}", "x none"),
            (
                "{{ .Alerts.Nope }}",
                "template: test:1:10: executing \"test\" at <.Alerts.Nope>: can't evaluate field Nope in type template.Alerts",
            ),
            (
                "{{ toJson .CommonLabels }} {{ toJson (index .Alerts 1).StartsAt }}",
                "{\"alertname\":\"Down\",\"job\":\"node\"} \"2015-06-23T13:19:44.128Z\"",
            ),
            (
                "{{ toJson (index .Alerts 0) }}",
                "{\"status\":\"firing\",\"labels\":{\"alertname\":\"Down\",\"instance\":\"a\",\"job\":\"node\"},\"annotations\":{\"summary\":\"it is down\"},\"startsAt\":\"2015-06-23T13:19:44.128Z\",\"endsAt\":\"0001-01-01T00:00:00Z\",\"generatorURL\":\"http://p/graph\",\"fingerprint\":\"0123456789abcdef\"}",
            ),
        ],
    );
}

#[test]
fn alertmanager_functions() {
    let functions = alertmanager::functions(0);
    check(
        &functions,
        &Value::Nil,
        &[
            (
                "{{ title \"aa BB\" }} {{ trimSpace \" x \\n\" }}| {{ join \"-\" (stringSlice \"a\" \"b\") }}",
                "Aa Bb x| a-b",
            ),
            (
                "{{ stringSlice \"a\" 1 }}",
                "template: test:1:3: executing \"test\" at <stringSlice \"a\" 1>: wrong type for value; expected string; got int",
            ),
            (
                "{{ safeUrl \"a?b\" }} {{ urlUnescape \"a+b%20%C3%A9\" }} {{ base64encode \"a?\" }} {{ base64decode \"YT8=\" }}",
                "a?b a b é YT8= a?",
            ),
            (
                "{{ urlUnescape \"%zz\" }}",
                "template: test:1:3: executing \"test\" at <urlUnescape \"%zz\">: error calling urlUnescape: invalid URL escape \"%zz\"",
            ),
            (
                "{{ $l := list 1 \"x\" }}{{ append $l 2 }} {{ len $l }} {{ (dict \"a\" 1 \"b\" \"c\").b }}",
                "[1 x 2] 2 c",
            ),
            (
                "{{ toJson (list 1 1.5 \"a<b\" true nil) }} {{ toJson (dict \"k\" (list)) }}",
                "[1,1.5,\"a\\u003cb\",true,null] {\"k\":[]}",
            ),
            (
                "{{ (toDate \"2006-01-02\" \"2015-06-23\").Unix }} {{ (toDate \"2006\" \"x\").IsZero }}",
                "1435017600 true",
            ),
            (
                "{{ mustToDate \"2006\" \"x\" }}",
                "template: test:1:3: executing \"test\" at <mustToDate \"2006\" \"x\">: error calling mustToDate: parsing time \"x\" as \"2006\": cannot parse \"x\"",
            ),
            (
                "{{ now | tz \"Nowhere/City\" }}",
                "template: test:1:9: executing \"test\" at <tz \"Nowhere/City\">: error calling tz: unknown time zone Nowhere/City",
            ),
            (
                "{{ match \"^a\" \"abc\" }} {{ reReplaceAll \"b+\" \"x\" \"abbc\" }} {{ humanizeDuration 3661 }}",
                "true axc 1h 1m 1s",
            ),
        ],
    );
    let broken = expand(&functions, "{{ match \"(\" \"abc\" }}", &Value::Nil);
    assert!(
        broken.ends_with("error calling match: error parsing regexp: missing closing ): `(`"),
        "{broken}"
    );
    let broken = expand(&functions, "{{ reReplaceAll \"[\" \"\" \"\" }}", &Value::Nil);
    assert!(
        broken.ends_with(
            "error calling reReplaceAll: regexp: Compile(`[`): error parsing regexp: missing closing ]: `[`"
        ),
        "{broken}"
    );
}

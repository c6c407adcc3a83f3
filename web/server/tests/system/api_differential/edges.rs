//! Requests about what parameters may be: odd times, durations and limits, and every kind of expression.

use super::requests::{Maker, Method};

/// Texts for a time.
const TIMES: &[&str] = &[
    "1e3",
    "+5",
    "0x10",
    "Inf",
    "-Inf",
    "1_000",
    " 5",
    "5 ",
    "1.",
    ".5",
    "1e-3",
    "9223372036854775807",
    "1435781430.7815",
    "2026-01-01T00:00:00+02:00",
    "2026-01-01T00:00:00.123456789Z",
    "2026-01-01T00:00:00",
    "2026-01-01 00:00:00Z",
    "2026-02-30T00:00:00Z",
    "-292273086-05-16T16:47:06Z",
    "292277025-08-18T07:12:54.999999999Z",
];
/// Texts for a duration.
const DURATIONS: &[&str] = &[
    "-1s",
    "1e400",
    "NaN",
    "Inf",
    "1d",
    "1h30m",
    "1m1h",
    "5x",
    "1.5s",
    "1_0",
    "+3",
    "9223372037",
    "292y",
    "300y",
];
/// An expression of every kind, plain and modified.
const EXPRESSIONS: &[&str] = &[
    "up",
    "up{job=\"a\", code!=\"b\", x=~\"c.*\", y!~\"d\"}",
    "{__name__=\"up\"}",
    "{\"name.with.dots\", \"label.with.dots\"=\"x\"}",
    "up offset 5m",
    "up offset -1h30m",
    "up @ 1435781430.781",
    "up @ start()",
    "up @ end() offset 1m",
    "up[5m]",
    "up{a=\"b\"}[1h30m] @ 5 offset 2m",
    "rate(up[5m])",
    "up[1h:5m]",
    "up[1h:]",
    "rate(up[5m])[1h:1m] @ end() offset -5m",
    "-up",
    "+up",
    "-(1)",
    "(up)",
    "((up + 1))",
    "1",
    "1.50",
    "0x1F",
    "1e9",
    "-1e-9",
    "Inf",
    "-Inf",
    "NaN",
    "5m",
    "\"text\"",
    "'text \\' \"'",
    "`raw \\n text`",
    "up + 1",
    "up == bool 1",
    "up and on (job) down",
    "up or ignoring (job, instance) down",
    "up unless down",
    "up / on (job) group_left (team) down",
    "up * ignoring (x) group_right () down",
    "a ^ b ^ c",
    "a atan2 b",
    "a % b != c",
    "sum(up)",
    "sum by (job) (up)",
    "sum without (job, instance) (up)",
    "avg by () (up)",
    "topk(3, up)",
    "quantile by (job) (0.9, up)",
    "count_values(\"version\", build)",
    "group(up)",
    "limitk(2, up)",
    "time()",
    "vector(1)",
    "scalar(up)",
    "label_replace(up, \"a\", \"$1\", \"b\", \"(.*)\")",
    "label_join(up, \"a\", \"-\", \"b\", \"c\")",
    "histogram_quantile(0.9, sum by (le) (rate(latency_seconds_bucket[5m])))",
    "round(up, 5)",
    "hour()",
    "day_of_month(up)",
    "absent(up{job=\"x\"})",
    "sort_by_label(up, \"job\", \"instance\")",
    "histogram_fraction(0, 1, rate(h[5m]))",
    "info(up, {k8s=\"x\"})",
    "# a comment\nup",
    // What is wrong with them.
    "up[5m:1m]:",
    "up @ foo",
    "up offset up",
    "sum by job (up)",
    "sum(up) by (job) by (x)",
    "up{job}",
    "up{=\"x\"}",
    "up{job=~\"(\"}",
    "up{job!~\"a)b\"}",
    "up{job=~\"[a\"}",
    "up{job=~\"[b-a]\"}",
    "up{job=~\"a**\"}",
    "up{job=~\"*\"}",
    "up{job=~\"a{1001}\"}",
    "up{job=~\"(?=a)\"}",
    "up{job=~\"(?P<a-b>c)\"}",
    "up{job=~\"\\\\q\"}",
    "up{job=~\"\\\\\"}",
    "up{job=~\"\\\\p{Foo}\"}",
    "up{job=~\".\\xff\"}",
    "foo(up)",
    "rate()",
    "time(1)",
    "1 and 2",
    "up == on (a) bool 1",
    "up + group_left (x) down",
    "up[0s]",
    "up[5m] offset 1m[3m]",
    "\"a\" == \"b\"",
    "label_replace(up, 1)",
    "{}",
    "{__name__=\"\"}",
    "up{__name__=\"x\"}",
    "$",
    "up]",
    "1..2",
    "'unterminated",
    "\"bad \\q escape\"",
    "sum(rate(up))",
    "topk(up)",
    "count_values(up, up)",
    "by",
    "()",
];

pub(super) fn add(maker: &mut Maker) {
    for time in TIMES {
        maker.get("query", &[("query", "time()"), ("time", time)]);
        maker.get("series", &[("match[]", "up"), ("start", time), ("end", "END")]);
        let range = [("query", "1"), ("start", time), ("end", time), ("step", "1")];
        maker.get("query_range", &range);
    }
    for duration in DURATIONS {
        // A time-out that is no time ends a query before it is asked: what Prometheus says of that depends on chance.
        let names = ["timeout", "lookback_delta"].into_iter();
        for name in names.filter(|name| (*name, *duration) != ("timeout", "NaN")) {
            maker.get("query", &[("query", "1"), ("time", "END"), (name, duration)]);
        }
        let range = [
            ("query", "time()"),
            ("start", "END"),
            ("end", "END"),
            ("step", duration),
        ];
        maker.get("query_range", &range);
    }
    for limit in ["1", "x", "-1", "1.5", " 1", "+1"] {
        let times = [("start", "START"), ("end", "END"), ("step", "300")];
        let range = [&[("query", "up"), ("limit", limit)][..], &times].concat();
        maker.get("query_range", &range);
        maker.get("labels", &[("limit", limit), ("match[]", "up")]);
    }
    for expression in EXPRESSIONS {
        maker.get("format_query", &[("query", expression)]);
        maker.get("parse_query", &[("query", expression)]);
    }
    rest(maker);
}

fn rest(maker: &mut Maker) {
    for (path, parameters) in [
        ("query_exemplars", &[][..]),
        ("query_exemplars", &[("query", "up"), ("start", "x")]),
        ("query_exemplars", &[("query", "up"), ("end", "x")]),
        ("query_exemplars", &[("query", "sum(rate(up[5m])) + vector(1)")]),
        ("metadata", &[("limit", "-1")]),
        ("metadata", &[("limit_per_metric", "x")]),
        ("metadata", &[("limit", "1.5")]),
        ("targets/metadata", &[("limit", "x")]),
        ("targets/metadata", &[("match_target", "x{")]),
        (
            "targets/metadata",
            &[("match_target", "{job=\"a\"}"), ("metric", "up")],
        ),
        ("targets", &[("state", "dropped")]),
        ("targets", &[("state", "nothing")]),
        ("targets", &[("scrapePool", "nothing")]),
        ("status/tsdb", &[("limit", "0")]),
        ("status/tsdb", &[("limit", "x")]),
        ("status/tsdb", &[("limit", "-5")]),
        ("rules", &[("group_limit", "x")]),
        ("rules", &[("group_limit", "-1")]),
        ("rules", &[("group_next_token", "x")]),
        ("rules", &[("group_limit", "1"), ("group_next_token", "x")]),
        ("rules", &[("exclude_alerts", "x")]),
        ("rules", &[("exclude_alerts", "true")]),
        ("rules", &[("match[]", "{")]),
        (
            "rules",
            &[
                ("type", "alert"),
                ("rule_name[]", "x"),
                ("rule_group[]", "y"),
                ("file[]", "z"),
            ],
        ),
        ("label/bad-name/values", &[]),
        ("label/1st/values", &[]),
        ("label/%F0%9F%98%80/values", &[]),
        (
            "label/job/values",
            &[("match[]", "up"), ("start", "END"), ("end", "START")],
        ),
        ("labels", &[("start", "END"), ("end", "START")]),
        ("series", &[("match[]", "up"), ("start", "END"), ("end", "START")]),
        ("series", &[("match[]", "")]),
        ("series", &[("match[]", "up"), ("match[]", "{")]),
    ] {
        maker.get(path, parameters);
    }
    for (method, path, parameters) in [
        (Method::Form, "/api/v1/query", &[][..]),
        (Method::Form, "/api/v1/query_range", &[("query", "1")]),
        (Method::Form, "/api/v1/parse_query", &[("query", "1 +")]),
        (Method::Form, "/api/v1/query_exemplars", &[("query", "up{")]),
        (Method::Form, "/api/v1/admin/tsdb/delete_series", &[]),
        (
            Method::Form,
            "/api/v1/admin/tsdb/delete_series",
            &[("match[]", "x{")],
        ),
        (
            Method::Form,
            "/api/v1/admin/tsdb/delete_series",
            &[("match[]", "nothing"), ("start", "x")],
        ),
        (
            Method::Put,
            "/api/v1/admin/tsdb/delete_series",
            &[("match[]", "nothing")],
        ),
        (Method::Form, "/api/v1/admin/tsdb/snapshot", &[("skip_head", "x")]),
        (Method::Get, "/api/v1/admin/tsdb/snapshot", &[]),
        (Method::Put, "/api/v1/labels", &[]),
        (Method::Form, "/api/v1/targets", &[]),
        (Method::Options, "/api/v1/nothing", &[]),
        (Method::Get, "/api/v1/write", &[]),
        (Method::Get, "/api/v1/read", &[]),
        (Method::Get, "/federate", &[("match[]", "{}")]),
        (
            Method::Get,
            "/federate",
            &[("match[]", "temperature"), ("match[]", "temperature")],
        ),
        (Method::Get, "/federate", &[("match[]", "nothing")]),
        (Method::Form, "/federate", &[("match[]", "up")]),
        (Method::Get, "/-/reload", &[]),
        (Method::Get, "/-/quit", &[]),
    ] {
        maker.add(method, path, parameters);
    }
}

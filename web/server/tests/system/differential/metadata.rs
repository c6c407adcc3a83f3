//! Questions to the endpoints beside queries, and requests that both servers must refuse alike.

use super::question::{Question, Times, seconds};

/// All of them. Ranges cover the data: Prometheus answers by chunks, which end later than their samples.
pub(super) fn questions(times: Times) -> Vec<Question> {
    let (start, end) = (seconds(times.start_ms() - 60_000), seconds(times.end_ms + 60_000));
    let range = [("start", start.as_str()), ("end", end.as_str())];
    let mut questions = Vec::new();
    let mut add = |path: &str, fields: &[(&str, &str)]| {
        let fields: Vec<_> = range.iter().chain(fields).copied().collect();
        questions.push(Question::new(path, &fields));
    };
    let matchers = [
        "queue_length",
        "{job=\"api\"}",
        "{__name__=~\"twin_.|sparse\"}",
        "{job!=\"\",kind=~\".+\"}",
        "nothing",
        "{\"niveau.d'eau\"}",
        "{le=\"+Inf\"}",
        "{__name__!=\"queue_length\",instance=\"a:1\"}",
        // Refused.
        "{}",
        "{job=~\".*\"}",
        "queue_length[5m]",
        "sum(queue_length)",
        "queue_length{",
    ];
    let names = [
        "__name__",
        "job",
        "instance",
        "kind",
        "le",
        "nowhere",
        "rivière",
        "U__rivi_e8_re",
    ];
    add("labels", &[]);
    add("series", &[]);
    for name in names {
        add(&format!("label/{name}/values"), &[]);
    }
    for matcher in matchers {
        add("labels", &[("match[]", matcher)]);
        add("series", &[("match[]", matcher)]);
        add("label/job/values", &[("match[]", matcher)]);
        add("series", &[("match[]", matcher), ("match[]", "capacity")]);
    }
    add("labels", &[("match[]", "queue_length"), ("limit", "2")]);
    add("labels", &[("limit", "-1")]);
    add("labels", &[("limit", "x")]);
    add("label/job/values", &[("limit", "0")]);
    questions.extend(refused(&start, &end));
    questions
}

/// Requests that lack something or have it wrong.
fn refused(start: &str, end: &str) -> Vec<Question> {
    let with = |path: &str, fields: &[(&str, &str)]| Question::new(path, fields);
    let range = |start: &str, end: &str, step: &str| {
        let fields = [
            ("query", "queue_length"),
            ("start", start),
            ("end", end),
            ("step", step),
        ];
        Question::new("query_range", &fields)
    };
    vec![
        with("query", &[]),
        with("query", &[("query", "")]),
        with("query", &[("query", "queue_length"), ("time", "yesterday")]),
        with("query", &[("query", "1"), ("time", "2024-02-30T00:00:00Z")]),
        with(
            "query",
            &[("query", "1"), ("time", "2024-02-29T12:00:00.5+01:00")],
        ),
        with("query", &[("query", "1"), ("time", "1e9")]),
        with("query", &[("query", "1"), ("time", "1"), ("timeout", "soon")]),
        with("query", &[("query", "1"), ("time", "1"), ("timeout", "10s")]),
        with("query", &[("query", "1"), ("time", "1"), ("limit", "-1")]),
        with(
            "query",
            &[("query", "vector(1)"), ("time", "1"), ("lookback_delta", "x")],
        ),
        with("query_range", &[("query", "1")]),
        range(start, end, "0"),
        range(start, end, "-1"),
        range(start, end, "x"),
        range(start, end, "1s"),
        range(start, end, "1m30s"),
        range(start, end, "0.5"),
        range(end, start, "15"),
        range("x", end, "15"),
        range(start, "x", "15"),
        range(start, start, "15"),
        with("label/0bad-name/values", &[]),
        with("labels", &[("start", "x")]),
        with("series", &[("match[]", "queue_length"), ("end", "x")]),
        with(
            "series",
            &[("match[]", "queue_length"), ("start", end), ("end", start)],
        ),
        with("labels", &[("start", end), ("end", start)]),
    ]
}

//! Answers that differ on purpose, and why.

use anyhow::{Result, ensure};

use super::requests::Asked;

/// Requests by their names, each with a reason.
const DELIBERATE: &[(&str, &str)] = &[
    ("Get /api/v1/query?query=up offset&time=END", DURATION_WORDS),
    (
        "Get /api/v1/query_range?query=sort(temperature)&start=START&end=END&step=60",
        "newer versions of Prometheus warn that a range is not sorted",
    ),
    (
        "Get /api/v1/query?query=up * on (instance) group_left (code) http_requests_total&time=END",
        TWO_SERIES,
    ),
    (
        "Get /api/v1/query?query=up * on (job) temperature&time=END",
        TWO_SERIES,
    ),
    (
        "Get /api/v1/query_range?query=up * on (job) temperature&start=START&end=END&step=60",
        TWO_SERIES,
    ),
    (
        "Get /api/v1/query?query=1&time=NaN",
        "a time that is no number has no meaning; Prometheus makes the oldest of its times of it",
    ),
    ("Get /api/v1/query?query=time()&time=Inf", NO_TIME),
    ("Get /api/v1/series?match[]=up&start=Inf&end=END", NO_TIME),
    (
        "Get /api/v1/query_range?query=1&start=Inf&end=Inf&step=1",
        NO_TIME,
    ),
    ("Get /api/v1/query?query=time()&time=-Inf", NO_TIME),
    ("Get /api/v1/series?match[]=up&start=-Inf&end=END", NO_TIME),
    (
        "Get /api/v1/query_range?query=1&start=-Inf&end=-Inf&step=1",
        NO_TIME,
    ),
    ("Get /api/v1/query?query=time()&time=9223372036854775807", NO_TIME),
    (
        "Get /api/v1/series?match[]=up&start=9223372036854775807&end=END",
        NO_TIME,
    ),
    (
        "Get /api/v1/query_range?query=1&start=9223372036854775807&end=9223372036854775807&step=1",
        NO_TIME,
    ),
    (
        "Get /api/v1/query?query=time()&time=-292273086-05-16T16:47:06Z",
        ENDS_OF_TIME,
    ),
    (
        "Get /api/v1/query_range?query=1&start=-292273086-05-16T16:47:06Z&end=-292273086-05-16T16:47:06Z&step=1",
        ENDS_OF_TIME,
    ),
    (
        "Get /api/v1/query?query=time()&time=292277025-08-18T07:12:54.999999999Z",
        ENDS_OF_TIME,
    ),
    (
        "Get /api/v1/query_range?query=1&start=292277025-08-18T07:12:54.999999999Z&end=292277025-08-18T07:12:54.999999999Z&step=1",
        ENDS_OF_TIME,
    ),
    ("Get /api/v1/format_query?query=up offset up", DURATION_WORDS),
    ("Get /api/v1/parse_query?query=up offset up", DURATION_WORDS),
    (
        "Get /api/v1/format_query?query=up{job=~\".\\xff\"}",
        "the same text: Go escapes the sign for bytes that are no character, which JSON leaves open",
    ),
    ("Get /api/v1/label/__name__/values?limit=2", FIRST),
    ("Get /api/v1/series?match[]={__name__=~\".+\"}&limit=3", FIRST),
];

/// Times that no sample can have.
const NO_TIME: &str =
    "a time beyond all samples is refused; Prometheus takes it for one that its numbers wrap around to";
/// The texts of the first and the last time.
const ENDS_OF_TIME: &str = "the ends of time print as what they are; Prometheus's numbers wrap around";
/// What may stand in a duration.
const DURATION_WORDS: &str = "newer versions of Prometheus name all that may stand in a duration";
/// The error about two series of one match group.
const TWO_SERIES: &str =
    "newer versions of Prometheus name the two series in the order of their texts, not of chance";
/// The limit of names and series.
const FIRST: &str =
    "a limit keeps the first in alphabetical order; Prometheus keeps those that it stored first";

/// Why the answers to a request differ, if they should.
pub(super) fn reason(name: &str) -> Option<&'static str> {
    let found = DELIBERATE.iter().find(|(request, _)| *request == name);
    found.map(|(_, reason)| *reason)
}

/// Every difference is about a request.
pub(super) fn all_asked(requests: &[Asked]) -> Result<()> {
    for (name, _) in DELIBERATE {
        ensure!(
            requests.iter().any(|asked| asked.name() == *name),
            "{name} is not asked"
        );
    }
    Ok(())
}

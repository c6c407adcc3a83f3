//! Answers that differ on purpose, and why.

use anyhow::{Result, ensure};

use super::requests::Asked;

/// Requests by their names, each with a reason.
const DELIBERATE: &[(&str, &str)] = &[
    (
        "Get /api/v1/parse_query?query=up",
        "newer versions of Prometheus tell more of a selector: edges and expressions of durations",
    ),
    (
        "Get /api/v1/query?query=up offset&time=END",
        "newer versions of Prometheus name all that may stand in a duration",
    ),
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
    ("Get /api/v1/label/__name__/values?limit=2", FIRST),
    ("Get /api/v1/series?match[]={__name__=~\".+\"}&limit=3", FIRST),
];

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

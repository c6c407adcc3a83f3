//! Searches over HTTP: lines, orders, limits, and what is refused.

use std::sync::Arc;

use connectors_peers::remote_write::PushedMetadata;

use super::*;
use crate::testing::{Requests, START_MS, filled_gate};

async fn requests_to(is_on: bool, limit_max: usize) -> (Requests, tempfile::TempDir) {
    let (gate, folder) = filled_gate().await;
    let metadata = MetadataState::new(Arc::default(), Arc::new(PushedMetadata::default()));
    let state = SearchState::new(SeriesState::new(gate), metadata, is_on, limit_max);
    (Requests(search_routes(state)), folder)
}

fn range() -> String {
    format!("start={}&end={}", START_MS / 1000, START_MS / 1000 + 600)
}

#[tokio::test]
async fn names_and_values() {
    let (requests, _folder) = requests_to(true, 10_000).await;
    let end = "{\"status\":\"success\",\"has_more\":false}\n";
    for (path, results) in [
        (
            "metric_names?",
            r#"{"name":"odd"},{"name":"total"},{"name":"up"}"#,
        ),
        ("metric_names?search[]=t", r#"{"name":"total"}"#),
        (
            "metric_names?search[]=UP&case_sensitive=false&include_score=true",
            r#"{"name":"up","score":1}"#,
        ),
        ("metric_names?search[]=UP", ""),
        ("metric_names?search[]=zz&search[]=od", r#"{"name":"odd"}"#),
        (
            "metric_names?search[]=p&search[]=to&sort_by=score&include_score=1",
            r#"{"name":"total","score":1},{"name":"up","score":0.4995}"#,
        ),
        (
            "metric_names?search[]=totla&fuzz_alg=jarowinkler&fuzz_threshold=80",
            r#"{"name":"total"}"#,
        ),
        ("metric_names?search[]=totla&fuzz_alg=jarowinkler", ""),
        (
            "metric_names?match[]=up&include_metadata=true",
            r#"{"name":"up"}"#,
        ),
        (
            "label_names?match[]=up&match[]=total",
            r#"{"name":"__name__"},{"name":"i"},{"name":"job"}"#,
        ),
        ("label_names?search[]=odd", r#"{"name":"odd.name"}"#),
        (
            "label_values?label=job&sort_by=alpha&sort_dir=dsc",
            r#"{"value":"b"},{"value":"a"}"#,
        ),
        ("label_values?label=job&match[]=total", r#"{"value":"a"}"#),
        ("label_values?label=nothing", ""),
    ] {
        let path = format!("/api/v1/search/{path}&{}", range());
        let expected = format!("{{\"results\":[{results}]}}\n{end}");
        assert_eq!(requests.get(&path).await, (200, expected), "{path}");
    }
}

#[tokio::test]
async fn batches_and_limits() {
    let (requests, _folder) = requests_to(true, 2).await;
    let path = format!("/api/v1/search/metric_names?batch_size=1&{}", range());
    let expected = "{\"results\":[{\"name\":\"odd\"}]}\n{\"results\":[{\"name\":\"total\"}]}\n\
        {\"status\":\"success\",\"has_more\":true}\n";
    assert_eq!(requests.get(&path).await, (200, expected.to_owned()));
    let form = format!("limit=1&{}", range());
    let expected = "{\"results\":[{\"name\":\"odd\"}]}\n{\"status\":\"success\",\"has_more\":true}\n";
    let answer = requests.post("/api/v1/search/metric_names", &form).await;
    assert_eq!(answer, (200, expected.to_owned()));
    // Nothing of the last hour.
    let expected = "{\"results\":[]}\n{\"status\":\"success\",\"has_more\":false}\n";
    let answer = requests.get("/api/v1/search/metric_names").await;
    assert_eq!(answer, (200, expected.to_owned()));
}

/// What is wrong, and what is said of it.
const REFUSED: &[(&str, &str)] = &[
    ("label_values", r#"missing required parameter "label""#),
    (
        "metric_names?fuzz_threshold=101",
        r#"invalid fuzz_threshold "101": must be 0-100"#,
    ),
    (
        "metric_names?fuzz_alg=soundex",
        r#"unsupported fuzz_alg "soundex": must be one of [subsequence jarowinkler]"#,
    ),
    (
        "metric_names?case_sensitive=yes",
        r#"invalid case_sensitive "yes": must be boolean"#,
    ),
    (
        "metric_names?include_score=2",
        r#"invalid include_score "2": must be boolean"#,
    ),
    (
        "metric_names?include_metadata=x",
        r#"invalid include_metadata "x": must be boolean"#,
    ),
    (
        "metric_names?sort_dir=asc",
        "sort_dir is only valid when sort_by is set",
    ),
    (
        "metric_names?sort_by=score&sort_dir=asc",
        "sort_dir is not supported for sort_by=score",
    ),
    (
        "metric_names?sort_by=alpha&sort_dir=up",
        r#"invalid sort_dir "up": must be "asc" or "dsc""#,
    ),
    (
        "metric_names?sort_by=score",
        "sort_by=score requires search[] to be set",
    ),
    (
        "label_names?sort_by=size",
        r#"invalid sort_by "size" for label_names: must be "alpha" or "score""#,
    ),
    (
        "metric_names?limit=0",
        r#"invalid limit "0": must be a positive integer"#,
    ),
    (
        "metric_names?limit=51",
        "limit 51 exceeds the configured maximum (50, see --web.search.max-limit)",
    ),
    (
        "metric_names?batch_size=x",
        r#"invalid batch_size "x": must be a positive integer"#,
    ),
    (
        "metric_names?start=2&end=1",
        "end timestamp must not be before start timestamp",
    ),
    (
        "metric_names?start=x",
        r#"invalid time value for 'start': cannot parse "x" to a valid timestamp"#,
    ),
    (
        "metric_names?match[]={}",
        "match[] must contain at least one non-empty matcher",
    ),
];

#[tokio::test]
async fn what_is_refused() {
    let (requests, _folder) = requests_to(true, 50).await;
    let many = format!("metric_names?{}", "search[]=a&".repeat(33));
    let too_many = [(many.as_str(), "too many search[] terms: got 33, maximum is 32")];
    for (path, text) in REFUSED.iter().copied().chain(too_many) {
        let expected = (400, "bad_data".to_owned(), text.to_owned());
        assert_eq!(requests.error(&format!("/api/v1/search/{path}")).await, expected);
    }
    let (off, _folder) = requests_to(false, 50).await;
    let expected = (500, "unavailable".to_owned(), "search API disabled".to_owned());
    assert_eq!(off.error("/api/v1/search/label_names").await, expected);
}

//! Queries over HTTP: texts, errors and codes.

use queries_promql::EngineConfig;
use tokio::runtime::Handle;

use super::*;
use crate::testing::{Requests, START_MS, filled_gate};

async fn requests() -> (Requests, QueryState, tempfile::TempDir) {
    let (gate, folder) = filled_gate().await;
    let engine = Engine::new(EngineConfig::default(), Handle::current());
    let state = QueryState::new(Arc::new(engine), gate, QueryPlaces::new(2));
    (Requests(query_routes(state.clone())), state, folder)
}

fn seconds(after: i64) -> i64 {
    START_MS / 1000 + after
}

#[tokio::test]
async fn instants() {
    let (requests, _, _folder) = requests().await;
    let at = seconds(60);
    for (query, result) in [
        (
            "up",
            format!(
                r#"{{"resultType":"vector","result":[{{"metric":{{"__name__":"up","job":"a"}},"value":[{at},"1"]}},{{"metric":{{"__name__":"up","job":"b"}},"value":[{at},"0"]}}]}}"#
            ),
        ),
        (
            "sum(total)",
            format!(r#"{{"resultType":"vector","result":[{{"metric":{{}},"value":[{at},"180"]}}]}}"#),
        ),
        (
            "up{job=\"a\"}[30s]",
            format!(
                r#"{{"resultType":"matrix","result":[{{"metric":{{"__name__":"up","job":"a"}},"values":[[{},"1"],[{at},"1"]]}}]}}"#,
                seconds(45)
            ),
        ),
        (
            "1/0",
            format!(r#"{{"resultType":"scalar","result":[{at},"+Inf"]}}"#),
        ),
        (
            "\"a\"",
            format!(r#"{{"resultType":"string","result":[{at},"a"]}}"#),
        ),
        ("nothing", r#"{"resultType":"vector","result":[]}"#.to_owned()),
    ] {
        let expected = (200, format!(r#"{{"status":"success","data":{result}}}"#));
        let path = format!("/api/v1/query?time={at}&query={query}");
        assert_eq!(requests.get(&path).await, expected, "{query}");
    }
    let form = format!("query=up&time={at}.5&limit=1");
    let (_, body) = requests.post("/api/v1/query", &form).await;
    let expected = format!(
        r#"{{"status":"success","data":{{"resultType":"vector","result":[{{"metric":{{"__name__":"up","job":"a"}},"value":[{at}.500,"1"]}}]}},"warnings":["results truncated due to limit"]}}"#
    );
    assert_eq!(body, expected);
}

#[tokio::test]
async fn options_of_a_query() {
    let (requests, _, _folder) = requests().await;
    let late = seconds(600 + 120);
    for (options, count) in [
        ("", 2),
        ("&lookback_delta=60", 0),
        ("&lookback_delta=1m", 0),
        ("&lookback_delta=0", 2),
    ] {
        let path = format!("/api/v1/query?query=up&time={late}{options}");
        let result = requests.json(&path).await["data"]["result"].clone();
        assert_eq!(result.as_array().map(Vec::len), Some(count), "{options}");
    }
    let statistics = requests.json("/api/v1/query?query=up&stats=yes").await;
    assert_eq!(
        statistics["warnings"][0],
        "value \"yes\" for parameter \"stats\" is deprecated and will be rejected in the next major release, use \"true\" or \"all\""
    );
    assert!(statistics["data"]["stats"]["timings"]["execTotalTime"].as_f64() > Some(0.0));
    assert!(statistics["data"].get("explain").is_none());
    let path = format!(
        "/api/v1/query?query=sum(total)&time={}&explain=true&stats=all",
        seconds(60)
    );
    let explained = requests.json(&path).await;
    assert!(
        explained["data"]["stats"]["samples"]["peakSamples"].as_u64() >= Some(2),
        "{explained}"
    );
    let plan = &explained["data"]["explain"]["plan"];
    assert_eq!(plan["operation"], "Aggregate", "{plan}");
    let scan = &plan["inputs"][0]["inputs"][0];
    assert_eq!(scan["operation"], "SeriesScan", "{plan}");
    assert_eq!(
        (&scan["rows"], &scan["segments_touched"]),
        (&2.into(), &0.into()),
        "{plan}"
    );
    assert!(
        scan["bytes"].as_u64() > Some(0) && scan["time"].as_f64() > Some(0.0),
        "{plan}"
    );
    let counter = requests
        .json(&format!("/api/v1/query?query=rate(up[5m])&time={}", seconds(300)))
        .await;
    let info = counter["infos"][0].as_str().unwrap_or_default();
    assert!(
        info.starts_with("PromQL info: metric might not be a counter"),
        "{counter}"
    );
}

#[tokio::test]
async fn ranges() {
    let (requests, _, _folder) = requests().await;
    let (start, end) = (seconds(0), seconds(30));
    let path = format!("/api/v1/query_range?query=total{{i=\"1\"}}&start={start}&end={end}&step=15s");
    let expected = format!(
        r#"{{"status":"success","data":{{"resultType":"matrix","result":[{{"metric":{{"__name__":"total","i":"1","job":"a"}},"values":[[{start},"0"],[{},"30"],[{end},"60"]]}}]}}}}"#,
        seconds(15)
    );
    assert_eq!(requests.get(&path).await, (200, expected));
    let scalar = format!("/api/v1/query_range?query=2&start={start}&end={start}&step=1");
    let expected = format!(
        r#"{{"status":"success","data":{{"resultType":"matrix","result":[{{"metric":{{}},"values":[[{start},"2"]]}}]}}}}"#
    );
    assert_eq!(requests.get(&scalar).await, (200, expected));
    let most = "/api/v1/query_range?query=2&start=0&end=11000&step=1";
    assert_eq!(requests.get(most).await.0, 200);
}

#[tokio::test]
async fn what_is_refused() {
    let (requests, _, _folder) = requests().await;
    let bad = |text: &str| (400, "bad_data".to_owned(), text.to_owned());
    for (path, expected) in [
        (
            "query?query=up{",
            bad(r#"invalid parameter "query": 1:4: parse error: unexpected end of input inside braces"#),
        ),
        (
            "query?query=",
            bad(r#"invalid parameter "query": unknown position: parse error: no expression found in input"#),
        ),
        (
            "query?query=1&time=x",
            bad(
                r#"invalid parameter "time": invalid time value for 'time': cannot parse "x" to a valid timestamp"#,
            ),
        ),
        (
            "query?query=1&timeout=x",
            bad(r#"invalid parameter "timeout": cannot parse "x" to a valid duration"#),
        ),
        (
            "query?query=1&lookback_delta=x",
            bad(r#"error parsing lookback delta duration: cannot parse "x" to a valid duration"#),
        ),
        (
            "query_range?query=1",
            bad(r#"invalid parameter "start": cannot parse "" to a valid timestamp"#),
        ),
        (
            "query_range?query=1&start=2&end=1&step=1",
            bad(r#"invalid parameter "end": end timestamp must not be before start time"#),
        ),
        (
            "query_range?query=1&start=1&end=2&step=0",
            bad(
                r#"invalid parameter "step": zero or negative query resolution step widths are not accepted. Try a positive integer"#,
            ),
        ),
        (
            "query_range?query=1&start=0&end=11001&step=1",
            bad(
                "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)",
            ),
        ),
        (
            "query_range?query=up[1m]&start=1&end=2&step=1",
            bad(
                r#"invalid parameter "query": invalid expression type "range vector" for range query, must be Scalar or instant Vector"#,
            ),
        ),
    ] {
        assert_eq!(
            requests.error(&format!("/api/v1/{path}")).await,
            expected,
            "{path}"
        );
    }
    let execution = format!(
        "/api/v1/query?query=label_replace(up,\"job\",\"\",\"job\",\".*\")&time={}",
        seconds(60)
    );
    let same = "vector cannot contain metrics with the same labelset";
    assert_eq!(
        requests.error(&execution).await,
        (422, "execution".to_owned(), same.to_owned())
    );
    let late = requests.error("/api/v1/query?query=up&timeout=0").await;
    assert_eq!((late.0, late.1.as_str()), (503, "timeout"), "{late:?}");
}

#[tokio::test]
async fn queries_wait_for_a_place_and_are_counted() {
    let (requests, state, _folder) = requests().await;
    let forever = Duration::from_secs(3600);
    let places = [
        state.places.enter("1", forever).await.unwrap(),
        state.places.enter("2", forever).await.unwrap(),
    ];
    let error = requests.error("/api/v1/query?query=1&timeout=0.05").await;
    let expected = (
        503,
        "timeout".to_owned(),
        "query timed out in query queue".to_owned(),
    );
    assert_eq!(error, expected);
    drop(places);
    assert_eq!(requests.get("/api/v1/query?query=1").await.0, 200);
    let mut out = crate::metrics::Exposition::default();
    state.metrics().collect(&mut out);
    let text = out.render();
    for line in [
        "prometheus_engine_queries 0\n",
        "prometheus_engine_queries_concurrent_max 2\n",
        "prometheus_engine_query_duration_seconds_count{slice=\"inner_eval\"} 3\n",
        "prometheus_engine_query_duration_seconds_count{slice=\"queue_time\"} 4\n",
    ] {
        assert!(text.contains(line), "{text}");
    }
}

#[tokio::test]
async fn nothing_before_the_store_is_open() {
    let engine = Engine::new(EngineConfig::default(), Handle::current());
    let state = QueryState::new(Arc::new(engine), StoreGate::default(), QueryPlaces::new(1));
    let request = axum::http::Request::get("/api/v1/query?query=up")
        .body(axum::body::Body::empty())
        .unwrap();
    let (status, headers, body) = Requests(query_routes(state)).send(request).await;
    assert_eq!((status, body.as_str()), (503, "Service Unavailable"));
    assert_eq!(headers["x-prometheus-stopping"], "false");
}

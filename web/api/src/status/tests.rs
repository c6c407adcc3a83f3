//! The status endpoints over HTTP.

use engine_dataflow::status::{EdgeStatus, GraphStatus, NodeState, NodeStatus};
use engine_dataflow::{NodeId, NodeKind};
use engine_storage::RetentionPolicy;
use serde_json::json;

use super::*;
use crate::testing::{Requests, START_MS, filled_gate};

async fn requests() -> (Requests, Arc<ConfigStatus>, tempfile::TempDir) {
    let (gate, folder) = filled_gate().await;
    let config = Arc::new(ConfigStatus::default());
    config.loaded("global: {}\n", START_MS);
    let build = BuildInfo {
        version: "0.1.0".to_owned(),
        revision: "abc".to_owned(),
        ..BuildInfo::default()
    };
    let flags = BTreeMap::from([("storage.path".to_owned(), "weir-data".to_owned())]);
    let policy = RetentionPolicy {
        time_ms: Some(15 * 24 * 3_600_000),
        bytes: Some(10 << 30),
        ..RetentionPolicy::default()
    };
    gate.store().unwrap().set_retention(policy);
    let replay = replay_routes(gate.clone());
    let state = StatusState::new(gate, build, flags, Arc::clone(&config), START_MS);
    let routes = status_routes(state.clone())
        .merge(head_routes(state))
        .merge(replay);
    (Requests(routes), config, folder)
}

#[tokio::test]
async fn what_the_server_is() {
    let (requests, config, _folder) = requests().await;
    let build = requests.json("/api/v1/status/buildinfo").await["data"].clone();
    assert_eq!(
        (&build["version"], &build["weirVersion"], &build["revision"]),
        (&json!(PROMETHEUS_VERSION), &json!("0.1.0"), &json!("abc"))
    );
    let flags = requests.json("/api/v1/status/flags").await;
    assert_eq!(flags["data"], json!({"storage.path": "weir-data"}));
    let yaml = requests.json("/api/v1/status/config").await;
    assert_eq!(yaml["data"], json!({"yaml": "global: {}\n"}));
    let runtime = requests.json("/api/v1/status/runtimeinfo").await["data"].clone();
    assert_eq!(runtime["startTime"], "2026-01-01T00:00:00.000Z");
    assert_eq!(
        (&runtime["reloadConfigSuccess"], &runtime["storageRetention"]),
        (&json!(true), &json!("15d or 10GiB"))
    );
    config.failed();
    let runtime = requests.json("/api/v1/status/runtimeinfo").await["data"].clone();
    assert_eq!(runtime["reloadConfigSuccess"], json!(false));
    assert_eq!(runtime["lastConfigTime"], "2026-01-01T00:00:00.000Z");
}

#[tokio::test]
async fn what_the_head_holds() {
    let (requests, _, _folder) = requests().await;
    let mut data = requests.json("/api/v1/status/tsdb?limit=2").await["data"].clone();
    let bytes = data["headStats"]["memoryInBytes"].take();
    assert!(bytes.as_u64() > Some(0), "{bytes}");
    let head = json!({
        "numSeries": 5, "numLabelPairs": 8, "numSamples": 205, "minTime": START_MS, "maxTime": START_MS + 600_000,
        "memoryInBytes": null,
    });
    assert_eq!(data["headStats"], head);
    assert_eq!(
        data["seriesCountByMetricName"],
        json!([{"name": "total", "value": 2}, {"name": "up", "value": 2}])
    );
    assert_eq!(
        data["labelValueCountByLabelName"],
        json!([{"name": "__name__", "value": 3}, {"name": "i", "value": 2}])
    );
    assert_eq!(
        data["memoryInBytesByLabelName"],
        json!([{"name": "__name__", "value": 17}, {"name": "job", "value": 4}])
    );
    assert_eq!(
        data["seriesCountByLabelValuePair"][0],
        json!({"name": "job=a", "value": 3})
    );
    for (limit, expected) in [
        ("0", "limit must be a positive number"),
        ("x", "limit must be a positive number"),
        ("10001", "limit must not exceed 10000"),
    ] {
        let error = requests
            .error(&format!("/api/v1/status/tsdb?limit={limit}"))
            .await;
        assert_eq!(error, (400, "bad_data".to_owned(), expected.to_owned()));
    }
}

#[tokio::test]
async fn the_graph() {
    let status = || GraphStatus {
        nodes: vec![NodeStatus {
            id: NodeId::from("scrape/node"),
            kind: NodeKind::Source,
            state: NodeState::Restarting {
                error: "no".to_owned(),
                failures: 1,
            },
        }],
        edges: vec![EdgeStatus {
            from: NodeId::from("scrape/node"),
            to: NodeId::from("append"),
            batches_per_second: 0.5,
            samples_per_second: 100.0,
            depth: 1,
            capacity: 64,
            blocked_seconds: 0.25,
            batches_total: 7,
            samples_total: 1400,
            reason: "a minute of scrapes".to_owned(),
            observed: false,
        }],
    };
    let requests = Requests(graph_routes(GraphState::new(status)));
    let expected = concat!(
        r#"{"status":"success","data":{"nodes":[{"id":"scrape/node","kind":"source","state":"restarting","error":"no"}],"#,
        r#""edges":[{"from":"scrape/node","to":"append","batches_per_second":0.5,"samples_per_second":100.0,"depth":1,"#,
        r#""capacity":64,"blocked_seconds":0.25,"batches_total":7,"samples_total":1400,"reason":"a minute of scrapes","#,
        r#""observed":false}]}}"#,
    );
    assert_eq!(
        requests.get("/api/v1/status/graph").await,
        (200, expected.to_owned())
    );
    let replay = Requests(replay_routes(StoreGate::default()))
        .json("/api/v1/status/walreplay")
        .await;
    assert_eq!(replay["data"], json!({"min": 0, "max": 0, "current": 0}));
}

#[tokio::test]
async fn what_the_segments_hold() {
    let (gate, _folder) = filled_gate().await;
    gate.store().unwrap().flush().await.unwrap();
    let state = StatusState::new(
        gate.clone(),
        BuildInfo::default(),
        BTreeMap::new(),
        Arc::default(),
        START_MS,
    );
    let requests = Requests(head_routes(state).merge(replay_routes(gate)));
    let blocks = requests.json("/api/v1/status/tsdb/blocks").await["data"]["blocks"].clone();
    let block = &blocks[0];
    assert_eq!(blocks.as_array().map(Vec::len), Some(1));
    assert_eq!(
        (
            &block["minTime"],
            &block["maxTime"],
            &block["compaction"]["level"]
        ),
        (&json!(START_MS), &json!(START_MS + 600_001), &json!(1))
    );
    let stats = &block["stats"];
    assert_eq!(
        (&stats["numSamples"], &stats["numSeries"]),
        (&json!(205), &json!(5))
    );
    let replay = requests.json("/api/v1/status/walreplay").await["data"].clone();
    assert_eq!(replay["max"], replay["current"], "all is back");
}

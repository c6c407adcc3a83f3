//! All families as the server puts them together: readiness, other origins, compression, counting.

use std::collections::BTreeMap;
use std::sync::Arc;

use alert_router::{AlertRouter, RouterOptions, default_config};
use axum::body::Body;
use axum::http::{Request, header};
use connectors_peers::scrape::{ExternalAddress, ScrapeMetrics, TargetsStatus};
use engine_dataflow::status::GraphStatus;
use queries_promql::{Engine, EngineConfig};
use queries_rules::metrics::RuleMetrics;
use queries_sql::{SqlConfig, SqlEngine};
use tempfile::TempDir;
use tokio::runtime::Handle;

use super::*;
use crate::metrics::{
    SelfMetrics, alert_router_metrics, build_metrics, graph_metrics, metrics_routes, process_metrics,
    rule_metrics, store_metrics, targets_metrics,
};
use crate::status::{BuildInfo, ConfigStatus};
use crate::testing::{Requests, filled_gate};

async fn families(gate: &StoreGate) -> Families {
    let (engine, config) = (EngineConfig::default(), SqlConfig::default());
    let (engine, sql) = (
        Engine::new(engine, Handle::current()),
        SqlEngine::new(config, Handle::current()),
    );
    let external = ExternalAddress {
        scheme: "http".to_owned(),
        host: "weir:9090".to_owned(),
        listen_port: 9090,
    };
    let router = AlertRouter::start(default_config(), RouterOptions::default());
    Families {
        query: QueryState::new(Arc::new(engine), gate.clone(), crate::query::QueryPlaces::new(20)),
        series: SeriesState::new(gate.clone()),
        exemplars: ExemplarsState::new(gate.clone()),
        federate: FederateState::new(gate.clone(), Arc::default(), Duration::from_secs(300)),
        remote_read: RemoteReadState::new(
            gate.clone(),
            Arc::default(),
            crate::remote_read::RemoteReadLimits {
                samples_max: 0,
                concurrent_max: 1,
                frame_bytes: 1,
            },
        ),
        search: SearchState::new(
            SeriesState::new(gate.clone()),
            MetadataState::new(Arc::default(), Arc::default()),
            true,
            0,
        ),
        features: Arc::default(),
        own_metrics: Arc::default(),
        notifications: Arc::new(Notifications::new(1)),
        targets: TargetsState::new(Arc::new(TargetsStatus::default()), Arc::default(), external),
        metadata: MetadataState::new(Arc::default(), Arc::default()),
        rules: RulesState::new(Vec::new, Vec::new()),
        status: StatusState::new(
            gate.clone(),
            BuildInfo::default(),
            BTreeMap::new(),
            Arc::new(ConfigStatus::default()),
            0,
        ),
        graph: GraphState::new(GraphStatus::default),
        sql: SqlState::new(Arc::new(sql), gate.clone()),
        admin: AdminState::new(gate.clone(), true),
        alertmanager: AlertmanagerState::new(router.await.unwrap(), BuildInfo::default()),
    }
}

async fn server(open: bool) -> (Requests, HttpMetrics, StoreGate, Option<TempDir>) {
    let (gate, folder) = if open {
        let (gate, folder) = filled_gate().await;
        (gate, Some(folder))
    } else {
        (StoreGate::default(), None)
    };
    let metrics = HttpMetrics::default();
    let routes = api_routes(
        families(&gate).await,
        gate.clone(),
        CorsOrigin::default(),
        Duration::ZERO,
    );
    let server = Requests(with_layers(routes, metrics.clone()));
    (server, metrics, gate, folder)
}

const WAITING: [&str; 16] = [
    "query?query=1",
    "query_exemplars?query=up",
    "metadata",
    "labels",
    "targets",
    "scrape_pools",
    "rules",
    "alerts",
    "alertmanagers",
    "status/buildinfo",
    "status/config",
    "status/tsdb",
    "status/self_metrics",
    "features",
    "openapi.yaml",
    "search/label_names",
];

#[tokio::test]
async fn readiness() {
    let (closed, ..) = server(false).await;
    let (open, _, gate, _folder) = server(true).await;
    for path in WAITING.map(|path| format!("/api/v1/{path}")) {
        let unavailable = (503, "Service Unavailable".to_owned());
        assert_eq!(closed.get(&path).await, unavailable, "{path}");
        assert_eq!(open.get(&path).await.0, 200, "{path}");
    }
    for path in [
        "/api/v1/status/graph",
        "/api/v1/status/walreplay",
        "/api/v2/status",
    ] {
        assert_eq!(closed.get(path).await.0, 200, "{path}");
    }
    for path in ["/api/v1/nothing", "/api/nothing", "/api/v1"] {
        assert_eq!(
            open.get(path).await,
            (404, "404 page not found\n".to_owned()),
            "{path}"
        );
    }
    let put = Request::put("/api/v1/query").body(Body::empty()).unwrap();
    let (status, headers, body) = open.send(put).await;
    assert_eq!((status, body.as_str()), (405, "Method Not Allowed\n"));
    assert!(headers[header::ALLOW].to_str().unwrap().contains("POST"));
    let empty =
        r#"{"status":"success","data":{"activeTargets":[],"droppedTargets":[],"droppedTargetCounts":null}}"#;
    assert_eq!(
        open.get("/api/v1/targets?state=active").await,
        (200, empty.to_owned())
    );
    gate.close();
    assert_eq!(open.get("/api/v1/labels").await.0, 503);
}

#[tokio::test]
async fn other_origins_and_compression() {
    let (server, metrics, ..) = server(true).await;
    let request = Request::get("/api/v1/status/buildinfo")
        .header(header::ORIGIN, "https://grafana.example")
        .header(header::ACCEPT_ENCODING, "gzip")
        .body(Body::empty())
        .unwrap();
    let response = tower::ServiceExt::oneshot(server.0.clone(), request)
        .await
        .unwrap();
    let header = |name| response.headers().get(name).map(|value| value.to_str().unwrap());
    let allowed = header(header::ACCESS_CONTROL_ALLOW_ORIGIN);
    assert_eq!(allowed, Some("https://grafana.example"));
    assert_eq!(header(header::CONTENT_ENCODING), Some("gzip"));
    assert_eq!(header(header::CONTENT_TYPE), Some("application/json"));
    let preflight = Request::options("/api/v1/query").body(Body::empty()).unwrap();
    assert_eq!(server.send(preflight).await.0, 204);
    server.get("/api/v1/label/job/values").await;
    server.get("/nowhere").await;
    let mut out = crate::metrics::Exposition::default();
    metrics.collect(&mut out);
    let text = out.render();
    for line in [
        r#"prometheus_http_requests_total{code="200",handler="/api/v1/status/buildinfo"} 1"#,
        r#"prometheus_http_requests_total{code="200",handler="/api/v1/label/:name/values"} 1"#,
        r#"prometheus_http_requests_total{code="404",handler="/*"} 1"#,
        r#"prometheus_http_request_duration_seconds_count{handler="/api/v1/query"} 1"#,
    ] {
        assert!(text.contains(line), "{text}");
    }
}

#[tokio::test]
async fn own_metrics() {
    let (gate, _folder) = filled_gate().await;
    let router = AlertRouter::start(default_config(), RouterOptions::default());
    let router = router.await.unwrap();
    let build = BuildInfo {
        version: "0.1.0".to_owned(),
        ..BuildInfo::default()
    };
    let config = Arc::new(ConfigStatus::default());
    config.loaded("", 1500);
    let metrics = SelfMetrics::default()
        .with(process_metrics)
        .with(move |out| {
            build_metrics(&build, &gate, out);
            store_metrics(&gate, out);
        })
        .with(move |out| config.collect(out))
        .with(|out| targets_metrics(&TargetsStatus::default(), &ScrapeMetrics::default(), out))
        .with(|out| graph_metrics(&GraphStatus::default(), out))
        .with(|out| rule_metrics(&RuleMetrics::default(), out))
        .with(move |out| {
            if let Ok(status) = Handle::current().block_on(router.status()) {
                alert_router_metrics(&status, out);
            }
        });
    let (status, text) = Requests(metrics_routes(Arc::new(metrics))).get("/metrics").await;
    assert_eq!(status, 200);
    for line in [
        "# TYPE prometheus_tsdb_head_series gauge\nprometheus_tsdb_head_series 5\n",
        "prometheus_tsdb_head_samples_appended_total{type=\"float\"} 205\n",
        "prometheus_config_last_reload_successful 1\n",
        "prometheus_config_last_reload_success_timestamp_seconds 1.5\n",
        "prometheus_target_scrapes_sample_out_of_order_total 0\n",
        "prometheus_rule_evaluation_duration_seconds_count 0\n",
        "alertmanager_alerts_received_total{status=\"firing\",version=\"v2\"} 0\n",
        "weir_build_info{version=\"0.1.0\",revision=\"\",branch=\"\",rustversion=\"\"} 1\n",
        "prometheus_ready 1\n",
        "process_resident_memory_bytes ",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
}

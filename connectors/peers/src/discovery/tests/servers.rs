//! Lists of targets from a server: headers, what counts as an answer, what stays.

use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use axum::routing::get;
use parking_lot::Mutex;
use tokio::net::TcpListener;

use super::super::http::HttpDiscoverer;
use super::{DiscoveryConfig, decode, run};

type Answer = Arc<Mutex<(u16, &'static str, &'static str)>>;

#[tokio::test]
async fn the_last_good_list_stays() {
    let answer: Answer = Arc::new(Mutex::new((200, "application/json", r#"[{"targets": ["a:1"]}]"#)));
    let seen = Arc::new(Mutex::new(HeaderMap::new()));
    let (answers, headers) = (Arc::clone(&answer), Arc::clone(&seen));
    let serve = move |asked: HeaderMap| async move {
        *headers.lock() = asked;
        let (status, kind, body) = *answers.lock();
        let status = StatusCode::from_u16(status).unwrap();
        (status, [("content-type", kind)], body).into_response()
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/targets", listener.local_addr().unwrap());
    let router = Router::new().route("/targets", get(serve));
    tokio::spawn(async move { axum::serve(listener, router).await });

    let yaml = format!(
        "http_sd_configs: [{{url: '{url}', refresh_interval: 100ms, basic_auth: {{username: me, password: pw}}}}]"
    );
    let DiscoveryConfig::Http(config) = decode(&yaml).unwrap().remove(0) else {
        panic!("HTTP is configured")
    };
    let mut running = run(Box::new(HttpDiscoverer::new(&config, "Weir/test").unwrap()));
    running.expect("__meta_url", &[("a:1", &url)]).await;
    let asked = seen.lock().clone();
    assert_eq!(asked["x-prometheus-refresh-interval-seconds"], "0.1");
    assert_eq!(
        (&asked["accept"], &asked["user-agent"]),
        (
            &"application/json".parse().unwrap(),
            &"Weir/test".parse().unwrap()
        )
    );
    assert_eq!(asked["authorization"], "Basic bWU6cHc=");

    let failures = [
        (500, "application/json", "[]"),
        (200, "text/html", "[]"),
        (200, "application/json", "[{"),
        (200, "application/json; charset=latin1", "[]"),
    ];
    for failure in failures {
        let before = running.count("prometheus_sd_http_failures_total");
        *answer.lock() = failure;
        while running.count("prometheus_sd_http_failures_total") < before + 2.0 {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        running.expect("__meta_url", &[("a:1", &url)]).await;
    }
    *answer.lock() = (
        200,
        "application/json; charset=UTF-8",
        r#"[{"targets": ["b:2"], "labels": {"x": "y"}}]"#,
    );
    running.expect("x", &[("b:2", "y")]).await;
    *answer.lock() = (200, "application/json", "[]");
    running.expect("", &[]).await;
}

//! Alertmanager's API over a running router.

use alert_router::{AlertRouter, RouterOptions, default_config};
use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};

use super::*;
use crate::testing::Requests;

async fn requests() -> (Requests, RouterHandle) {
    let router = AlertRouter::start(default_config(), RouterOptions::default());
    let router = router.await.unwrap();
    let state = AlertmanagerState::new(router.clone(), BuildInfo::default());
    (Requests(alertmanager_routes(state)), router)
}

async fn post(requests: &Requests, body: &str) -> (u16, String) {
    let request = Request::post("/api/v2/alerts").body(Body::from(body.to_owned()));
    let (status, _, body) = requests.send(request.unwrap()).await;
    (status, body)
}

#[tokio::test]
async fn alerts_in_and_out() {
    let (requests, _router) = requests().await;
    let body = json!([
        {
            "labels": {"alertname": "Low", "dam": "west", "empty": ""}, "annotations": {"summary": "dry"},
            "startsAt": "2026-01-01T00:00:00Z", "endsAt": "2100-01-01T00:00:00.5+01:00", "generatorURL": "http://g/",
        },
        {"labels": {"alertname": "High"}, "startsAt": "0001-01-01T00:00:00Z"},
    ]);
    assert_eq!(post(&requests, &body.to_string()).await, (200, String::new()));
    let low = requests.json("/api/v2/alerts?filter=dam=west").await[0].clone();
    let receiver = low["receivers"][0]["name"].clone();
    let expected = json!({
        "labels": {"alertname": "Low", "dam": "west"}, "annotations": {"summary": "dry"},
        "startsAt": "2026-01-01T00:00:00.000Z", "endsAt": "2099-12-31T23:00:00.500Z", "generatorURL": "http://g/",
        "updatedAt": low["updatedAt"], "fingerprint": low["fingerprint"], "receivers": [{"name": receiver}],
        "status": {"state": "active", "silencedBy": [], "inhibitedBy": [], "mutedBy": []},
    });
    assert_eq!(low, expected);
    for (query, count) in [
        ("", 2),
        ("?active=false", 0),
        ("?silenced=false&inhibited=false", 2),
        ("?filter=dam=west&filter=alertname=High", 0),
        ("?filter=alertname=~\"Low|High\"", 2),
        ("?receiver=nobody", 0),
        ("?receiver=.*", 2),
    ] {
        let alerts = requests.json(&format!("/api/v2/alerts{query}")).await;
        assert_eq!(alerts.as_array().map(Vec::len), Some(count), "{query}");
    }
    let groups = requests.json("/api/v2/alerts/groups?filter=dam=west").await;
    assert_eq!(
        (
            &groups[0]["receiver"]["name"],
            &groups[0]["alerts"][0]["labels"]["dam"]
        ),
        (&receiver, &json!("west"))
    );
    let receivers = requests.json("/api/v2/receivers").await;
    assert_eq!(
        receivers,
        json!([{"name": receiver, "labels": {"name": receiver}}])
    );
    let status = requests.json("/api/v2/status").await;
    assert_eq!(status["cluster"], json!({"status": "disabled", "peers": []}));
    assert!(
        status["config"]["original"]
            .as_str()
            .unwrap()
            .contains("receivers")
    );
}

#[tokio::test]
async fn refusals() {
    let (requests, router) = requests().await;
    for (body, status, expected) in [
        (
            r#"[{"labels": {}}]"#,
            400,
            json!("at least one label pair required"),
        ),
        (
            r#"[{"annotations": {}}]"#,
            422,
            json!({"code": 602, "message": "0.labels in body is required"}),
        ),
        (
            r#"[{"labels": {"a": "b"}, "startsAt": "soon"}]"#,
            400,
            json!({
                "code": 400,
                "message": "parsing alerts body from \"\" failed, because \"soon\" is not an RFC 3339 time",
            }),
        ),
    ] {
        let (found, text) = post(&requests, body).await;
        let text: Value = serde_json::from_str(&text).unwrap();
        assert_eq!((found, text), (status, expected), "{body}");
    }
    assert_eq!(post(&requests, "{").await.0, 400);
    for (query, status) in [("filter=a=~(", 400), ("receiver=(", 400), ("active=x", 200)] {
        let found = requests.get(&format!("/api/v2/alerts?{query}")).await;
        assert_eq!(found.0, status, "{found:?}");
    }
    router.shutdown(std::time::Duration::ZERO).await.unwrap();
    assert_eq!(requests.get("/api/v2/alerts").await.0, 503);
}

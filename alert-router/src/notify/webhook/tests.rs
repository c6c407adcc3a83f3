//! The body byte by byte, and a listener that answers in every way.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use engine_model::Labels;
use engine_settings::{Authentication, HttpClientOptions, Secret, SecretSource, TextSource};
use engine_template::Templates;

use super::*;
use crate::alert::{Alert, Annotations};
use crate::dispatch::NotifiedAlert;
use crate::notification_log::IntegrationId;
use crate::stages::dedup::Reason;

fn notified(name: &str, resolved: bool) -> NotifiedAlert {
    NotifiedAlert {
        alert: Arc::new(Alert {
            labels: Labels::from_pairs([("alertname", name), ("job", "<&>")]),
            annotations: Annotations::from([
                ("summary".to_owned(), "it \"broke\"\u{2028}".to_owned()),
                (format!("only_{name}"), String::new()),
            ]),
            starts_at_ms: 1_767_323_045_670,
            ends_at_ms: 1_767_323_100_000,
            updated_at_ms: 0,
            generator_url: "http://prometheus/graph?a=1&b=2".to_owned(),
            timeout: false,
        }),
        resolved,
    }
}

fn notification(alerts: Vec<NotifiedAlert>) -> Notification {
    Notification {
        integration: IntegrationId {
            receiver: "team.x-(a)".into(),
            kind: "webhook".into(),
            index: 0,
        },
        group_key: "{}:{job=\"<&>\"}".into(),
        group_labels: Labels::from_pairs([("job", "<&>")]),
        reason: Reason::FirstNotification,
        alerts,
    }
}

fn body(notification: &Notification, alerts_max: usize, external_url: &str) -> String {
    payload::encode(&Message::new(notification, alerts_max, external_url))
}

#[test]
fn body_is_alertmanagers() {
    let notification = notification(vec![
        notified("a", false),
        notified("b", true),
        notified("c", false),
    ]);
    let expected = concat!(
        r#"{"receiver":"team\\.x-\\(a\\)","status":"firing","alerts":["#,
        r#"{"status":"firing","labels":{"alertname":"a","job":"\u003c\u0026\u003e"},"#,
        r#""annotations":{"only_a":"","summary":"it \"broke\"\u2028"},"#,
        r#""startsAt":"2026-01-02T03:04:05.67Z","endsAt":"0001-01-01T00:00:00Z","#,
        r#""generatorURL":"http://prometheus/graph?a=1\u0026b=2","fingerprint":"FP_A"},"#,
        r#"{"status":"resolved","labels":{"alertname":"b","job":"\u003c\u0026\u003e"},"#,
        r#""annotations":{"only_b":"","summary":"it \"broke\"\u2028"},"#,
        r#""startsAt":"2026-01-02T03:04:05.67Z","endsAt":"2026-01-02T03:05:00Z","#,
        r#""generatorURL":"http://prometheus/graph?a=1\u0026b=2","fingerprint":"FP_B"}],"#,
        r#""notification_reason":"first notification","groupLabels":{"job":"\u003c\u0026\u003e"},"#,
        r#""commonLabels":{"job":"\u003c\u0026\u003e"},"#,
        r#""commonAnnotations":{"only_a":"","summary":"it \"broke\"\u2028"},"routeLabels":{},"#,
        r#""externalURL":"http://weir:9090","version":"4","#,
        r#""groupKey":"{}:{job=\"\u003c\u0026\u003e\"}","truncatedAlerts":1}"#,
        "\n"
    );
    let fingerprint = |i: usize| {
        let labels = &notification.alerts[i].alert.labels;
        format!("{:016x}", crate::alert::fingerprint(labels))
    };
    let expected = expected
        .replace("FP_A", &fingerprint(0))
        .replace("FP_B", &fingerprint(1));
    assert_eq!(body(&notification, 2, "http://weir:9090"), expected);
}

#[test]
fn a_message_of_ended_alerts_is_resolved() {
    let body = body(&notification(vec![notified("b", true)]), 0, "");
    let json: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(json["status"], "resolved");
    assert_eq!(json["truncatedAlerts"], 0);
    assert_eq!(json["commonLabels"]["alertname"], "b");
}

/// What the listener got: headers and body of each request.
type Requests = Arc<Mutex<Vec<(HeaderMap, String)>>>;

/// A listener that answers with the given codes in turn; 0 stands for no answer within a second.
async fn listen(codes: &[u16]) -> (String, Requests) {
    let requests: Requests = Arc::default();
    let codes = Arc::new(Mutex::new(codes.iter().copied().collect::<VecDeque<_>>()));
    let seen = Arc::clone(&requests);
    let answer = move |headers: HeaderMap, body: String| async move {
        seen.lock().unwrap().push((headers, body));
        let code = codes.lock().unwrap().pop_front().unwrap_or(200);
        if code == 0 {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        (StatusCode::from_u16(code).unwrap_or_default(), "because\n")
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let app = Router::new().route("/hook", post(answer));
    tokio::spawn(async move { axum::serve(listener, app).await });
    (url, requests)
}

fn notifier(url: UrlSource, timeout_ms: Option<i64>, authentication: Authentication) -> WebhookNotifier {
    let config = WebhookConfig {
        send_resolved: true,
        url,
        alerts_max: 0,
        timeout_ms,
        http: HttpClientOptions {
            authentication,
            ..HttpClientOptions::default()
        },
    };
    let mut templates = Templates::new();
    let text = r#"{{ define "path" }}hook{{ end }}"#;
    templates
        .parse("t", text, &engine_template::functions::alertmanager::functions(0))
        .unwrap();
    let shared = Shared {
        templates,
        external_url: "http://weir".to_owned(),
    };
    WebhookNotifier::new(&config, &Arc::new(shared)).unwrap()
}

#[tokio::test]
async fn answers_decide_on_retries() {
    let cases = [
        (200, Ok(())),
        (204, Ok(())),
        (
            404,
            Err(NotifyError::Permanent(
                "unexpected status code 404: because".into(),
            )),
        ),
        (
            429,
            Err(NotifyError::Permanent(
                "unexpected status code 429: because".into(),
            )),
        ),
        (
            500,
            Err(NotifyError::Temporary(
                "unexpected status code 500: because".into(),
            )),
        ),
        (
            503,
            Err(NotifyError::Temporary(
                "unexpected status code 503: because".into(),
            )),
        ),
        (
            0,
            Err(NotifyError::Temporary(
                "configured webhook timeout reached (200ms)".into(),
            )),
        ),
    ];
    for (code, expected) in cases {
        let (url, _) = listen(&[code]).await;
        let notifier = notifier(
            UrlSource::Inline(Secret::new(url)),
            Some(200),
            Authentication::None,
        );
        assert_eq!(
            notifier.notify(&notification(vec![notified("a", false)])).await,
            expected,
            "{code}"
        );
    }
}

#[tokio::test]
async fn requests_carry_json_agent_and_credentials() {
    let (url, requests) = listen(&[]).await;
    let authentication = Authentication::Basic {
        username: TextSource::Inline("me".into()),
        password: Some(SecretSource::Inline(Secret::new("pw"))),
    };
    let notifier = notifier(UrlSource::Inline(Secret::new(url)), None, authentication);
    let notification = notification(vec![notified("a", false)]);
    notifier.notify(&notification).await.unwrap();
    let requests = requests.lock().unwrap();
    let (headers, sent) = &requests[0];
    assert_eq!(headers["content-type"], "application/json");
    assert_eq!(headers["authorization"], "Basic bWU6cHc=");
    assert!(headers["user-agent"].to_str().unwrap().starts_with("weir/"));
    assert_eq!(*sent, body(&notification, 0, "http://weir"));
}

#[tokio::test]
async fn the_address_may_stand_in_a_file() {
    let (url, requests) = listen(&[]).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("url");
    let notifier = notifier(UrlSource::File(path.clone()), None, Authentication::None);
    let notification = notification(vec![notified("a", false)]);
    let missing = notifier.notify(&notification).await;
    assert!(
        matches!(&missing, Err(NotifyError::Permanent(text)) if text.contains("cannot read")),
        "{missing:?}"
    );
    std::fs::write(&path, "secret-token").unwrap();
    let wrong = notifier.notify(&notification).await;
    assert!(
        matches!(&wrong, Err(NotifyError::Permanent(text)) if !text.contains("secret-token")),
        "{wrong:?}"
    );
    std::fs::write(&path, format!("{url}\n")).unwrap();
    notifier.notify(&notification).await.unwrap();
    assert_eq!(requests.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn the_address_may_be_a_template() {
    let (url, requests) = listen(&[]).await;
    let host = url.strip_suffix("/hook").unwrap();
    // The listener knows /hook only.
    let cases = [
        (
            r#"/{{ template "path" . }}?x={{ .CommonLabels.alertname }}"#,
            None,
        ),
        ("/{{ .Status }}", Some("unexpected status code 404")),
        (r#"/{{ template "missing" . }}"#, Some("missing")),
    ];
    for (path, expected) in cases {
        let url = UrlSource::Inline(Secret::new(format!("{host}{path}")));
        let result = notifier(url, None, Authentication::None)
            .notify(&notification(vec![notified("a", false)]))
            .await;
        match (expected, result) {
            (None, Ok(())) => {}
            (Some(part), Err(NotifyError::Permanent(text))) if text.contains(part) => {}
            (_, result) => panic!("{path}: {result:?}"),
        }
    }
    assert_eq!(requests.lock().unwrap().len(), 1);
    let empty = UrlSource::Inline(Secret::new("{{ .GroupLabels.none }}"));
    let result = notifier(empty, None, Authentication::None)
        .notify(&notification(vec![notified("a", false)]))
        .await;
    assert_eq!(
        result,
        Err(NotifyError::Permanent(
            "webhook URL is empty after templating".to_owned()
        ))
    );
}

#[tokio::test]
async fn a_closed_port_may_open_later() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/token-in-path", listener.local_addr().unwrap());
    drop(listener);
    let notifier = notifier(UrlSource::Inline(Secret::new(url)), None, Authentication::None);
    match notifier.notify(&notification(vec![notified("a", false)])).await {
        Err(NotifyError::Temporary(text)) => {
            assert!(
                text.contains("refused") && !text.contains("token-in-path"),
                "{text}"
            );
        }
        other => panic!("{other:?}"),
    }
}

//! What the crate's tests share: a store with a few series, and requests without a network.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, header};
use engine_model::{Labels, SampleBatchBuilder};
use engine_storage::{AppendOptions, Store, StoreConfig};
use serde_json::Value;
use tempfile::TempDir;
use tower::ServiceExt;

use crate::gate::StoreGate;

/// When the samples of [`filled_gate`] begin, in ms: 2026-01-01.
pub(crate) const START_MS: i64 = 1_767_225_600_000;

/// An open gate. The store has `up` of jobs `a` (1) and `b` (0), a counter `total{job="a"}` of series
/// `i` = 0, 1 that grows by 1 and 2 a second, and `odd{"odd.name"="1"}`, each 15 s for ten minutes.
pub(crate) async fn filled_gate() -> (StoreGate, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(StoreConfig::new(folder.path())).unwrap();
    let series = [
        (Labels::from_pairs([("__name__", "up"), ("job", "a")]), 1.0, 0.0),
        (Labels::from_pairs([("__name__", "up"), ("job", "b")]), 0.0, 0.0),
        (
            Labels::from_pairs([("__name__", "total"), ("job", "a"), ("i", "0")]),
            0.0,
            1.0,
        ),
        (
            Labels::from_pairs([("__name__", "total"), ("job", "a"), ("i", "1")]),
            0.0,
            2.0,
        ),
        (
            Labels::from_pairs([("__name__", "odd"), ("odd.name", "1")]),
            f64::INFINITY,
            0.0,
        ),
    ];
    let mut builder = SampleBatchBuilder::default();
    for (labels, from, per_second) in &series {
        let reference = store.series_table().intern(labels);
        for step in 0..=40 {
            let seconds = f64::from(step) * 15.0;
            builder.push(
                reference,
                START_MS + i64::from(step) * 15_000,
                from + per_second * seconds,
            );
        }
    }
    let batch = builder.finish(store.series_table());
    store.append(batch, AppendOptions::default()).await.unwrap();
    let gate = StoreGate::default();
    gate.open(store);
    (gate, folder)
}

/// Sends requests to routes.
pub(crate) struct Requests(pub(crate) Router);

impl Requests {
    /// Sends a request; status, headers' text and body.
    pub(crate) async fn send(&self, request: Request<Body>) -> (u16, axum::http::HeaderMap, String) {
        let response = self.0.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        (
            parts.status.as_u16(),
            parts.headers,
            String::from_utf8(body.to_vec()).unwrap(),
        )
    }

    /// GET; characters that a URL cannot have are escaped.
    pub(crate) async fn get(&self, path: &str) -> (u16, String) {
        let request = Request::get(escape(path)).body(Body::empty()).unwrap();
        let (status, _, body) = self.send(request).await;
        (status, body)
    }

    /// POST of a form.
    pub(crate) async fn post(&self, path: &str, form: &str) -> (u16, String) {
        let request = Request::post(escape(path))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(form.to_owned()))
            .unwrap();
        let (status, _, body) = self.send(request).await;
        (status, body)
    }

    /// GET of JSON.
    pub(crate) async fn json(&self, path: &str) -> Value {
        let (status, body) = self.get(path).await;
        assert_eq!(status, 200, "{path}: {body}");
        serde_json::from_str(&body).unwrap()
    }

    /// GET of an error: status, `errorType` and `error`.
    pub(crate) async fn error(&self, path: &str) -> (u16, String, String) {
        let (status, body) = self.get(path).await;
        let body: Value = serde_json::from_str(&body).unwrap_or_else(|error| panic!("{error}: {body}"));
        assert_eq!(body["status"], "error", "{path}: {body}");
        let text = |key: &str| body[key].as_str().unwrap_or_default().to_owned();
        (status, text("errorType"), text("error"))
    }
}

fn escape(path: &str) -> String {
    let mut escaped = String::new();
    for c in path.chars() {
        match c {
            '"' => escaped.push_str("%22"),
            ' ' => escaped.push_str("%20"),
            '{' => escaped.push_str("%7B"),
            '}' => escaped.push_str("%7D"),
            '+' => escaped.push_str("%2B"),
            c => escaped.push(c),
        }
    }
    escaped
}

//! A real webhook listener: takes any POST, records it, and answers with the status that a test sets.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use parking_lot::Mutex;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::http::eventually;

/// One request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) path: String,
    pub(crate) content_type: String,
    /// The body; null where it is not JSON.
    pub(crate) body: Value,
    pub(crate) at: Instant,
}

/// A listener on a loopback port; gone when dropped.
pub(crate) struct Webhook {
    /// As `http://127.0.0.1:40123/hook`.
    pub(crate) url: String,
    heard: Arc<Heard>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct Heard {
    calls: Mutex<Vec<Call>>,
    /// 0 stands for 200.
    status: AtomicU16,
}

impl Webhook {
    /// Starts to listen.
    pub(crate) async fn listen() -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let url = format!("http://{}/hook", listener.local_addr()?);
        let heard = Arc::new(Heard::default());
        let router = Router::new().fallback(record).with_state(Arc::clone(&heard));
        let task = tokio::spawn(async move {
            axum::serve(listener, router)
                .await
                .expect("serving ends with the test");
        });
        Ok(Self { url, heard, task })
    }

    /// Every call up to now.
    pub(crate) fn calls(&self) -> Vec<Call> {
        self.heard.calls.lock().clone()
    }

    /// What later calls are answered with, 503 for a receiver that is down.
    pub(crate) fn answer_with(&self, status: u16) {
        self.heard.status.store(status, Ordering::Relaxed);
    }

    /// Waits for the first call that `wanted` accepts.
    pub(crate) async fn wait_for(&self, within: Duration, wanted: impl Fn(&Call) -> bool) -> Result<Call> {
        eventually(within, || async {
            let calls = self.calls();
            let found = calls.iter().find(|call| wanted(call)).cloned();
            found.ok_or_else(|| anyhow!("no such call among {} calls: {calls:#?}", calls.len()))
        })
        .await
    }
}

impl Drop for Webhook {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn record(State(heard): State<Arc<Heard>>, uri: Uri, headers: HeaderMap, body: Bytes) -> StatusCode {
    let content_type = headers.get("content-type").and_then(|value| value.to_str().ok());
    heard.calls.lock().push(Call {
        path: uri.path().to_owned(),
        content_type: content_type.unwrap_or_default().to_owned(),
        body: serde_json::from_slice(&body).unwrap_or(Value::Null),
        at: Instant::now(),
    });
    StatusCode::from_u16(heard.status.load(Ordering::Relaxed)).unwrap_or(StatusCode::OK)
}

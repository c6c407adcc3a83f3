//! The gate before everything that reads the store: closed until the store is open, closed again when
//! the server stops. The server opens it; handlers ask it.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{HeaderName, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use engine_storage::{Store, StoreError};

use crate::parameters::{duration_ns, peek};

/// Says why the server is not ready: `true` when it stops, `false` when it starts.
const STOPPING_HEADER: HeaderName = HeaderName::from_static("x-prometheus-stopping");

/// A handle to the store that is empty until the store is open. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct StoreGate {
    inner: Arc<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    store: OnceLock<Store>,
    stopping: AtomicBool,
}

/// Why the server does not answer. As Prometheus does: 503, plain text, and a header that says whether it
/// stops or starts; the text tells how far the start is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotReady {
    /// Whether the server is stopping.
    stopping: bool,
    /// What there is to tell beside that.
    detail: Option<String>,
}

impl NotReady {
    /// The store is not open yet.
    pub fn starting() -> Self {
        Self {
            stopping: false,
            detail: None,
        }
    }

    fn stopping() -> Self {
        Self {
            stopping: true,
            detail: None,
        }
    }

    fn because(error: &StoreError) -> Self {
        let detail = match error {
            StoreError::Replaying {
                done_bytes,
                total_bytes,
            } => {
                let percent = 100 * done_bytes / (*total_bytes).max(1);
                format!("the write-ahead log is being replayed, {percent}% of {total_bytes} bytes are done")
            }
            other => crate::envelope::chain(other),
        };
        Self {
            stopping: false,
            detail: Some(detail),
        }
    }
}

impl fmt::Display for NotReady {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Service Unavailable")?;
        match &self.detail {
            Some(detail) => write!(f, ": {detail}"),
            None => Ok(()),
        }
    }
}

impl StoreGate {
    /// Opens the gate: from now on the server writes, and reads as far as the replay of the log permits. A
    /// second store is ignored.
    pub fn open(&self, store: Store) {
        if self.inner.store.set(store).is_err() {
            tracing::error!("the gate was opened twice");
        }
    }

    /// Closes the gate for good: the server is about to stop.
    pub fn close(&self) {
        self.inner.stopping.store(true, Ordering::Release);
    }

    /// The store, while the server serves. Reads may have to wait for the replay of its log.
    pub fn store(&self) -> Result<&Store, NotReady> {
        if self.inner.stopping.load(Ordering::Acquire) {
            return Err(NotReady::stopping());
        }
        self.inner.store.get().ok_or_else(NotReady::starting)
    }

    /// Whether all that was acknowledged before the start can be read.
    pub fn is_ready(&self) -> bool {
        self.store().is_ok_and(|store| store.replay_progress().is_done)
    }

    /// Waits until all that was acknowledged before the start can be read, `limit` at most.
    pub(crate) async fn ready_within(&self, limit: Duration) -> Result<(), NotReady> {
        let ready = self.store()?.ready_within(limit).await;
        ready.map_err(|error| NotReady::because(&error))
    }
}

impl IntoResponse for NotReady {
    fn into_response(self) -> Response {
        let stopping = if self.stopping { "true" } else { "false" };
        let headers = [(STOPPING_HEADER, stopping)];
        (StatusCode::SERVICE_UNAVAILABLE, headers, self.to_string()).into_response()
    }
}

/// Middleware: answers 503 instead of the routes behind it while the gate is closed.
pub(crate) async fn require_open(State(gate): State<StoreGate>, request: Request, next: Next) -> Response {
    match gate.store() {
        Ok(_) => next.run(request).await,
        Err(not_ready) => not_ready.into_response(),
    }
}

/// The gate before what reads samples, and the longest wait there.
#[derive(Debug, Clone)]
pub(crate) struct ReadGate {
    pub(crate) gate: StoreGate,
    pub(crate) patience: Duration,
}

/// Middleware: a read waits until all is back that was acknowledged before the start, for its `timeout` or
/// the longest time that a query may take; then it is answered with 503 and the progress, never in part.
pub(crate) async fn require_ready(State(read): State<ReadGate>, request: Request, next: Next) -> Response {
    if read.gate.is_ready() {
        return next.run(request).await;
    }
    let (parameters, request) = match peek(request).await {
        Ok(peeked) => peeked,
        Err(refused) => return refused,
    };
    let asked = duration_ns(parameters.get("timeout")).ok();
    let asked = asked.and_then(|ns| u64::try_from(ns).ok());
    let limit = asked.map_or(read.patience, |ns| Duration::from_nanos(ns).min(read.patience));
    match read.gate.ready_within(limit).await {
        Ok(()) => next.run(request).await,
        Err(not_ready) => not_ready.into_response(),
    }
}

//! The gate before everything that reads the store: closed until the store is open, closed again when
//! the server stops. The server opens it; handlers ask it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use axum::extract::{Request, State};
use axum::http::{HeaderName, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use engine_storage::Store;

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

/// The store is not open yet, or not any more. Answered as Prometheus does: 503, plain text, and a
/// header that says which of the two it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotReady {
    /// Whether the server is stopping.
    pub stopping: bool,
}

impl StoreGate {
    /// Opens the gate: from now on the server is ready. A second store is ignored.
    pub fn open(&self, store: Store) {
        if self.inner.store.set(store).is_err() {
            tracing::error!("the gate was opened twice");
        }
    }

    /// Closes the gate for good: the server is about to stop.
    pub fn close(&self) {
        self.inner.stopping.store(true, Ordering::Release);
    }

    /// The store, when the server is ready.
    pub fn store(&self) -> Result<&Store, NotReady> {
        let stopping = self.inner.stopping.load(Ordering::Acquire);
        match self.inner.store.get() {
            Some(store) if !stopping => Ok(store),
            _ => Err(NotReady { stopping }),
        }
    }

    /// Whether the server is ready.
    pub fn is_open(&self) -> bool {
        self.store().is_ok()
    }
}

impl IntoResponse for NotReady {
    fn into_response(self) -> Response {
        let stopping = if self.stopping { "true" } else { "false" };
        let headers = [(STOPPING_HEADER, stopping)];
        (StatusCode::SERVICE_UNAVAILABLE, headers, "Service Unavailable").into_response()
    }
}

/// Middleware: answers 503 instead of the routes behind it while the gate is closed.
pub(crate) async fn require_open(State(gate): State<StoreGate>, request: Request, next: Next) -> Response {
    match gate.store() {
        Ok(_) => next.run(request).await,
        Err(not_ready) => not_ready.into_response(),
    }
}

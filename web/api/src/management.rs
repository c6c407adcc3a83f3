//! `/-/healthy`, `/-/ready`, `/-/reload` and `/-/quit`: what init systems and operators ask.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use futures::future::BoxFuture;

use crate::gate::StoreGate;

/// What the server does when it is told to.
pub trait Lifecycle: Send + Sync {
    /// Reads the configuration again; the error says why the old one stays.
    fn reload(&self) -> BoxFuture<'_, Result<(), String>>;

    /// Starts to stop the server.
    fn quit(&self);
}

/// What the family needs. Clones share it.
#[derive(Clone)]
pub struct ManagementState {
    gate: StoreGate,
    lifecycle: Option<Arc<dyn Lifecycle>>,
}

impl ManagementState {
    /// Readiness by `gate`; reload and quit by `lifecycle`, refused when it is `None`
    /// (without `--web.enable-lifecycle`).
    pub fn new(gate: StoreGate, lifecycle: Option<Arc<dyn Lifecycle>>) -> Self {
        Self { gate, lifecycle }
    }
}

impl std::fmt::Debug for ManagementState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ManagementState")
            .field("gate", &self.gate)
            .field("enabled", &self.lifecycle.is_some())
            .finish()
    }
}

/// The routes of the family.
pub fn management_routes(state: ManagementState) -> Router {
    Router::new()
        .route("/-/healthy", get(healthy))
        .route("/-/ready", get(ready))
        .route("/-/reload", post(reload).put(reload).get(post_or_put))
        .route("/-/quit", post(quit).put(quit).get(post_or_put))
        .with_state(state)
}

async fn healthy() -> &'static str {
    "Weir is Healthy.\n"
}

async fn ready(State(state): State<ManagementState>) -> Response {
    // Ready means that nothing that was acknowledged before the start is missing any more.
    match state.gate.ready_within(Duration::ZERO).await {
        Ok(()) => "Weir is Ready.\n".into_response(),
        Err(not_ready) => not_ready.into_response(),
    }
}

async fn post_or_put() -> (StatusCode, &'static str) {
    (
        StatusCode::METHOD_NOT_ALLOWED,
        "Only POST or PUT requests allowed",
    )
}

const NOT_ENABLED: (StatusCode, &str) = (StatusCode::FORBIDDEN, "Lifecycle API is not enabled.");

async fn reload(State(state): State<ManagementState>) -> Response {
    let Some(lifecycle) = &state.lifecycle else {
        return NOT_ENABLED.into_response();
    };
    match lifecycle.reload().await {
        Ok(()) => StatusCode::OK.into_response(),
        Err(why) => {
            let text = format!("failed to reload config: {why}\n");
            (StatusCode::INTERNAL_SERVER_ERROR, text).into_response()
        }
    }
}

async fn quit(State(state): State<ManagementState>) -> Response {
    let Some(lifecycle) = &state.lifecycle else {
        return NOT_ENABLED.into_response();
    };
    lifecycle.quit();
    "Requesting termination... Goodbye!".into_response()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use axum::body::Body;
    use axum::http::Request;

    use super::*;
    use crate::testing::{Requests, filled_gate};

    #[derive(Default)]
    struct Recorder {
        reloaded: AtomicBool,
        quit: AtomicBool,
    }

    impl Lifecycle for Recorder {
        fn reload(&self) -> BoxFuture<'_, Result<(), String>> {
            let first = !self.reloaded.swap(true, Ordering::Relaxed);
            Box::pin(async move {
                if first {
                    return Ok(());
                }
                Err("weir.yml:1:1: no".to_owned())
            })
        }

        fn quit(&self) {
            self.quit.store(true, Ordering::Relaxed);
        }
    }

    #[tokio::test]
    async fn healthy_and_ready() {
        let (gate, _folder) = filled_gate().await;
        let closed = Requests(management_routes(ManagementState::new(
            StoreGate::default(),
            None,
        )));
        let open = Requests(management_routes(ManagementState::new(gate.clone(), None)));
        let text = |status, text: &str| (status, text.to_owned());
        assert_eq!(closed.get("/-/healthy").await, text(200, "Weir is Healthy.\n"));
        assert_eq!(closed.get("/-/ready").await, text(503, "Service Unavailable"));
        assert_eq!(open.get("/-/ready").await, text(200, "Weir is Ready.\n"));
        let head = Request::head("/-/ready").body(Body::empty()).unwrap();
        assert_eq!(open.send(head).await.0, 200);
        gate.close();
        let request = Request::get("/-/ready").body(Body::empty()).unwrap();
        let (status, headers, _) = open.send(request).await;
        assert_eq!(
            (status, &headers["x-prometheus-stopping"]),
            (503, &"true".parse().unwrap())
        );
    }

    #[tokio::test]
    async fn lifecycle() {
        let recorder = Arc::new(Recorder::default());
        let lifecycle: Arc<dyn Lifecycle> = Arc::clone(&recorder) as _;
        let on = Requests(management_routes(ManagementState::new(
            StoreGate::default(),
            Some(lifecycle),
        )));
        let off = Requests(management_routes(ManagementState::new(
            StoreGate::default(),
            None,
        )));
        for path in ["/-/reload", "/-/quit"] {
            let refused = (403, "Lifecycle API is not enabled.".to_owned());
            assert_eq!(off.post(path, "").await, refused);
            let not_allowed = (405, "Only POST or PUT requests allowed".to_owned());
            assert_eq!(on.get(path).await, not_allowed);
        }
        assert_eq!(on.post("/-/reload", "").await, (200, String::new()));
        let failed = (500, "failed to reload config: weir.yml:1:1: no\n".to_owned());
        assert_eq!(on.post("/-/reload", "").await, failed);
        let goodbye = (200, "Requesting termination... Goodbye!".to_owned());
        assert_eq!(on.post("/-/quit", "").await, goodbye);
        assert!(recorder.quit.load(Ordering::Relaxed));
    }
}

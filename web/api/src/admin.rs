//! `POST /api/v1/admin/storage/flush` and `/compact`: storage work on demand, where it is enabled.

use axum::Router;
use axum::extract::State;
use axum::routing::post;
use engine_model::time::now_ms;
use serde::Serialize;

use crate::envelope::{Answer, ApiError, ErrorKind, Success};
use crate::gate::StoreGate;

/// What the family needs. Clones share it.
#[derive(Debug, Clone)]
pub struct AdminState {
    gate: StoreGate,
    enabled: bool,
}

impl AdminState {
    /// Work on the store behind `gate`, refused unless `enabled` (`--web.enable-admin-api`).
    pub fn new(gate: StoreGate, enabled: bool) -> Self {
        Self { gate, enabled }
    }

    fn check(&self) -> Result<(), ApiError> {
        if self.enabled {
            return Ok(());
        }
        Err(ApiError::new(ErrorKind::Unavailable, "admin APIs disabled"))
    }
}

/// The routes of the family.
pub(crate) fn admin_routes(state: AdminState) -> Router {
    Router::new()
        .route("/api/v1/admin/storage/flush", post(flush).put(flush))
        .route("/api/v1/admin/storage/compact", post(compact).put(compact))
        .with_state(state)
}

/// What a flush wrote.
#[derive(Serialize)]
struct Flushed {
    segments: usize,
    samples: u64,
}

/// What the segments hold after a compaction.
#[derive(Serialize)]
struct Compacted {
    segments: usize,
    bytes: u64,
    samples: u64,
}

async fn flush(State(state): State<AdminState>) -> Answer {
    state.check()?;
    let store = state.gate.store()?.clone();
    // A task of its own: a client that leaves does not end work that is half done.
    let report = tokio::spawn(async move { store.flush().await }).await?;
    let report = report.map_err(|error| ApiError::internal(&error))?;
    Ok(Success::of(&Flushed {
        segments: report.segments,
        samples: report.samples,
    }))
}

async fn compact(State(state): State<AdminState>) -> Answer {
    state.check()?;
    let store = state.gate.store()?.clone();
    let report = tokio::spawn(async move { store.compact(now_ms()).await }).await?;
    let report = report.map_err(|error| ApiError::internal(&error))?;
    Ok(Success::of(&Compacted {
        segments: report.segments,
        bytes: report.bytes,
        samples: report.samples,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Requests, filled_gate};

    #[tokio::test]
    async fn flushes_and_compacts() {
        let (gate, _folder) = filled_gate().await;
        let requests = Requests(admin_routes(AdminState::new(gate, true)));
        let flushed = r#"{"status":"success","data":{"segments":1,"samples":205}}"#;
        assert_eq!(
            requests.post("/api/v1/admin/storage/flush", "").await,
            (200, flushed.to_owned())
        );
        let (status, compacted) = requests.post("/api/v1/admin/storage/compact", "").await;
        let compacted: serde_json::Value = serde_json::from_str(&compacted).unwrap();
        assert_eq!(
            (
                status,
                &compacted["data"]["samples"],
                &compacted["data"]["segments"]
            ),
            (200, &205.into(), &1.into())
        );
        assert!(compacted["data"]["bytes"].as_u64() > Some(0));
        assert_eq!(requests.get("/api/v1/admin/storage/flush").await.0, 405);
    }

    #[tokio::test]
    async fn refuses_where_it_is_not_enabled() {
        let (gate, _folder) = filled_gate().await;
        let requests = Requests(admin_routes(AdminState::new(gate, false)));
        for path in ["flush", "compact"] {
            let refused = r#"{"status":"error","errorType":"unavailable","error":"admin APIs disabled"}"#;
            let answer = requests.post(&format!("/api/v1/admin/storage/{path}"), "").await;
            assert_eq!(answer, (500, refused.to_owned()));
        }
    }
}

//! `/api/v1/admin/…`: Prometheus's snapshots and deletes, and storage work on demand, where it is enabled.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use engine_model::labels::Quoted;
use engine_model::time::now_ms;
use serde::Serialize;

use crate::envelope::{Answer, ApiError, ErrorKind, Success};
use crate::gate::StoreGate;
use crate::parameters::{Parameters, go_bool};

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
        .route("/api/v1/admin/tsdb/snapshot", post(snapshot).put(snapshot))
        .route(
            "/api/v1/admin/tsdb/delete_series",
            post(delete_series).put(delete_series),
        )
        .route(
            "/api/v1/admin/tsdb/clean_tombstones",
            post(clean_tombstones).put(clean_tombstones),
        )
        .with_state(state)
}

#[derive(Serialize)]
struct Snapshot {
    name: String,
}

async fn snapshot(State(state): State<AdminState>, parameters: Parameters) -> Answer {
    state.check()?;
    let skip_head = match parameters.get("skip_head") {
        "" => false,
        text => go_bool(text).ok_or_else(|| {
            let parsing = format_args!("strconv.ParseBool: parsing {}", Quoted(text));
            let why = format!("unable to parse boolean: {parsing}: invalid syntax");
            ApiError::bad_parameter("skip_head", why)
        })?,
    };
    let store = state.gate.store()?.clone();
    let made = tokio::spawn(async move { store.snapshot(skip_head, now_ms()).await }).await?;
    let name = made.map_err(|error| ApiError::internal(&error))?;
    Ok(Success::of(&Snapshot { name }))
}

async fn delete_series(
    State(state): State<AdminState>,
    parameters: Parameters,
) -> Result<StatusCode, ApiError> {
    state.check()?;
    if parameters.all("match[]").next().is_none() {
        return Err(ApiError::bad_data("no match[] parameter provided"));
    }
    let (start_ms, end_ms) = parameters.time_range_ms()?;
    let selectors = parameters
        .selectors()
        .map_err(|why| ApiError::bad_parameter("match[]", why))?;
    let store = state.gate.store()?.clone();
    let delete = async move { store.delete(selectors, start_ms, end_ms, now_ms()).await };
    let deleted = tokio::spawn(delete).await?;
    deleted.map_err(|error| ApiError::internal(&error))?;
    Ok(StatusCode::NO_CONTENT)
}

async fn clean_tombstones(State(state): State<AdminState>) -> Result<StatusCode, ApiError> {
    state.check()?;
    let store = state.gate.store()?.clone();
    let cleaned = tokio::spawn(async move { store.clean_tombstones(now_ms()).await }).await?;
    cleaned.map_err(|error| ApiError::internal(&error))?;
    Ok(StatusCode::NO_CONTENT)
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
        for path in [
            "storage/flush",
            "storage/compact",
            "tsdb/snapshot",
            "tsdb/delete_series?match[]=up",
            "tsdb/clean_tombstones",
        ] {
            let refused = r#"{"status":"error","errorType":"unavailable","error":"admin APIs disabled"}"#;
            let answer = requests.post(&format!("/api/v1/admin/{path}"), "").await;
            assert_eq!(answer, (500, refused.to_owned()), "{path}");
        }
    }

    fn series(gate: &StoreGate) -> usize {
        let version = gate.store().unwrap().pin();
        let all = version.select(&[], i64::MIN, i64::MAX).unwrap();
        let read = version.read(&all, i64::MIN, i64::MAX).unwrap();
        read.iter().filter(|series| !series.timestamps.is_empty()).count()
    }

    #[tokio::test]
    async fn snapshots_deletes_and_cleans() {
        let (gate, folder) = filled_gate().await;
        let requests = Requests(admin_routes(AdminState::new(gate.clone(), true)));
        let path = "/api/v1/admin/tsdb";
        let (status, body) = requests
            .post(&format!("{path}/snapshot"), "skip_head=false")
            .await;
        let body: serde_json::Value = serde_json::from_str(&body).unwrap();
        let name = body["data"]["name"].as_str().unwrap_or_default();
        assert_eq!(status, 200);
        assert!(
            folder
                .path()
                .join("snapshots")
                .join(name)
                .join("segments")
                .is_dir(),
            "{name}"
        );
        let delete = format!("{path}/delete_series");
        assert_eq!(requests.post(&delete, "match[]=up").await, (204, String::new()));
        assert_eq!(series(&gate), 3);
        assert_eq!(gate.store().unwrap().stats().upkeep.tombstones, 1);
        let clean = format!("{path}/clean_tombstones");
        assert_eq!(requests.post(&clean, "").await, (204, String::new()));
        assert_eq!(
            (series(&gate), gate.store().unwrap().stats().upkeep.tombstones),
            (3, 0)
        );
        for (path, form, error) in [
            (&delete, "", "no match[] parameter provided"),
            (
                &delete,
                "match[]={}",
                "invalid parameter \\\"match[]\\\": match[] must contain at least one non-empty matcher",
            ),
            (
                &format!("{path}/snapshot"),
                "skip_head=maybe",
                "unable to parse boolean",
            ),
        ] {
            let (status, body) = requests.post(path, form).await;
            assert!(status == 400 && body.contains(error), "{path} {form}: {body}");
        }
        assert_eq!(requests.get(&clean).await.0, 405);
    }
}

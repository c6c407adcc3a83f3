//! `/api/v1/status/…`: what the server says about itself: build, flags, configuration, runtime, store,
//! graph.

mod config;
mod graph;
mod store;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use engine_model::time::now_ms;
use serde::Serialize;

use crate::envelope::{Answer, Success};
use crate::gate::StoreGate;
use crate::wire_time::instant;
pub use config::ConfigStatus;
pub use graph::GraphState;
pub(crate) use graph::graph_routes;

/// The Prometheus whose HTTP API this crate speaks. Clients such as Grafana read it to learn what they
/// may ask for, so it is what `buildinfo` gives as the version.
pub const PROMETHEUS_VERSION: &str = "3.14.0";

/// What was built, and of what.
#[derive(Debug, Clone, Default)]
pub struct BuildInfo {
    /// Weir's version.
    pub version: String,
    /// Commit of the sources; empty when it is not known.
    pub revision: String,
    /// Branch of the sources; empty when it is not known.
    pub branch: String,
    /// When it was built; empty when it is not known.
    pub build_date: String,
    /// Version of the Rust compiler; empty when it is not known.
    pub rust_version: String,
}

/// What the family needs. Clones share it.
#[derive(Debug, Clone)]
pub struct StatusState {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    gate: StoreGate,
    build: BuildInfo,
    flags: BTreeMap<String, String>,
    config: Arc<ConfigStatus>,
    started_ms: i64,
}

impl StatusState {
    /// The status of a server that runs since `started_ms` with these flags.
    pub fn new(
        gate: StoreGate,
        build: BuildInfo,
        flags: BTreeMap<String, String>,
        config: Arc<ConfigStatus>,
        started_ms: i64,
    ) -> Self {
        let inner = Inner {
            gate,
            build,
            flags,
            config,
            started_ms,
        };
        Self {
            inner: Arc::new(inner),
        }
    }
}

/// The routes of the family, but for the graph and the replay, which answer before the server is ready, and
/// what is told of stored samples.
pub(crate) fn status_routes(state: StatusState) -> Router {
    Router::new()
        .route("/api/v1/status/buildinfo", get(build_info))
        .route("/api/v1/status/flags", get(flags))
        .route("/api/v1/status/config", get(current_config))
        .route("/api/v1/status/runtimeinfo", get(runtime_info))
        .with_state(state)
}

/// What the status tells of stored samples.
pub(crate) fn head_routes(state: StatusState) -> Router {
    Router::new()
        .route("/api/v1/status/tsdb", get(store::head_statistics))
        .route("/api/v1/status/tsdb/blocks", get(store::segments))
        .with_state(state)
}

/// `/api/v1/status/walreplay`, which answers while the store opens.
pub(crate) fn replay_routes(gate: StoreGate) -> Router {
    Router::new()
        .route("/api/v1/status/walreplay", get(store::replay))
        .with_state(gate)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BuildAnswer<'a> {
    version: &'static str,
    revision: &'a str,
    branch: &'a str,
    build_user: &'static str,
    build_date: &'a str,
    /// There is no Go in it.
    go_version: &'static str,
    application: &'static str,
    weir_version: &'a str,
    rust_version: &'a str,
}

async fn build_info(State(state): State<StatusState>) -> Answer {
    let build = &state.inner.build;
    Ok(Success::of(&BuildAnswer {
        version: PROMETHEUS_VERSION,
        revision: &build.revision,
        branch: &build.branch,
        build_user: "",
        build_date: &build.build_date,
        go_version: "",
        application: "Weir",
        weir_version: &build.version,
        rust_version: &build.rust_version,
    }))
}

async fn flags(State(state): State<StatusState>) -> Answer {
    Ok(Success::of(&state.inner.flags))
}

#[derive(Serialize)]
struct ConfigAnswer<'a> {
    yaml: &'a str,
}

async fn current_config(State(state): State<StatusState>) -> Answer {
    Ok(Success::of(&ConfigAnswer {
        yaml: &state.inner.config.yaml(),
    }))
}

/// Go's names stand for what comes nearest to them here.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RuntimeAnswer {
    start_time: String,
    #[serde(rename = "CWD")]
    working_directory: String,
    hostname: String,
    server_time: String,
    reload_config_success: bool,
    last_config_time: String,
    /// Torn tails that the last replay of the log cut off.
    corruption_count: u64,
    /// Tasks of the runtime that serves the network.
    goroutine_count: usize,
    /// Threads of that runtime.
    #[serde(rename = "GOMAXPROCS")]
    threads: usize,
    /// Go's way of writing that there is no limit.
    #[serde(rename = "GOMEMLIMIT")]
    memory_limit: i64,
    #[serde(rename = "GOGC")]
    collector: &'static str,
    #[serde(rename = "GODEBUG")]
    debug: &'static str,
    storage_retention: String,
}

async fn runtime_info(State(state): State<StatusState>) -> Answer {
    let inner = &state.inner;
    let stats = inner.gate.store()?.stats();
    let runtime = tokio::runtime::Handle::current().metrics();
    let directory = std::env::current_dir().unwrap_or_default();
    Ok(Success::of(&RuntimeAnswer {
        start_time: instant(Some(inner.started_ms)),
        working_directory: directory.display().to_string(),
        hostname: rustix::system::uname().nodename().to_string_lossy().into_owned(),
        server_time: instant(Some(now_ms())),
        reload_config_success: inner.config.last_reload_worked(),
        last_config_time: instant(inner.config.loaded_ms()),
        corruption_count: u64::from(stats.torn_bytes > 0),
        goroutine_count: runtime.num_alive_tasks(),
        threads: runtime.num_workers(),
        memory_limit: i64::MAX,
        collector: "",
        debug: "",
        storage_retention: store::retention_text(&inner.gate.store()?.retention()),
    }))
}

//! Ingest: the graph with its sink, the write receiver, and one source for each scrape job.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use connectors_peers::remote_write::{self, RemoteWrite};
use connectors_peers::scrape::{
    ScrapeConfig, ScrapeHandle, ScrapeMetrics, ScrapeShared, ScrapeSource, TargetsStatus, node_name,
    offset_seed,
};
use engine_dataflow::{ChangeError, Graph, InvalidPlan, NodeState, RunningGraph};
use engine_model::WallClock;
use engine_storage::Store;

use super::storage::{APPEND_NODE, AppendSink};
use crate::config::ServerConfig;

/// Name of the node that stands for the alert router.
pub(super) const ROUTER_NODE: &str = "alert-router";

/// What ingests.
pub(super) struct Ingest {
    pub(super) graph: RunningGraph,
    pub(super) remote_write: Arc<RemoteWrite>,
    pub(super) targets: Arc<TargetsStatus>,
    pub(super) scrape_metrics: Arc<ScrapeMetrics>,
    shared: Arc<ScrapeShared>,
    /// Running jobs by name. A job whose handle is dropped goes on as it is.
    jobs: HashMap<String, ScrapeHandle>,
}

/// Batches that wait for the store from one job. A target has at most one batch under way, so this
/// many targets of a job can be late at once before the others wait for the store.
const JOB_BATCHES_MAX: usize = 64;
/// Write requests that wait for the store; their senders wait with them.
const WRITE_BATCHES_MAX: usize = 64;

/// Builds and starts the graph, without scrape jobs yet.
pub(super) fn start(store: &Store, config: &ServerConfig) -> Result<Ingest, InvalidPlan> {
    let table = store.series_table();
    let (inlet, remote_write) = RemoteWrite::new(Arc::clone(table), WallClock::system());
    let graph = Graph::builder()
        .source(remote_write::NODE_NAME, Box::new(inlet))
        .sink(APPEND_NODE, Box::new(AppendSink::new(store.clone())))
        .tap(ROUTER_NODE)
        .edge(
            remote_write::NODE_NAME,
            APPEND_NODE,
            WRITE_BATCHES_MAX,
            "each waiting request holds its sender back, so this bounds their memory",
        )
        .build()?
        .start(&tokio::runtime::Handle::current());
    let shared = Arc::new(ScrapeShared {
        table: Arc::clone(table),
        status: Arc::default(),
        metrics: Arc::default(),
        clock: WallClock::system(),
        offset_seed: offset_seed(&host_name(), &config.external_labels),
        start_timestamp_zeros: false,
        user_agent: Arc::from(concat!("Weir/", env!("CARGO_PKG_VERSION"))),
    });
    Ok(Ingest {
        graph,
        remote_write,
        targets: Arc::clone(&shared.status),
        scrape_metrics: Arc::clone(&shared.metrics),
        shared,
        jobs: HashMap::new(),
    })
}

impl Ingest {
    /// Makes these the scrape jobs. Jobs that stay are told of changes and keep what did not change;
    /// those that go write their stale markers and then leave the graph.
    pub(super) async fn scrape(&mut self, jobs: &[ScrapeConfig]) -> Result<(), ChangeError> {
        let gone: Vec<String> = self
            .jobs
            .keys()
            .filter(|name| jobs.iter().all(|job| job.job_name != **name))
            .cloned()
            .collect();
        for name in gone {
            if let Some(handle) = self.jobs.remove(&name) {
                handle.retire();
                tokio::spawn(remove_when_exhausted(self.graph.clone(), node_name(&name)));
            }
        }
        for job in jobs {
            if let Some(handle) = self.jobs.get(&job.job_name) {
                handle.reload(job.clone());
                continue;
            }
            let (source, handle) = ScrapeSource::new(job.clone(), Arc::clone(&self.shared));
            let reason =
                "a target has one batch under way: more late targets of a job than this wait for the store";
            let node = node_name(&job.job_name);
            self.graph
                .add_source(
                    node.as_str(),
                    Box::new(source),
                    APPEND_NODE,
                    JOB_BATCHES_MAX,
                    reason,
                )
                .await?;
            self.jobs.insert(job.job_name.clone(), handle);
        }
        Ok(())
    }
}

/// Takes a retired job's node out of the graph once it has written its markers.
async fn remove_when_exhausted(graph: RunningGraph, node: String) {
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let status = graph.status();
        let Some(state) = status
            .nodes
            .iter()
            .find(|n| n.id.as_str() == node)
            .map(|n| &n.state)
        else {
            return;
        };
        if !matches!(state, NodeState::Finished) {
            continue;
        }
        if let Err(error) = graph.remove_source(node.as_str(), Duration::from_secs(1)).await {
            tracing::warn!(%error, node, "a retired scrape job could not be taken out of the graph");
        }
        return;
    }
}

/// This machine's name, which shifts the phase of scrapes; an unreadable one shifts nothing.
pub(super) fn host_name() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname")
        .map(|name| name.trim().to_owned())
        .unwrap_or_default()
}

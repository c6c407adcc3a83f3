//! Ingest: the graph with its sink, the write receiver, and one source for each scrape job.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use connectors_peers::IngestFeatures;
use connectors_peers::discovery::{Discoveries, DiscoveryMetrics};
use connectors_peers::import::{self, TextImport};
use connectors_peers::remote_write::{self, RemoteWrite};
use connectors_peers::scrape::{
    ScrapeConfig, ScrapeHandle, ScrapeMetrics, ScrapeShared, ScrapeSource, TargetsStatus, node_name,
    offset_seed,
};
use engine_dataflow::{ChangeError, Graph, InvalidPlan, NodeState, RunningGraph};
use engine_model::{Labels, WallClock};
use engine_storage::Store;

use super::storage::{APPEND_NODE, AppendSink};
use crate::config::ServerConfig;

/// Name of the node that stands for the alert router.
pub(super) const ROUTER_NODE: &str = "alert-router";

/// What targets and other servers see.
const USER_AGENT: &str = concat!("Weir/", env!("CARGO_PKG_VERSION"));

/// What ingests.
pub(super) struct Ingest {
    pub(super) graph: RunningGraph,
    pub(super) remote_write: Arc<RemoteWrite>,
    pub(super) text_import: Arc<TextImport>,
    pub(super) targets: Arc<TargetsStatus>,
    pub(super) scrape_metrics: Arc<ScrapeMetrics>,
    pub(super) discovery_metrics: Arc<DiscoveryMetrics>,
    shared: Arc<ScrapeShared>,
    /// Running jobs by name.
    jobs: HashMap<String, Job>,
}

/// A running job.
struct Job {
    config: ScrapeConfig,
    /// A job whose handle is dropped goes on as it is.
    handle: ScrapeHandle,
    /// Its node in the graph.
    node: String,
}

/// Batches that wait for the store from one job. A target has at most one batch under way, so this
/// many targets of a job can be late at once before the others wait for the store.
const JOB_BATCHES_MAX: usize = 64;
/// Write requests that wait for the store; their senders wait with them.
const WRITE_BATCHES_MAX: usize = 64;

/// Pieces of text imports that wait for the store; as many imports run at a time.
const IMPORT_BATCHES_MAX: usize = 4;

/// Builds and starts the graph, without scrape jobs yet.
pub(super) fn start(
    store: &Store,
    config: &ServerConfig,
    features: IngestFeatures,
) -> Result<Ingest, InvalidPlan> {
    let table = store.series_table();
    let (inlet, remote_write) = RemoteWrite::new(Arc::clone(table), WallClock::system(), features);
    let (import_inlet, text_import) = TextImport::new(Arc::clone(table), WallClock::system(), features);
    let graph = Graph::builder()
        .source(remote_write::NODE_NAME, Box::new(inlet))
        .source(import::NODE_NAME, Box::new(import_inlet))
        .sink(APPEND_NODE, Box::new(AppendSink::new(store.clone())))
        .tap(ROUTER_NODE)
        .edge(
            remote_write::NODE_NAME,
            APPEND_NODE,
            WRITE_BATCHES_MAX,
            "each waiting request holds its sender back, so this bounds their memory",
        )
        .edge(
            import::NODE_NAME,
            APPEND_NODE,
            IMPORT_BATCHES_MAX,
            "an import has one batch under way, and few run at a time",
        )
        .build()?
        .start(&tokio::runtime::Handle::current());
    let shared = Arc::new(ScrapeShared {
        discoveries: Discoveries::new(Arc::from(USER_AGENT)),
        table: Arc::clone(table),
        status: Arc::default(),
        metrics: Arc::default(),
        clock: WallClock::system(),
        offset_seed: AtomicU64::new(offset_seed(&host_name(), &config.external_labels)),
        features,
        user_agent: Arc::from(USER_AGENT),
    });
    Ok(Ingest {
        graph,
        remote_write,
        text_import,
        targets: Arc::clone(&shared.status),
        scrape_metrics: Arc::clone(&shared.metrics),
        discovery_metrics: Arc::clone(shared.discoveries.metrics()),
        shared,
        jobs: HashMap::new(),
    })
}

impl Ingest {
    /// Shifts the phases of targets that are scraped from now on, as Prometheus does; those that are scraped
    /// already keep theirs.
    pub(super) fn set_external_labels(&self, labels: &Labels) {
        let seed = offset_seed(&host_name(), labels);
        self.shared.offset_seed.store(seed, Ordering::Relaxed);
    }

    /// Makes these the scrape jobs. Jobs that stay as they are hear nothing of it; those that change keep
    /// what did not change in them; those that go write their stale markers and then leave the graph.
    pub(super) async fn scrape(&mut self, jobs: &[ScrapeConfig]) -> Result<(), ChangeError> {
        let gone: Vec<String> = self
            .jobs
            .keys()
            .filter(|name| jobs.iter().all(|job| job.job_name != **name))
            .cloned()
            .collect();
        let mut changes = Changes::default();
        for name in gone {
            if let Some(job) = self.jobs.remove(&name) {
                changes.removed += 1;
                job.handle.retire();
                tokio::spawn(remove_when_exhausted(self.graph.clone(), job.node));
            }
        }
        for config in jobs {
            match self.jobs.get_mut(&config.job_name) {
                Some(job) if job.config == *config => changes.kept += 1,
                Some(job) => {
                    changes.changed += 1;
                    job.handle.reload(config.clone());
                    job.config = config.clone();
                }
                None => {
                    changes.added += 1;
                    self.add(config).await?;
                }
            }
        }
        let Changes {
            added,
            changed,
            removed,
            kept,
        } = changes;
        tracing::info!(
            added,
            changed,
            removed,
            kept,
            "scrape jobs are those of the configuration"
        );
        Ok(())
    }

    async fn add(&mut self, config: &ScrapeConfig) -> Result<(), ChangeError> {
        let (source, handle) = ScrapeSource::new(config.clone(), Arc::clone(&self.shared));
        let node = self.free_node_name(&config.job_name);
        let reason =
            "a target has one batch under way: more late targets of a job than this wait for the store";
        self.graph
            .add_source(
                node.as_str(),
                Box::new(source),
                APPEND_NODE,
                JOB_BATCHES_MAX,
                reason,
            )
            .await?;
        let job = Job {
            config: config.clone(),
            handle,
            node,
        };
        self.jobs.insert(config.job_name.clone(), job);
        Ok(())
    }

    /// The job's node name, numbered while a removed job of that name still waits to write its markers.
    fn free_node_name(&self, job_name: &str) -> String {
        let name = node_name(job_name);
        let nodes = self.graph.status().nodes;
        let is_free = |name: &String| nodes.iter().all(|node| node.id.as_str() != name);
        if is_free(&name) {
            return name;
        }
        let mut numbered = (2_u32..).map(|number| format!("{name} ({number})"));
        numbered.find(is_free).unwrap_or(name)
    }
}

/// What a reload did to the scrape jobs.
#[derive(Debug, Default)]
struct Changes {
    added: usize,
    changed: usize,
    removed: usize,
    kept: usize,
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

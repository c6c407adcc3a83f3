//! The running server: its pieces, how they are started, and how they are taken down.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use alert_router::RouterHandle;
use anyhow::Context as _;
use engine_model::Labels;
use engine_storage::Store;
use parking_lot::RwLock;
use queries_promql::Engine;
use queries_rules::RuleManager;
use queries_sql::SqlEngine;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;
use web_api::{ConfigStatus, ConfiguredJob, ConfiguredJobs, QueryLog, QueryPlaces};

use super::features::Features;
use super::ingest::Ingest;
use super::queries::StoredQueries;
use super::{alerts, ingest, queries, rules, sql, storage};
use crate::cli::RunOptions;
use crate::config::{ConfigError, ServerConfig, StorageConfig};

/// Longest that batches on their way get at a shutdown.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest that notifications on their way get at a shutdown.
const NOTIFICATION_PATIENCE: Duration = Duration::from_secs(5);

/// Everything that runs behind the network.
pub(crate) struct Server {
    pub(super) store: Store,
    pub(super) engine: Arc<Engine>,
    pub(super) places: Arc<QueryPlaces>,
    pub(super) query_log: Arc<QueryLog>,
    pub(super) sql: Arc<SqlEngine>,
    pub(super) ingest: Ingest,
    pub(super) router: RouterHandle,
    pub(super) rules: RuleManager,
    pub(super) config_status: Arc<ConfigStatus>,
    pub(super) jobs: Arc<ConfiguredJobs>,
    pub(super) features: Features,
    pub(super) external_labels: Arc<RwLock<Labels>>,
    external_url: String,
    /// What the store was opened with.
    storage: StorageConfig,
    stop: CancellationToken,
    query_runtime: Runtime,
}

/// What the HTTP endpoints show beside the server itself.
#[derive(Debug, Clone)]
pub(crate) struct Started {
    pub(crate) options: RunOptions,
    pub(crate) address: SocketAddr,
    pub(crate) external_url: String,
    pub(crate) started_ms: i64,
}

impl Started {
    /// Reads the configuration that the command line names.
    pub(crate) fn read_config(&self) -> Result<ServerConfig, ConfigError> {
        match &self.options.config_file {
            Some(file) => ServerConfig::read(file),
            None => ServerConfig::built_in(self.address.port()),
        }
    }
}

impl Server {
    /// Starts everything in order; what was acknowledged before can be read when the store's log is replayed.
    pub(crate) async fn start(started: &Started, config: ServerConfig) -> anyhow::Result<Self> {
        let Started {
            options,
            external_url,
            ..
        } = started;
        let features = Features::of(&options.features);
        let store = storage::open(options, features, &config.storage).await?;
        let query_runtime = queries::runtime()?;
        let memory = queries::memory(options);
        let interval_ms = config.evaluation_interval_ms;
        let engine = queries::engine(
            options,
            features,
            interval_ms,
            &query_runtime,
            Arc::clone(&memory),
        );
        let (places, query_log) = (queries::places(options)?, Arc::<QueryLog>::default());
        let shared = sql::Shared {
            runtime: &query_runtime,
            memory,
            places: Arc::clone(&places),
            log: Arc::clone(&query_log),
        };
        let sql = sql::engine(options, shared, &engine);
        let ingest = ingest::start(&store, &config, features.ingest)?;
        let router = alerts::start(config.alert_router.clone(), external_url, &options.storage_path).await?;
        let external_labels = Arc::new(RwLock::new(Labels::empty()));
        let to_router = alerts::ToRouter {
            router: router.clone(),
            external_labels: Arc::clone(&external_labels),
        };
        let stored = StoredQueries {
            engine: Arc::clone(&engine),
            store: store.clone(),
            places: Arc::clone(&places),
            log: Arc::clone(&query_log),
        };
        let rules = rules::manager(&ingest.graph, stored, Arc::new(to_router), &store);
        let stop = CancellationToken::new();
        tokio::spawn(storage::maintain(store.clone(), stop.clone()));
        let mut server = Self {
            storage: config.storage.clone(),
            store,
            engine,
            places,
            query_log,
            sql,
            ingest,
            router,
            rules,
            config_status: Arc::default(),
            jobs: Arc::default(),
            features,
            external_labels,
            external_url: external_url.clone(),
            stop,
            query_runtime,
        };
        server.open_query_log(&config)?;
        server.apply(config).await?;
        Ok(server)
    }

    /// Reads the configuration again and makes it the one in force. What cannot be used changes nothing.
    pub(crate) async fn reload(&mut self, started: &Started) -> anyhow::Result<()> {
        let applied = self.take_over(started).await;
        if applied.is_err() {
            self.config_status.failed();
        }
        applied
    }

    /// What a configuration can fail at comes first; after that only a server that stops refuses it.
    async fn take_over(&mut self, started: &Started) -> anyhow::Result<()> {
        let config = started.read_config()?;
        self.open_query_log(&config)?;
        self.router.reload(config.alert_router.clone()).await?;
        storage::reload(&self.store, &started.options, &self.storage, &config.storage);
        self.apply(config).await
    }

    fn open_query_log(&self, config: &ServerConfig) -> anyhow::Result<()> {
        let log = config.query_log_file.as_deref();
        self.query_log.open(log).with_context(|| {
            format!(
                "cannot open the query log {}",
                log.unwrap_or(Path::new("")).display()
            )
        })
    }

    /// Jobs and rule groups that do not change go on undisturbed.
    async fn apply(&mut self, config: ServerConfig) -> anyhow::Result<()> {
        *self.external_labels.write() = config.external_labels.clone();
        self.ingest.set_external_labels(&config.external_labels);
        self.ingest.scrape(&config.scrape).await?;
        self.jobs.set(jobs_of(&config));
        let settings = rules::settings(&config, &self.external_url);
        self.rules.apply(config.rule_groups, settings).await?;
        self.config_status
            .loaded(&config.redacted, engine_model::time::now_ms());
        Ok(())
    }

    /// Resolves when the server cannot go on: the graph commits nothing more, or the log cannot be replayed.
    pub(crate) async fn failed(&self) -> anyhow::Error {
        tokio::select! {
            failure = self.ingest.graph.failed() => anyhow::anyhow!("{failure}"),
            error = storage::unreadable(&self.store) => error,
        }
    }

    /// Takes everything down so that nothing that was acknowledged is lost: sources first, then the
    /// router, the store last. The server is taken down whatever fails on the way.
    pub(crate) async fn stop(self) {
        self.stop.cancel();
        let drained = self.ingest.graph.drain(DRAIN_TIMEOUT).await;
        if !drained.is_clean() {
            tracing::warn!(
                timed_out = ?drained.timed_out, failed = ?drained.failed, batches_dropped = drained.batches_dropped,
                "the graph did not drain cleanly"
            );
        }
        if let Err(error) = self.router.shutdown(NOTIFICATION_PATIENCE).await {
            tracing::warn!(%error, "the alert router did not shut down cleanly");
        }
        if let Err(error) = self.store.close().await {
            tracing::error!(error = %format!("{:#}", anyhow::Error::new(error)), "the store did not close cleanly");
        }
        self.query_runtime.shutdown_background();
    }
}

/// What the API shows of jobs.
fn jobs_of(config: &ServerConfig) -> impl Iterator<Item = (String, ConfiguredJob)> {
    config.scrape.iter().map(|job| {
        let text = config.job_texts.get(&job.job_name);
        let shown = ConfiguredJob {
            yaml: text.cloned().unwrap_or_default(),
            relabel_rules: job.relabel_rules.clone(),
        };
        (job.job_name.clone(), shown)
    })
}

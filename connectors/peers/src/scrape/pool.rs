//! The loops of one job: started, kept, replaced and removed as its configuration changes.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use engine_dataflow::Output;
use engine_http_client::{ClientError, HttpClient};
use engine_settings::HttpClientOptions;
use parking_lot::Mutex;
use tokio::sync::{Notify, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

use crate::discovery::Groups;

use super::assemble::{Assembler, Shared};
use super::config::{Limits, ScrapeConfig, default_protocols};
use super::failure_log::FailureLog;
use super::fetch::HttpFetch;
use super::line_cache::Tracked;
use super::schedule::Schedule;
use super::scrape_loop::{Order, ScrapeLoop};
use super::source::ScrapeShared;
use super::status::ActiveTarget;
use super::target::{Target, targets_of};

struct Running {
    active: Arc<ActiveTarget>,
    config: Arc<ScrapeConfig>,
    orders: watch::Sender<Order>,
    task: JoinHandle<Vec<Tracked>>,
}

/// The loops of one job.
pub(super) struct Pool {
    shared: Arc<ScrapeShared>,
    /// What the targets share for reading their bodies.
    reading: Shared,
    output: Output,
    origin: Arc<str>,
    shutdown: CancellationToken,
    /// Stops all loops when the pool is dropped, also by a panic.
    _stop_on_drop: tokio_util::sync::DropGuard,
    forced_error: Arc<Mutex<Option<String>>>,
    failure_log: Arc<FailureLog>,
    client: Option<(HttpClientOptions, HttpClient)>,
    /// Clients of targets that listen at Unix sockets: connections are kept by host, so each socket has its own.
    socket_clients: HashMap<Arc<Path>, HttpClient>,
    /// By the target's hash.
    running: HashMap<u64, Running>,
    /// Removed targets that wait to write their markers.
    ending: JoinSet<()>,
    panicked: Arc<Notify>,
}

/// What a pool notices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PoolEvent {
    /// A loop panicked: the pool has to be made again.
    Panicked,
    /// A removed target wrote its markers.
    Ended,
}

/// Tells the pool when its loop panics, so that no target stays unscraped unnoticed.
struct PanicSignal(Arc<Notify>);

impl Drop for PanicSignal {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.notify_one();
        }
    }
}

impl Pool {
    pub(super) fn new(
        shared: Arc<ScrapeShared>,
        output: Output,
        origin: Arc<str>,
        shutdown: &CancellationToken,
    ) -> Self {
        let shutdown = shutdown.child_token();
        let reading = Shared {
            table: Arc::clone(&shared.table),
            features: shared.features,
            ..Shared::default()
        };
        Self {
            shared,
            reading,
            output,
            origin,
            _stop_on_drop: shutdown.clone().drop_guard(),
            shutdown,
            forced_error: Arc::default(),
            failure_log: Arc::default(),
            client: None,
            socket_clients: HashMap::new(),
            running: HashMap::new(),
            ending: JoinSet::new(),
            panicked: Arc::default(),
        }
    }

    /// Makes the loops those of `config` and what its discoverers found. Loops that the change does not touch go on undisturbed.
    pub(super) async fn sync(
        &mut self,
        mut config: Arc<ScrapeConfig>,
        discovered: &[Groups],
    ) -> Result<(), ClientError> {
        // Only protobuf has a start timestamp with every sample.
        if self.shared.features.reads_starts() && config.protocols.is_none() {
            Arc::make_mut(&mut config).protocols = Some(default_protocols(true));
        }
        let set = targets_of(&config, discovered);
        let client = self.client(&config)?;
        for fault in set.dropped.iter().filter_map(|dropped| dropped.fault.as_deref()) {
            self.shared.metrics.sync_failed.add(1);
            error!(job = %config.job_name, fault, "creating target failed");
        }
        self.limit_targets(&config, set.active.len());
        self.reading.limit.set_max(config.limits.series);
        if let Err(error) = self.failure_log.open(config.failure_log_file.as_deref()) {
            let file = config.failure_log_file.as_deref().unwrap_or(Path::new(""));
            error!(job = %config.job_name, file = %file.display(), %error, "scrape_failure_log_file cannot be opened");
        }
        let wanted: HashMap<u64, &Arc<Target>> = set.active.iter().map(|t| (t.hash, t)).collect();
        let gone: Vec<u64> = self
            .running
            .keys()
            .filter(|hash| !wanted.contains_key(hash))
            .copied()
            .collect();
        for hash in gone {
            self.remove(hash);
        }
        // All are told first, so that the wait is for the slowest and not for the sum.
        for running in self.running.values() {
            if !scrapes_alike(&running.config, &config) {
                running.orders.send_replace(Order::HandOver);
            }
        }
        let sockets: HashSet<&Arc<Path>> = set.active.iter().filter_map(|t| t.socket.as_ref()).collect();
        self.socket_clients.retain(|socket, _| sockets.contains(socket));
        let mut active = Vec::new();
        for target in &set.active {
            let client = match &target.socket {
                Some(socket) => self.socket_client(socket, &config)?,
                None => client.clone(),
            };
            active.push(self.start_or_keep(target, &config, &client).await);
        }
        self.shared.status.publish(
            &config.job_name,
            active,
            &set,
            &self.reading.limit,
            config.limits.targets,
        );
        Ok(())
    }

    /// The job's client. It is kept while its options stay, and its connections and tokens with it.
    fn client(&mut self, config: &ScrapeConfig) -> Result<HttpClient, ClientError> {
        if let Some((_, client)) = self
            .client
            .as_ref()
            .filter(|(options, _)| *options == config.http)
        {
            return Ok(client.clone());
        }
        let client = HttpClient::new(&config.http)?;
        self.socket_clients.clear();
        self.client = Some((config.http.clone(), client.clone()));
        Ok(client)
    }

    fn socket_client(
        &mut self,
        socket: &Arc<Path>,
        config: &ScrapeConfig,
    ) -> Result<HttpClient, ClientError> {
        if let Some(client) = self.socket_clients.get(socket) {
            return Ok(client.clone());
        }
        let client = HttpClient::at_socket(&config.http, socket)?;
        self.socket_clients.insert(Arc::clone(socket), client.clone());
        Ok(client)
    }

    /// Removes all targets, which then write their markers.
    pub(super) fn retire(&mut self) {
        let hashes: Vec<u64> = self.running.keys().copied().collect();
        for hash in hashes {
            self.remove(hash);
        }
    }

    /// Waits for something that happens by itself. Safe to cancel.
    pub(super) async fn next_event(&mut self) -> PoolEvent {
        tokio::select! {
            () = self.panicked.notified() => PoolEvent::Panicked,
            Some(_) = self.ending.join_next() => PoolEvent::Ended,
        }
    }

    /// Whether nothing runs and nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.running.is_empty() && self.ending.is_empty()
    }

    /// Stops all loops without markers and waits for them.
    pub(super) async fn shut_down(mut self) {
        self.shutdown.cancel();
        for (_, running) in self.running.drain() {
            drop(running.task.await);
        }
        while self.ending.join_next().await.is_some() {}
    }

    async fn start_or_keep(
        &mut self,
        target: &Arc<Target>,
        config: &Arc<ScrapeConfig>,
        client: &HttpClient,
    ) -> Arc<ActiveTarget> {
        let Some(running) = self.running.remove(&target.hash) else {
            let active = Arc::new(ActiveTarget::new(Arc::clone(target)));
            return self.start(target, config, client, active, Vec::new());
        };
        let active = Arc::clone(&running.active);
        active.rediscovered(Arc::clone(target));
        if scrapes_alike(&running.config, config) {
            self.running.insert(target.hash, running);
            return active;
        }
        let tracked = running.task.await.unwrap_or_else(|error| {
            warn!(job = %config.job_name, %error, "scrape loop failed");
            Vec::new()
        });
        self.start(target, config, client, active, tracked)
    }

    fn start(
        &mut self,
        target: &Arc<Target>,
        config: &Arc<ScrapeConfig>,
        client: &HttpClient,
        active: Arc<ActiveTarget>,
        tracked: Vec<Tracked>,
    ) -> Arc<ActiveTarget> {
        let shared = &self.shared;
        let (orders, order) = watch::channel(Order::Run);
        let scrape_loop = ScrapeLoop {
            active: Arc::clone(&active),
            config: Arc::clone(config),
            schedule: Schedule::new(
                target.interval_ms,
                target.hash,
                shared.offset_seed.load(Ordering::Relaxed),
            ),
            fetch: Box::new(HttpFetch::new(
                client.clone(),
                Arc::clone(target),
                Arc::clone(config),
                Arc::clone(&shared.user_agent),
            )),
            assembler: Assembler::new(
                Arc::clone(target),
                Arc::clone(config),
                &self.reading,
                active.shared_metadata(),
                tracked,
            ),
            output: self.output.clone(),
            origin: Arc::clone(&self.origin),
            clock: shared.clock.clone(),
            metrics: Arc::clone(&shared.metrics),
            forced_error: Arc::clone(&self.forced_error),
            failure_log: Arc::clone(&self.failure_log),
            orders: order,
            shutdown: self.shutdown.clone(),
        };
        let signal = PanicSignal(Arc::clone(&self.panicked));
        let running = Running {
            active: Arc::clone(&active),
            config: Arc::clone(config),
            orders,
            task: tokio::spawn(async move {
                let _signal = signal;
                scrape_loop.run().await
            }),
        };
        self.running.insert(target.hash, running);
        active
    }

    fn remove(&mut self, hash: u64) {
        if let Some(running) = self.running.remove(&hash) {
            self.ending.spawn(async move {
                running.orders.send_replace(Order::Remove);
                if let Err(error) = running.task.await {
                    warn!(%error, "scrape loop failed");
                }
            });
        }
    }

    fn limit_targets(&self, config: &ScrapeConfig, count: usize) {
        let limit = config.limits.targets;
        let exceeded = limit > 0 && count as u64 > limit;
        if exceeded {
            self.shared.metrics.exceeded_target_limit.add(1);
        }
        *self.forced_error.lock() =
            exceeded.then(|| format!("target_limit exceeded (number of targets: {count}, limit: {limit})"));
    }
}

/// Whether a loop of one configuration can go on under the other: all that is not in the targets.
fn scrapes_alike(old: &ScrapeConfig, new: &ScrapeConfig) -> bool {
    let scraping = |config: &ScrapeConfig| ScrapeConfig {
        relabel_rules: Vec::new(),
        static_groups: Vec::new(),
        discovery: Vec::new(),
        keep_dropped_targets: 0,
        failure_log_file: None,
        limits: Limits {
            targets: 0,
            series: 0,
            ..config.limits.clone()
        },
        ..config.clone()
    };
    scraping(old) == scraping(new)
}

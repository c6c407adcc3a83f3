//! A job as a source of the graph, and the handle that reloads or retires it.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use async_trait::async_trait;
use engine_dataflow::{NodeError, Output, Source, SourceContext};
use engine_model::SeriesTable;
use tokio::sync::watch;

use engine_model::WallClock;

use crate::IngestFeatures;
use crate::discovery::{Discovered, Discoveries};

use super::config::ScrapeConfig;
use super::metrics::ScrapeMetrics;
use super::pool::{Pool, PoolEvent};
use super::status::TargetsStatus;

/// What all jobs share.
#[derive(Debug)]
pub struct ScrapeShared {
    /// Names the series of every batch.
    pub table: Arc<SeriesTable>,
    /// Where targets are shown.
    pub status: Arc<TargetsStatus>,
    /// What went wrong so far.
    pub metrics: Arc<ScrapeMetrics>,
    /// Runs the discoverers of all jobs.
    pub discoveries: Arc<Discoveries>,
    /// The clock that scrapes are due by.
    pub clock: WallClock,
    /// Shifts the phases of this server, from [`offset_seed`](super::offset_seed).
    pub offset_seed: AtomicU64,
    /// What is done with start timestamps, types and units.
    pub features: IngestFeatures,
    /// What targets see, such as `Weir/0.1.0`.
    pub user_agent: Arc<str>,
}

/// The source of one job. Its node is called by [`node_name`].
#[derive(Debug)]
pub struct ScrapeSource {
    shared: Arc<ScrapeShared>,
    config: watch::Receiver<Option<Arc<ScrapeConfig>>>,
}

/// Changes a job while its source runs.
#[derive(Debug, Clone)]
pub struct ScrapeHandle {
    config: watch::Sender<Option<Arc<ScrapeConfig>>>,
}

/// The name of a job's node: `scrape/<job>`.
pub fn node_name(job_name: &str) -> String {
    format!("scrape/{job_name}")
}

impl ScrapeSource {
    /// A source for a job, and its handle.
    pub fn new(config: ScrapeConfig, shared: Arc<ScrapeShared>) -> (Self, ScrapeHandle) {
        let (sender, receiver) = watch::channel(Some(Arc::new(config)));
        let source = Self {
            shared,
            config: receiver,
        };
        (source, ScrapeHandle { config: sender })
    }
}

impl ScrapeHandle {
    /// Takes a new configuration of the same job. Targets that it does not change go on undisturbed;
    /// those that are gone end with stale markers.
    pub fn reload(&self, config: ScrapeConfig) {
        self.config.send_replace(Some(Arc::new(config)));
    }

    /// Ends the job: all its series get stale markers after two intervals, then the source is
    /// exhausted and its node can be removed. Removing the node earlier writes no markers.
    pub fn retire(&self) {
        self.config.send_replace(None);
    }
}

impl ScrapeSource {
    /// Makes the pool's targets those that the configuration names and its discoverers know.
    async fn sync(
        &self,
        pool: &mut Pool,
        config: &Arc<ScrapeConfig>,
        discovered: &mut Discovered,
    ) -> Result<(), NodeError> {
        let groups = discovered.take();
        if !config.discovery.is_empty() {
            self.shared.discoveries.metrics().updates.add(1);
        }
        Ok(pool.sync(Arc::clone(config), &groups).await?)
    }
}

#[async_trait]
impl Source for ScrapeSource {
    async fn run(&mut self, context: SourceContext, output: Output) -> Result<(), NodeError> {
        let shutdown = context.shutdown.clone();
        let mut pool = Pool::new(Arc::clone(&self.shared), output, context.node.into(), &shutdown);
        let mut discovered = Discovered::default();
        // The configuration at the start counts as changed.
        self.config.mark_changed();
        let mut handle_is_gone = false;
        let mut current: Option<Arc<ScrapeConfig>> = None;
        loop {
            tokio::select! {
                biased;
                () = shutdown.cancelled() => break,
                changed = self.config.changed(), if !handle_is_gone => {
                    // Without a handle the latest configuration stays for good.
                    handle_is_gone = changed.is_err();
                    if !handle_is_gone {
                        let next = self.config.borrow_and_update().clone();
                        match (&next, &current) {
                            (Some(config), _) => {
                                discovered.listen(&self.shared.discoveries, &config.discovery, &config.job_name);
                                tokio::select! {
                                    biased;
                                    () = shutdown.cancelled() => break,
                                    () = discovered.settled() => {}
                                }
                                self.sync(&mut pool, config, &mut discovered).await?;
                            }
                            (None, Some(last)) => {
                                discovered = Discovered::default();
                                self.shared.status.remove(&last.job_name);
                                pool.retire();
                            }
                            (None, None) => {}
                        }
                        current = next;
                    }
                }
                () = discovered.changed() => {
                    if let Some(config) = &current {
                        self.sync(&mut pool, config, &mut discovered).await?;
                    }
                }
                event = pool.next_event() => {
                    if event == PoolEvent::Panicked {
                        return Err("a scrape loop panicked".into());
                    }
                }
            }
            if self.config.borrow().is_none() && pool.is_empty() {
                return Ok(());
            }
        }
        pool.shut_down().await;
        Ok(())
    }
}

#[cfg(test)]
mod tests;

//! The loop of one target: due, scraped, committed, and again; markers when the target is removed.

use std::sync::Arc;
use std::time::Duration;

use connectors_formats::exposition::Format;
use engine_dataflow::{DeliveryOptions, Output};
use engine_model::SampleBatch;
use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use engine_model::WallClock;

use super::assemble::{Assembler, BodyError, Reading};
use super::config::ScrapeConfig;
use super::content_type;
use super::failure_log::FailureLog;
use super::fetch::{Fetch, FetchError};
use super::line_cache::Tracked;
use super::metrics::ScrapeMetrics;
use super::report::Report;
use super::schedule::Schedule;
use super::status::{ActiveTarget, Health, LastScrape};

/// What a loop is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// Scrape.
    Run,
    /// Stop after the running scrape; another loop takes over the target.
    HandOver,
    /// Stop after the running scrape; the target is gone, so its series end.
    Remove,
}

/// Everything that one target's loop works with.
pub(super) struct ScrapeLoop {
    pub(super) active: Arc<ActiveTarget>,
    pub(super) config: Arc<ScrapeConfig>,
    pub(super) schedule: Schedule,
    pub(super) fetch: Box<dyn Fetch>,
    pub(super) assembler: Assembler,
    pub(super) output: Output,
    pub(super) origin: Arc<str>,
    pub(super) clock: WallClock,
    pub(super) metrics: Arc<ScrapeMetrics>,
    pub(super) failure_log: Arc<FailureLog>,
    /// An error of the whole job that fails each scrape, such as too many targets.
    pub(super) forced_error: Arc<Mutex<Option<String>>>,
    pub(super) orders: watch::Receiver<Order>,
    /// Cancelled when the process stops: nothing is marked stale then, scraping resumes after a restart.
    pub(super) shutdown: CancellationToken,
}

impl ScrapeLoop {
    /// Runs until an order or the shutdown ends it. Returns the series that a replacement has to track.
    pub(super) async fn run(mut self) -> Vec<Tracked> {
        let shutdown = self.shutdown.clone();
        tokio::select! {
            biased;
            () = shutdown.cancelled() => return Vec::new(),
            () = self.scrape_until_ordered() => {}
        }
        self.assembler.into_tracked()
    }

    async fn scrape_until_ordered(&mut self) {
        let mut orders = self.orders.clone();
        let mut due_ms = self.schedule.first_after(self.clock.now_ms());
        let mut scraped_at: Option<Instant> = None;
        loop {
            tokio::select! {
                biased;
                order = stop_order(&mut orders) => {
                    if scraped_at.is_some() && order == Order::Remove {
                        self.end_of_run(due_ms).await;
                    }
                    return;
                }
                () = sleep_until_ms(&self.clock, due_ms) => {}
            }
            let at_ms = self.schedule.stamp(due_ms, self.clock.now_ms());
            let started = Instant::now();
            if let Some(before) = scraped_at.replace(started) {
                let apart = started.duration_since(before).as_secs_f64();
                let interval_ms = self.schedule.interval_ms();
                self.metrics.interval_lengths.observe(interval_ms, apart);
            }
            self.scrape(at_ms).await;
            let next_ms = self.schedule.next(due_ms, self.clock.now_ms());
            // One scrape of a target is under way at a time, its commit included: what comes due meanwhile is
            // made up for once and otherwise skipped, so that a slow target or store piles nothing up.
            let skipped = (next_ms - due_ms) / self.schedule.interval_ms() - 1;
            self.metrics
                .ticks_skipped
                .add(usize::try_from(skipped).unwrap_or(0));
            due_ms = next_ms;
        }
    }

    async fn scrape(&mut self, at_ms: i64) {
        let started = Instant::now();
        // Not kept from scrape to scrape: the bodies of thousands of idle targets add up.
        let mut body = Vec::new();
        let forced = self.forced_error.lock().clone();
        let fetched = match forced {
            Some(error) => Err(FetchError::Failed(error)),
            None => {
                let fetched = self.fetch.fetch(&mut body).await;
                self.log_failure(&fetched, at_ms);
                fetched
            }
        };
        let over_limit = fetched == Err(FetchError::BodyLimit);
        let body_bytes = match &fetched {
            Ok(_) => body.len() as i64,
            Err(_) if over_limit => -1,
            Err(_) => 0,
        };
        self.metrics.exceeded_body_size_limit.add(usize::from(over_limit));
        let (reading, error) = match fetched {
            Ok(content_type) => self.read(&body, content_type.as_deref(), at_ms),
            Err(error) => (Reading::default(), Some(error.to_string())),
        };
        let duration_seconds = started.elapsed().as_secs_f64();
        let report = Report {
            up: error.is_none(),
            duration_seconds,
            scraped: reading.scraped,
            post_relabelling: reading.post_relabelling,
            series_added: reading.series_added,
            body_bytes,
        };
        let batches = self.assembler.batch(&report, at_ms);
        if let Some(error) = &error {
            debug!(job = %self.config.job_name, target = self.active.target().url.text(), %error, "scrape failed");
        }
        self.active.report(LastScrape {
            health: if error.is_none() { Health::Up } else { Health::Down },
            error: error.or(self.over_series_limit(&reading)).unwrap_or_default(),
            started_ms: Some(at_ms),
            duration_seconds,
        });
        self.commit_zeros(batches.zeros).await;
        self.commit(batches.scrape).await;
    }

    fn log_failure(&self, fetched: &Result<Option<String>, FetchError>, at_ms: i64) {
        let Err(error) = fetched else { return };
        let job = &self.config.job_name;
        let target = self.active.target();
        let logged = self
            .failure_log
            .failed(at_ms, job, target.url.text(), &error.to_string());
        if let Err(error) = logged {
            warn!(%job, %error, "scrape_failure_log_file cannot be written");
        }
    }

    /// Reads a body. An empty one is a scrape without samples, whatever its type says.
    fn read(&mut self, body: &[u8], content_type: Option<&str>, at_ms: i64) -> (Reading, Option<String>) {
        let format = match content_type::format_of(content_type, self.config.fallback_protocol) {
            Ok(format) => format,
            Err(_) if body.is_empty() => Format::PrometheusText,
            Err(fault) => return (Reading::default(), Some(fault)),
        };
        let (reading, result) = self.assembler.read(format, body, at_ms, self.clock.now_ms());
        self.metrics.sample_duplicate_timestamp.add(reading.duplicates);
        self.metrics.sample_out_of_order.add(reading.out_of_order);
        self.metrics.sample_out_of_bounds.add(reading.out_of_bounds);
        match &result {
            Err(BodyError::SampleLimit) => self.metrics.exceeded_sample_limit.add(1),
            Err(BodyError::BucketLimit) => self.metrics.exceeded_bucket_limit.add(1),
            Err(BodyError::Labels(_)) => self.metrics.exceeded_label_limits.add(1),
            _ => {}
        }
        self.warn_dropped("samples of one series twice in a scrape", reading.duplicates);
        self.warn_dropped("samples too far in the future", reading.out_of_bounds);
        self.warn_dropped(
            "samples out of order of series whose start is synthesized",
            reading.out_of_order,
        );
        (reading, result.err().map(|error| error.to_string()))
    }

    /// Counts and tells what the job's series limit kept out, which fails no scrape.
    fn over_series_limit(&self, reading: &Reading) -> Option<String> {
        if reading.over_limit == 0 {
            return None;
        }
        self.metrics.exceeded_series_limit.add(1);
        self.metrics.samples_over_series_limit.add(reading.over_limit);
        let limit = self.config.limits.series;
        let text = format!(
            "series_limit exceeded (limit of the job: {limit}): {} samples of new series were not taken",
            reading.over_limit
        );
        debug!(job = %self.config.job_name, target = self.active.target().url.text(), text, "scrape is incomplete");
        Some(text)
    }

    /// Commits the zeros of counters that begin. The store refuses those for which it has newer samples,
    /// as it should, so refusals are no news.
    async fn commit_zeros(&mut self, zeros: Option<SampleBatch>) {
        let Some(zeros) = zeros else { return };
        let options = DeliveryOptions::pulled(Arc::clone(&self.origin));
        match self.output.commit(zeros, options).await {
            Ok(receipt) => self
                .metrics
                .zeros_appended
                .add(receipt.accepted + receipt.histograms),
            Err(error) => {
                warn!(job = %self.config.job_name, target = self.active.target().url.text(), %error, "commit of counters' zeros failed");
            }
        }
    }

    async fn commit(&mut self, batch: SampleBatch) {
        let options = DeliveryOptions::pulled(Arc::clone(&self.origin));
        match self.output.commit(batch, options).await {
            Ok(receipt) => {
                let rejected = &receipt.rejected;
                self.metrics
                    .samples_appended
                    .add(receipt.accepted + receipt.histograms);
                self.metrics.sample_out_of_order.add(rejected.out_of_order);
                self.metrics.sample_duplicate_timestamp.add(rejected.duplicate);
                self.metrics
                    .sample_out_of_bounds
                    .add(rejected.out_of_bounds + rejected.too_old);
                let others = rejected.total() - rejected.series_limit;
                self.warn_dropped("samples that the store refused", others);
                let beyond =
                    "samples of new series: the limit of series is reached, remove series or raise it";
                self.warn_dropped(beyond, rejected.series_limit);
                self.assembler.committed(self.clock.now_ms(), rejected.is_empty());
            }
            Err(error) => {
                self.metrics.commit_failed.add(1);
                self.assembler.not_committed();
                warn!(job = %self.config.job_name, target = self.active.target().url.text(), %error, "scrape commit failed");
            }
        }
    }

    fn warn_dropped(&self, what: &str, count: usize) {
        if count > 0 {
            let target = self.active.target();
            warn!(job = %self.config.job_name, target = target.url.text(), count, what, "dropped scraped samples");
        }
    }

    /// The target may come back, so its series end only when two more scrapes would have been: stamped
    /// with the first of them, so that the store drops the markers when newer samples came.
    async fn end_of_run(&mut self, due_ms: i64) {
        let interval_ms = self.schedule.interval_ms();
        sleep_until_ms(&self.clock, due_ms + interval_ms + interval_ms / 10).await;
        let batch = self.assembler.end_of_run(due_ms);
        let options = DeliveryOptions::pulled(Arc::clone(&self.origin));
        if let Err(error) = self.output.commit(batch, options).await {
            warn!(job = %self.config.job_name, %error, "stale commit failed");
        }
    }
}

/// Waits for the order to stop. A pool that is gone without one is being torn down: no markers.
async fn stop_order(orders: &mut watch::Receiver<Order>) -> Order {
    let order = orders.wait_for(|order| *order != Order::Run).await;
    order.map_or(Order::HandOver, |order| *order)
}

/// Sleeps until the wall clock shows `due_ms`. A clock that is set back does not stretch the sleep.
/// Timers round up, so the sleep ends within the ms before: being early by less than that is nothing,
/// being late by more than the tolerance costs a regular timestamp.
async fn sleep_until_ms(clock: &WallClock, due_ms: i64) {
    let wait_ms = (due_ms - clock.now_ms() - 1).max(0).unsigned_abs();
    sleep(Duration::from_millis(wait_ms)).await;
}

#[cfg(test)]
mod tests;

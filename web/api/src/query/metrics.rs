//! What queries count about themselves: how many run, and how long they wait and take.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::metrics::{Exposition, Histogram};

/// Upper bounds of the histogram, in seconds: Prometheus's.
const BUCKETS: &[f64] = &[0.01, 0.1, 1.0, 10.0];
/// Quantiles of the summary: Prometheus's.
const QUANTILES: [f64; 3] = [0.5, 0.9, 0.99];
/// How far back the summary's quantiles look: as far as Prometheus's.
const RECENT: Duration = Duration::from_secs(600);
/// Most durations that are kept for the quantiles: 32 KiB, and enough for a steady 99th percentile.
const RECENT_MAX: usize = 2048;

/// Counters of queries, under Prometheus's names.
#[derive(Debug)]
pub struct QueryMetrics {
    concurrent_max: usize,
    running: AtomicUsize,
    /// Samples that queries looked at.
    samples: AtomicU64,
    waited: Mutex<Durations>,
    taken: Mutex<Durations>,
}

#[derive(Debug)]
struct Durations {
    histogram: Histogram,
    /// The newest, oldest first.
    recent: VecDeque<(Instant, f64)>,
}

impl Default for Durations {
    fn default() -> Self {
        Self {
            histogram: Histogram::new(BUCKETS),
            recent: VecDeque::new(),
        }
    }
}

impl Durations {
    fn observe(&mut self, duration: Duration) {
        let seconds = duration.as_secs_f64();
        self.histogram.observe(seconds);
        if self.recent.len() == RECENT_MAX {
            self.recent.pop_front();
        }
        self.recent.push_back((Instant::now(), seconds));
    }

    /// Quantiles of what is recent; NaN when nothing is.
    fn quantiles(&self) -> [(f64, f64); 3] {
        let recent = self.recent.iter().filter(|(at, _)| at.elapsed() < RECENT);
        let mut seconds: Vec<f64> = recent.map(|&(_, seconds)| seconds).collect();
        seconds.sort_by(f64::total_cmp);
        QUANTILES.map(|quantile| {
            let rank = (quantile * seconds.len() as f64).ceil() as usize;
            let value = seconds.get(rank.saturating_sub(1));
            (quantile, value.copied().unwrap_or(f64::NAN))
        })
    }
}

/// Counts a query as running until it is dropped, also when its client leaves.
#[derive(Debug)]
pub(super) struct Running {
    metrics: Arc<QueryMetrics>,
    started: Instant,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.metrics.running.fetch_sub(1, Ordering::Relaxed);
        self.metrics.taken.lock().observe(self.started.elapsed());
    }
}

impl QueryMetrics {
    pub(super) fn new(concurrent_max: usize) -> Self {
        Self {
            concurrent_max,
            running: AtomicUsize::new(0),
            samples: AtomicU64::new(0),
            waited: Mutex::default(),
            taken: Mutex::default(),
        }
    }

    /// A query starts.
    pub(super) fn start(metrics: &Arc<Self>) -> Running {
        metrics.running.fetch_add(1, Ordering::Relaxed);
        Running {
            metrics: Arc::clone(metrics),
            started: Instant::now(),
        }
    }

    /// A query has looked at samples.
    pub(super) fn looked_at(&self, samples: u64) {
        self.samples.fetch_add(samples, Ordering::Relaxed);
    }

    /// A query has waited for its place.
    pub(super) fn waited(&self, duration: Duration) {
        self.waited.lock().observe(duration);
    }

    /// Appends the counters.
    pub fn collect(&self, out: &mut Exposition) {
        out.gauge(
            "prometheus_engine_queries",
            "The current number of queries being executed or waiting.",
            &[],
            self.running.load(Ordering::Relaxed) as f64,
        );
        out.gauge(
            "prometheus_engine_queries_concurrent_max",
            "The max number of concurrent queries.",
            &[],
            self.concurrent_max as f64,
        );
        out.counter(
            "prometheus_engine_query_samples_total",
            "The total number of samples loaded by all queries.",
            &[],
            self.samples.load(Ordering::Relaxed) as f64,
        );
        for (slice, durations) in [("queue_time", &self.waited), ("inner_eval", &self.taken)] {
            let durations = durations.lock();
            let labels = [("slice", slice)];
            out.summary(
                "prometheus_engine_query_duration_seconds",
                "Query timings.",
                &labels,
                &durations.quantiles(),
                durations.histogram.sum(),
                durations.histogram.count(),
            );
            out.histogram(
                "prometheus_engine_query_duration_histogram_seconds",
                "Query timings as a histogram.",
                &labels,
                &durations.histogram,
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_of_what_is_recent() {
        let mut durations = Durations::default();
        assert!(durations.quantiles().iter().all(|(_, value)| value.is_nan()));
        for ms in 1..=100 {
            durations.observe(Duration::from_millis(ms));
        }
        assert_eq!(durations.quantiles(), [(0.5, 0.05), (0.9, 0.09), (0.99, 0.099)]);
        for _ in 0..RECENT_MAX {
            durations.observe(Duration::from_secs(1));
        }
        assert_eq!(durations.recent.len(), RECENT_MAX);
        assert_eq!(durations.quantiles()[0], (0.5, 1.0));
    }
}

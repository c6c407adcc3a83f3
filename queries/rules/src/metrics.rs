//! What rules count about themselves. The names under which a server shows the numbers are
//! Prometheus's, so that its dashboards and alerts read them; they stand beside each number.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use engine_dataflow::Rejections;
use parking_lot::Mutex;

/// Upper bounds of the duration histograms, in seconds: Prometheus's.
pub const DURATION_BUCKETS: [f64; 4] = [0.01, 0.1, 1.0, 10.0];

/// Numbers of one group; its label is `rule_group="file;name"`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct GroupMetrics {
    /// Value of the label `rule_group`.
    pub rule_group: String,
    /// `prometheus_rule_evaluations_total`
    pub evaluations: u64,
    /// `prometheus_rule_evaluation_failures_total`
    pub evaluation_failures: u64,
    /// `prometheus_rule_group_iterations_total`, missed ones included.
    pub iterations: u64,
    /// `prometheus_rule_group_iterations_missed_total`
    pub iterations_missed: u64,
    /// `prometheus_rule_group_interval_seconds`
    pub interval: Duration,
    /// `prometheus_rule_group_last_evaluation_timestamp_seconds`, here in ms since the epoch; 0 before
    /// the first evaluation.
    pub last_evaluation_ms: i64,
    /// `prometheus_rule_group_last_duration_seconds`
    pub last_duration: Duration,
    /// `prometheus_rule_group_last_rule_duration_sum_seconds`
    pub last_rule_duration_sum: Duration,
    /// `prometheus_rule_group_last_restore_duration_seconds`
    pub last_restore_duration: Duration,
    /// `prometheus_rule_group_rules`
    pub rules: usize,
    /// `prometheus_rule_group_last_evaluation_samples`
    pub last_evaluation_samples: u64,
    /// `weir_rule_samples_rejected_total{reason="out_of_order"}` and its siblings `duplicate`,
    /// `out_of_bounds`, `too_old`: results that the store refused.
    pub rejected: RejectedSamples,
}

/// Results that the store refused, by reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RejectedSamples {
    /// Older than the newest sample of their series.
    pub out_of_order: u64,
    /// Another value at the time of a stored sample.
    pub duplicate: u64,
    /// Older than what the store accepts.
    pub out_of_bounds: u64,
    /// Older than the out-of-order window.
    pub too_old: u64,
}

/// How long things took.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Durations {
    /// How many.
    pub count: u64,
    /// Sum, in seconds.
    pub sum_seconds: f64,
    /// How many took at most [`DURATION_BUCKETS`], each.
    pub buckets: [u64; DURATION_BUCKETS.len()],
}

/// Numbers of all groups together.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RuleMetrics {
    /// One for each group, ordered by file and name.
    pub groups: Vec<GroupMetrics>,
    /// `prometheus_rule_evaluation_duration_seconds` (sum and count) and
    /// `prometheus_rule_evaluation_duration_histogram_seconds`
    pub evaluation_durations: Durations,
    /// `prometheus_rule_group_duration_seconds` (sum and count) and
    /// `prometheus_rule_group_duration_histogram_seconds`
    pub group_durations: Durations,
}

/// Counters that outlive a reload of their group.
#[derive(Debug, Default)]
pub(crate) struct GroupCounters {
    pub(crate) evaluations: AtomicU64,
    pub(crate) evaluation_failures: AtomicU64,
    pub(crate) iterations: AtomicU64,
    pub(crate) iterations_missed: AtomicU64,
    last_evaluation_samples: AtomicU64,
    pub(crate) last_restore: Mutex<Duration>,
    rejected: Mutex<RejectedSamples>,
}

/// Adds to a counter.
pub(crate) fn count(counter: &AtomicU64, by: u64) {
    counter.fetch_add(by, Relaxed);
}

impl GroupCounters {
    pub(crate) fn count_rejected(&self, rejections: &Rejections) {
        let mut rejected = self.rejected.lock();
        rejected.out_of_order += rejections.out_of_order as u64;
        rejected.duplicate += rejections.duplicate as u64;
        rejected.out_of_bounds += rejections.out_of_bounds as u64;
        rejected.too_old += rejections.too_old as u64;
    }

    pub(crate) fn set_last_evaluation_samples(&self, samples: usize) {
        self.last_evaluation_samples.store(samples as u64, Relaxed);
    }

    /// The counters; what the group's status knows is added by the caller.
    pub(crate) fn read(&self, rule_group: String) -> GroupMetrics {
        GroupMetrics {
            rule_group,
            evaluations: self.evaluations.load(Relaxed),
            evaluation_failures: self.evaluation_failures.load(Relaxed),
            iterations: self.iterations.load(Relaxed),
            iterations_missed: self.iterations_missed.load(Relaxed),
            last_evaluation_samples: self.last_evaluation_samples.load(Relaxed),
            last_restore_duration: *self.last_restore.lock(),
            rejected: *self.rejected.lock(),
            ..GroupMetrics::default()
        }
    }
}

/// Durations of all groups.
#[derive(Debug, Default)]
pub(crate) struct SharedDurations {
    pub(crate) evaluations: Mutex<Durations>,
    pub(crate) groups: Mutex<Durations>,
}

impl SharedDurations {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self::default())
    }
}

impl Durations {
    pub(crate) fn observe(&mut self, duration: Duration) {
        let seconds = duration.as_secs_f64();
        self.count += 1;
        self.sum_seconds += seconds;
        for (bound, bucket) in DURATION_BUCKETS.iter().zip(&mut self.buckets) {
            *bucket += u64::from(seconds <= *bound);
        }
    }
}

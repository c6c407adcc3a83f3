//! How far scrapes of one interval really were apart: `prometheus_target_interval_length_seconds`.

use std::collections::BTreeMap;

use parking_lot::Mutex;

use crate::latest::Latest;

/// The quantiles that Prometheus shows.
const QUANTILES: [f64; 5] = [0.01, 0.05, 0.5, 0.9, 0.99];
/// Intervals that are told apart; a target can choose its own, and further ones are not observed.
const INTERVALS_MAX: usize = 64;

/// The lengths of all intervals.
#[derive(Debug, Default)]
pub struct IntervalLengths {
    by_interval_ms: Mutex<BTreeMap<i64, Latest>>,
}

/// What was observed of one interval.
#[derive(Debug, Clone, PartialEq)]
pub struct IntervalLength {
    /// The interval that is configured, in ms.
    pub interval_ms: i64,
    /// Quantile and its value in seconds, of the latest observations.
    pub quantiles: [(f64, f64); 5],
    /// Sum of all observations in seconds.
    pub sum_seconds: f64,
    /// Number of all observations.
    pub count: u64,
}

impl IntervalLengths {
    pub(super) fn observe(&self, interval_ms: i64, seconds: f64) {
        let mut intervals = self.by_interval_ms.lock();
        if intervals.len() >= INTERVALS_MAX && !intervals.contains_key(&interval_ms) {
            return;
        }
        intervals.entry(interval_ms).or_default().observe(seconds);
    }

    /// Every interval that was observed, shortest first.
    pub fn all(&self) -> Vec<IntervalLength> {
        let intervals = self.by_interval_ms.lock();
        intervals
            .iter()
            .map(|(interval_ms, observed)| IntervalLength {
                interval_ms: *interval_ms,
                quantiles: observed.quantiles(QUANTILES),
                sum_seconds: observed.sum,
                count: observed.count,
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_of_the_latest() {
        let lengths = IntervalLengths::default();
        for i in 0..3000 {
            lengths.observe(15_000, if i < 1000 { 99.0 } else { 15.0 });
        }
        lengths.observe(1000, 2.0);
        let all = lengths.all();
        assert_eq!((all[0].interval_ms, all[0].quantiles[2]), (1000, (0.5, 2.0)));
        assert_eq!((all[1].count, all[1].sum_seconds), (3000, 99_000.0 + 30_000.0));
        assert_eq!(all[1].quantiles[4], (0.99, 99.0), "48 of 2048 are from before");
        assert_eq!(all[1].quantiles[3], (0.9, 15.0));
        for interval_ms in 0..200 {
            lengths.observe(interval_ms, 1.0);
        }
        assert_eq!(lengths.all().len(), INTERVALS_MAX);
    }
}

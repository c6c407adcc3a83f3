//! Observations whose quantiles are of the latest of them: what Prometheus shows as a summary.

use std::collections::VecDeque;

/// Quantiles are of this many latest observations: enough for a 99th percentile, 16 KiB a summary.
pub(crate) const OBSERVATIONS_MAX: usize = 2048;

/// Observations of one thing.
#[derive(Debug, Clone, Default)]
pub(crate) struct Latest {
    latest: VecDeque<f64>,
    /// Number of all observations.
    pub(crate) count: u64,
    /// Sum of all observations.
    pub(crate) sum: f64,
}

impl Latest {
    /// Adds an observation.
    pub(crate) fn observe(&mut self, value: f64) {
        if self.latest.len() == OBSERVATIONS_MAX {
            self.latest.pop_front();
        }
        self.latest.push_back(value);
        self.count += 1;
        self.sum += value;
    }

    /// Each quantile with its value among the latest observations; NaN before the first.
    pub(crate) fn quantiles<const N: usize>(&self, quantiles: [f64; N]) -> [(f64, f64); N] {
        let mut sorted: Vec<f64> = self.latest.iter().copied().collect();
        sorted.sort_by(f64::total_cmp);
        let last = sorted.len().saturating_sub(1);
        let at = |quantile: f64| (quantile * last as f64).round() as usize;
        quantiles.map(|quantile| (quantile, sorted.get(at(quantile)).copied().unwrap_or(f64::NAN)))
    }
}

//! What every read returns: one series with its samples in a time range.

use engine_model::Labels;

/// Samples of one series, time ascending, one per timestamp. Staleness markers are included, as bits.
#[derive(Debug, Clone)]
pub struct SeriesSamples {
    /// The series' identity.
    pub labels: Labels,
    /// Milliseconds since the epoch, strictly ascending.
    pub timestamps: Vec<i64>,
    /// Values, one a timestamp; NaN payloads are kept.
    pub values: Vec<f64>,
}

impl SeriesSamples {
    /// A series without samples yet.
    pub fn new(labels: Labels) -> Self {
        Self {
            labels,
            timestamps: Vec::new(),
            values: Vec::new(),
        }
    }

    /// Number of samples.
    pub fn len(&self) -> usize {
        self.timestamps.len()
    }

    /// Whether there is no sample.
    pub fn is_empty(&self) -> bool {
        self.timestamps.is_empty()
    }

    /// Merges later-accepted samples in: of equal timestamps the one that is already here wins.
    pub fn merge(&mut self, timestamps: &[i64], values: &[f64]) {
        if timestamps.is_empty() {
            return;
        }
        if self.timestamps.last().is_none_or(|&last| last < timestamps[0]) {
            self.timestamps.extend_from_slice(timestamps);
            self.values.extend_from_slice(values);
            return;
        }
        let mut merged_timestamps = Vec::with_capacity(self.len() + timestamps.len());
        let mut merged_values = Vec::with_capacity(self.len() + timestamps.len());
        let (mut mine, mut theirs) = (0, 0);
        while mine < self.len() || theirs < timestamps.len() {
            let take_mine = match (self.timestamps.get(mine), timestamps.get(theirs)) {
                (Some(a), Some(b)) => a <= b,
                (mine, _) => mine.is_some(),
            };
            let (timestamp, value) = if take_mine {
                mine += 1;
                (self.timestamps[mine - 1], self.values[mine - 1])
            } else {
                theirs += 1;
                (timestamps[theirs - 1], values[theirs - 1])
            };
            if merged_timestamps.last() != Some(&timestamp) {
                merged_timestamps.push(timestamp);
                merged_values.push(value);
            }
        }
        self.timestamps = merged_timestamps;
        self.values = merged_values;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merging_keeps_order_and_the_first_accepted() {
        let mut series = SeriesSamples::new(Labels::empty());
        series.merge(&[10, 20, 30], &[1.0, 2.0, 3.0]);
        series.merge(&[5, 20, 25, 40], &[0.5, 99.0, 2.5, 4.0]);
        assert_eq!(series.timestamps, [5, 10, 20, 25, 30, 40]);
        assert_eq!(series.values, [0.5, 1.0, 2.0, 2.5, 3.0, 4.0]);
        series.merge(&[41], &[5.0]);
        assert_eq!(series.len(), 7);
    }
}

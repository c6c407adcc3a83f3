//! What every read returns: one series with its samples in a time range.

use std::sync::Arc;

use engine_model::Labels;
use engine_model::histogram::Histogram;

/// Samples of one series, time ascending, one per timestamp: a time has a float or a histogram, never
/// both. Staleness markers are included, as bits.
#[derive(Debug, Clone)]
pub struct SeriesSamples {
    /// The series' identity.
    pub labels: Labels,
    /// Milliseconds since the epoch, strictly ascending.
    pub timestamps: Vec<i64>,
    /// Values, one a timestamp; NaN payloads are kept.
    pub values: Vec<f64>,
    /// Native histograms with their times, strictly ascending.
    pub histograms: Vec<(i64, Arc<Histogram>)>,
}

impl SeriesSamples {
    /// A series without samples yet.
    pub fn new(labels: Labels) -> Self {
        Self {
            labels,
            timestamps: Vec::new(),
            values: Vec::new(),
            histograms: Vec::new(),
        }
    }

    /// Number of samples of both kinds.
    pub fn len(&self) -> usize {
        self.timestamps.len() + self.histograms.len()
    }

    /// Whether there is no sample of either kind.
    pub fn is_empty(&self) -> bool {
        self.timestamps.is_empty() && self.histograms.is_empty()
    }

    /// Times of the oldest and the newest sample of both kinds.
    pub fn time_range(&self) -> Option<(i64, i64)> {
        let floats = self
            .timestamps
            .first()
            .copied()
            .zip(self.timestamps.last().copied());
        let histograms = self.histograms.first().zip(self.histograms.last());
        match (floats, histograms.map(|(first, last)| (first.0, last.0))) {
            (Some((a, b)), Some((c, d))) => Some((a.min(c), b.max(d))),
            (floats, histograms) => floats.or(histograms),
        }
    }

    /// Merges all samples of `later`, which were accepted later: of equal timestamps the sample that is
    /// already here wins, whatever its kind. The labels stay.
    pub fn absorb(&mut self, mut later: Self) {
        if self.is_empty() {
            (self.timestamps, self.values) = (later.timestamps, later.values);
            self.histograms = later.histograms;
            return;
        }
        if !self.histograms.is_empty() {
            later.drop_floats(|time| self.histograms.binary_search_by_key(&time, |(t, _)| *t).is_ok());
        }
        later
            .histograms
            .retain(|(time, _)| self.timestamps.binary_search(time).is_err());
        self.merge(&later.timestamps, &later.values);
        self.merge_histograms(later.histograms);
    }

    fn drop_floats(&mut self, taken: impl Fn(i64) -> bool) {
        if !self.timestamps.iter().any(|&time| taken(time)) {
            return;
        }
        let kept = self
            .timestamps
            .iter()
            .zip(&self.values)
            .filter(|(time, _)| !taken(**time));
        (self.timestamps, self.values) = kept.map(|(time, value)| (*time, *value)).unzip();
    }

    fn merge_histograms(&mut self, mut later: Vec<(i64, Arc<Histogram>)>) {
        let follows = match (self.histograms.last(), later.first()) {
            (Some((last, _)), Some((first, _))) => last < first,
            _ => true,
        };
        self.histograms.append(&mut later);
        if !follows {
            // Stable: of equal times the one that was here comes first and is kept.
            self.histograms.sort_by_key(|(time, _)| *time);
            self.histograms.dedup_by_key(|(time, _)| *time);
        }
    }

    /// Merges later-accepted floats in: of equal timestamps the one that is already here wins.
    pub fn merge(&mut self, timestamps: &[i64], values: &[f64]) {
        if timestamps.is_empty() {
            return;
        }
        if self.timestamps.last().is_none_or(|&last| last < timestamps[0]) {
            self.timestamps.extend_from_slice(timestamps);
            self.values.extend_from_slice(values);
            return;
        }
        let mut merged_timestamps = Vec::with_capacity(self.timestamps.len() + timestamps.len());
        let mut merged_values = Vec::with_capacity(self.timestamps.len() + timestamps.len());
        let (mut mine, mut theirs) = (0, 0);
        while mine < self.timestamps.len() || theirs < timestamps.len() {
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
    #[test]
    fn a_time_has_one_sample_of_one_kind() {
        let histogram = |sum: f64| {
            Arc::new(Histogram {
                sum,
                ..Histogram::stale()
            })
        };
        let mut series = SeriesSamples::new(Labels::empty());
        series.merge(&[10, 30], &[1.0, 3.0]);
        series.histograms = vec![(20, histogram(2.0)), (40, histogram(4.0))];
        let mut later = SeriesSamples::new(Labels::empty());
        later.merge(&[5, 20, 30, 50], &[0.5, -1.0, -1.0, 5.0]);
        later.histograms = vec![(10, histogram(-1.0)), (25, histogram(2.5)), (40, histogram(-1.0))];
        series.absorb(later);
        assert_eq!(series.timestamps, [5, 10, 30, 50]);
        assert_eq!(series.values, [0.5, 1.0, 3.0, 5.0]);
        let histograms: Vec<(i64, f64)> = series.histograms.iter().map(|(t, h)| (*t, h.sum)).collect();
        assert_eq!(histograms, [(20, 2.0), (25, 2.5), (40, 4.0)]);
        assert_eq!((series.len(), series.time_range()), (7, Some((5, 50))));
    }
}

//! What every read returns: one series with its samples in a time range.

use std::mem::take;
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
    /// For the samples of both kinds that say it, their time and when what they count began, ms since the epoch, by
    /// time; never 0.
    pub starts: Vec<(i64, i64)>,
}

impl SeriesSamples {
    /// A series without samples yet.
    pub fn new(labels: Labels) -> Self {
        Self {
            labels,
            timestamps: Vec::new(),
            values: Vec::new(),
            histograms: Vec::new(),
            starts: Vec::new(),
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

    /// The samples of `[from_ms, until_ms)`.
    pub(crate) fn between(mut self, from_ms: i64, until_ms: i64) -> Self {
        let until = self.timestamps.partition_point(|&t| t < until_ms);
        let from = self.timestamps.partition_point(|&t| t < from_ms).min(until);
        self.timestamps = self.timestamps[from..until].to_vec();
        self.values = self.values[from..until].to_vec();
        self.histograms.retain(|(t, _)| (from_ms..until_ms).contains(t));
        self.starts.retain(|(t, _)| (from_ms..until_ms).contains(t));
        self
    }

    /// Merges all samples of `later`, which were accepted later: of equal timestamps the sample that is
    /// already here wins, whatever its kind. The labels stay.
    pub fn absorb(&mut self, mut later: Self) {
        if self.is_empty() {
            (self.timestamps, self.values) = (later.timestamps, later.values);
            self.histograms = later.histograms;
            self.starts = later.starts;
            return;
        }
        if !later.starts.is_empty() {
            self.absorb_starts(take(&mut later.starts));
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

    /// Takes the starts of those samples that are not here yet.
    fn absorb_starts(&mut self, mut later: Vec<(i64, i64)>) {
        later.retain(|(time, _)| {
            let float = self.timestamps.binary_search(time).is_ok();
            !float && self.histograms.binary_search_by_key(time, |(t, _)| *t).is_err()
        });
        self.starts.append(&mut later);
        self.starts.sort_unstable();
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
        let (mine_t, mine_v) = (take(&mut self.timestamps), take(&mut self.values));
        let total = mine_t.len() + timestamps.len();
        let mut merged_timestamps = Vec::with_capacity(total);
        let mut merged_values = Vec::with_capacity(total);
        let (mut mine, mut theirs) = (0, 0);
        // Samples of two sources mostly follow each other in long runs, which are copied whole.
        while mine < mine_t.len() && theirs < timestamps.len() {
            let run = run_until(&mine_t[mine..], |t| t <= timestamps[theirs]);
            merged_timestamps.extend_from_slice(&mine_t[mine..mine + run]);
            merged_values.extend_from_slice(&mine_v[mine..mine + run]);
            mine += run;
            if run > 0 && mine_t[mine - 1] == timestamps[theirs] {
                theirs += 1;
                continue;
            }
            let Some(&next) = mine_t.get(mine) else { break };
            let run = run_until(&timestamps[theirs..], |t| t < next);
            merged_timestamps.extend_from_slice(&timestamps[theirs..theirs + run]);
            merged_values.extend_from_slice(&values[theirs..theirs + run]);
            theirs += run;
        }
        merged_timestamps.extend_from_slice(&mine_t[mine..]);
        merged_values.extend_from_slice(&mine_v[mine..]);
        merged_timestamps.extend_from_slice(&timestamps[theirs..]);
        merged_values.extend_from_slice(&values[theirs..]);
        self.timestamps = merged_timestamps;
        self.values = merged_values;
    }
}

/// How many timestamps from the first on satisfy `holds`, which the later ones do not. Looks near the start
/// first, in doubling steps.
fn run_until(timestamps: &[i64], holds: impl Fn(i64) -> bool) -> usize {
    let mut reach = 1;
    while reach < timestamps.len() && holds(timestamps[reach - 1]) {
        reach *= 2;
    }
    timestamps[..reach.min(timestamps.len())].partition_point(|&t| holds(t))
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
    fn runs_of_all_lengths_merge_as_samples_do_one_by_one() {
        for (every, ours) in [(2, 1), (3, 2), (7, 3), (50, 25), (1000, 500)] {
            let mine: Vec<i64> = (0..300).filter(|t| t % every < ours).collect();
            let theirs: Vec<i64> = (0..300).filter(|t| t % 5 != 0).collect();
            let mut series = SeriesSamples::new(Labels::empty());
            series.merge(&mine, &vec![1.0; mine.len()]);
            series.merge(&theirs, &vec![2.0; theirs.len()]);
            let expected: Vec<i64> = (0..300).filter(|t| mine.contains(t) || t % 5 != 0).collect();
            assert_eq!(series.timestamps, expected);
            let first = |t: &i64| if mine.contains(t) { 1.0 } else { 2.0 };
            assert_eq!(series.values, expected.iter().map(first).collect::<Vec<_>>());
        }
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
        series.starts = vec![(30, 3), (40, 4)];
        later.starts = vec![(5, 1), (10, -1), (20, -1), (25, 2), (40, -1), (50, 5)];
        series.absorb(later);
        assert_eq!(series.starts, [(5, 1), (25, 2), (30, 3), (40, 4), (50, 5)]);
        assert_eq!(series.timestamps, [5, 10, 30, 50]);
        assert_eq!(series.values, [0.5, 1.0, 3.0, 5.0]);
        let histograms: Vec<(i64, f64)> = series.histograms.iter().map(|(t, h)| (*t, h.sum)).collect();
        assert_eq!(histograms, [(20, 2.0), (25, 2.5), (40, 4.0)]);
        assert_eq!((series.len(), series.time_range()), (7, Some((5, 50))));
    }
}

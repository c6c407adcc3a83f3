//! Reading the head: matching series through the index, and the samples that a version may see.

use engine_model::matcher::all_match;
use engine_model::{Labels, Matcher, SeriesRef};

use super::Head;

/// A label name with its values and, per value, the number of series.
pub(crate) type LabelCardinality = (String, Vec<(String, usize)>);

impl Head {
    /// Series that satisfy `matchers` and have a sample in `[min_ms, max_ms]` which the version
    /// `(commit, generation)` sees here.
    pub(crate) fn matching(
        &self,
        matchers: &[Matcher],
        min_ms: i64,
        max_ms: i64,
        commit: u64,
        generation: u64,
    ) -> Vec<(SeriesRef, Labels)> {
        let mut found = Vec::new();
        for series in self.index.candidates(matchers) {
            let Some(state) = self.state(series) else { continue };
            if !all_match(matchers, &state.labels) {
                continue;
            }
            let (timestamps, _) = state.visible(commit, generation);
            let first = timestamps.partition_point(|&t| t < min_ms);
            if timestamps.get(first).is_some_and(|&t| t <= max_ms) {
                found.push((series, state.labels.clone()));
            }
        }
        found
    }

    /// Samples of one series in `[min_ms, max_ms]` that the version sees here.
    pub(crate) fn samples(
        &self,
        series: SeriesRef,
        min_ms: i64,
        max_ms: i64,
        commit: u64,
        generation: u64,
    ) -> (&[i64], &[f64]) {
        let Some(state) = self.state(series) else {
            return (&[], &[]);
        };
        let (timestamps, values) = state.visible(commit, generation);
        let from = timestamps.partition_point(|&t| t < min_ms);
        let until = timestamps.partition_point(|&t| t <= max_ms).max(from);
        (&timestamps[from..until], &values[from..until])
    }

    /// Label names with their values and the number of series of each, for status pages.
    pub(crate) fn cardinality(&self) -> Vec<LabelCardinality> {
        let owned = |(value, series): (&str, usize)| (value.to_owned(), series);
        self.index
            .cardinality()
            .map(|(name, values)| (name.to_owned(), values.map(owned).collect()))
            .collect()
    }
}

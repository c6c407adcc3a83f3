//! Reading the head: matching series through the index, and the samples that a version may see.

use engine_model::{Labels, Matcher, SeriesRef};

use super::Head;
use crate::series_samples::SeriesSamples;

impl Head {
    /// Series that satisfy `matchers` and may have a sample in `[min_ms, max_ms]` which the version
    /// `(commit, generation)` sees here.
    pub(crate) fn matching(
        &self,
        matchers: &[Matcher],
        min_ms: i64,
        max_ms: i64,
        commit: u64,
        generation: u64,
    ) -> Vec<(SeriesRef, Labels)> {
        let seen = self.seen(commit, generation);
        let found = self.index.matching(matchers, &self.series).into_iter();
        let visible = found.filter_map(|series| {
            let state = self.series.get(series)?;
            state
                .may_have(&seen, min_ms, max_ms)
                .then(|| (series, state.labels.clone()))
        });
        visible.collect()
    }

    /// Appends the samples of one series in `[min_ms, max_ms]` that the version sees here to `out`, which
    /// has none yet.
    pub(crate) fn read(
        &self,
        series: SeriesRef,
        min_ms: i64,
        max_ms: i64,
        version: (u64, u64),
        out: &mut SeriesSamples,
    ) {
        if let Some(state) = self.series.get(series) {
            state.read(&self.seen(version.0, version.1), min_ms, max_ms, out);
        }
    }
}

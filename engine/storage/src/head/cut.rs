//! Cutting: which samples leave the head for a segment, and what happens to the head afterwards.

use engine_model::{Labels, SeriesRef};

use super::{Head, OUT_OF_BOUNDS_MS};
use crate::wal::record::SeriesRecord;

/// One series' share of a cut: samples at positions `from..until`.
#[derive(Debug, Clone)]
pub(crate) struct CutSeries {
    pub(crate) series: SeriesRef,
    pub(crate) labels: Labels,
    pub(crate) from: u64,
    pub(crate) until: u64,
}

/// What a cut takes, series in storage order.
#[derive(Debug, Clone, Default)]
pub(crate) struct CutPlan {
    pub(crate) series: Vec<CutSeries>,
}

impl Head {
    /// Whether a cut before `before_ms` would take anything.
    pub(crate) fn has_before(&self, before_ms: i64, generation: u64) -> bool {
        self.states().any(|(_, state)| {
            let (from, until) = state.position_before(before_ms, generation);
            from < until
        })
    }

    /// Plans to take every sample older than `before_ms` that no segment has at `generation`.
    pub(crate) fn plan_cut(&self, before_ms: i64, generation: u64) -> CutPlan {
        let mut series: Vec<CutSeries> = self
            .states()
            .filter_map(|(series, state)| {
                let (from, until) = state.position_before(before_ms, generation);
                (from < until).then(|| CutSeries {
                    series,
                    labels: state.labels.clone(),
                    from,
                    until,
                })
            })
            .collect();
        series.sort_by(|a, b| a.labels.storage_cmp(&b.labels));
        CutPlan { series }
    }

    /// The samples of one planned series.
    pub(crate) fn cut_samples(&self, cut: &CutSeries) -> (&[i64], &[f64]) {
        self.state(cut.series)
            .map_or((&[], &[]), |state| state.slice(cut.from, cut.until))
    }

    /// From `generation` on, what `plan` took is read from its segment.
    pub(crate) fn publish_cut(&mut self, plan: &CutPlan, generation: u64) {
        for cut in &plan.series {
            if let Some(state) = self
                .series
                .get_mut(cut.series.index())
                .and_then(Option::as_deref_mut)
            {
                state.mark_cut(generation, cut.until);
            }
        }
    }

    /// Drops samples that no reader of `oldest_generation` or newer finds here, and forgets series that
    /// have none left and ended more than an hour before the newest sample.
    pub(crate) fn trim(&mut self, oldest_generation: u64) {
        let forget_before = self
            .newest_ms
            .map_or(i64::MIN, |newest| newest.saturating_sub(OUT_OF_BOUNDS_MS));
        let mut ended = Vec::new();
        for (i, slot) in self.series.iter_mut().enumerate() {
            let Some(state) = slot else { continue };
            state.trim(oldest_generation);
            if state.is_drained()
                && state
                    .last()
                    .is_none_or(|(timestamp, _)| timestamp < forget_before)
            {
                ended.push(SeriesRef(i as u64));
            }
        }
        let forgotten = self.table.forget(ended);
        if forgotten.is_empty() {
            return;
        }
        let take = |series: SeriesRef| Some((series, self.series[series.index()].take()?.labels));
        let gone: Vec<(SeriesRef, Labels)> = forgotten.into_iter().filter_map(take).collect();
        self.series_count -= gone.len();
        self.index.remove(&gone);
    }

    /// What a checkpoint keeps once `plan` is in a segment: every series with its newest sample, and the
    /// samples that no segment has. `visit` gets one series at a time.
    pub(crate) fn checkpoint<E>(
        &self,
        plan: &CutPlan,
        generation: u64,
        mut visit: impl FnMut(SeriesRecord) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut taken = vec![0; self.series.len()];
        for cut in &plan.series {
            taken[cut.series.index()] = cut.until;
        }
        for (series, state) in self.states() {
            let Some(last) = state.last() else { continue };
            let (from, until) = state.position_before(i64::MAX, generation);
            let (timestamps, values) = state.slice(from.max(taken[series.index()]).min(until), until);
            visit(SeriesRecord {
                series,
                labels: state.labels.clone(),
                last,
                timestamps: timestamps.to_vec(),
                values: values.to_vec(),
            })?;
        }
        Ok(())
    }
}

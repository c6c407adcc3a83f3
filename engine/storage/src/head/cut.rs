//! Cutting: which samples leave the head for segments, and what happens to the head afterwards. Every pass
//! over all series goes in slices, so that the head's lock is given away in between.

use engine_model::{Labels, SeriesRef};

use super::late::{self, NOT_CUT};
use super::series_state::Seen;
use super::{Head, OUT_OF_BOUNDS_MS};
use crate::series_samples::SeriesSamples;

/// What a cut takes: samples before a time that no segment has, and all late ones.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CutPlan {
    /// Samples before this time are taken.
    pub(crate) before_ms: i64,
    /// Samples before this one are in segments already.
    from_ms: i64,
    /// Late samples up to this commit are taken.
    commit: u64,
}

impl Head {
    /// Whether a cut before `before_ms` may take anything.
    pub(crate) fn has_before(&self, before_ms: i64) -> bool {
        self.oldest_ms.is_some_and(|oldest| oldest < before_ms)
    }

    /// Plans a cut of everything before `before_ms` that no segment has at `generation`. From here on what
    /// arrives older than that is late, so nothing is added to what the cut takes.
    pub(crate) fn plan_cut(&mut self, before_ms: i64, commit: u64, generation: u64) -> CutPlan {
        let from_ms = self.border_ms(generation);
        let beyond = self.newest_ms.map_or(i64::MIN, |newest| newest.saturating_add(1));
        let before_ms = before_ms.min(beyond).max(from_ms);
        self.late_before_ms = self.late_before_ms.max(before_ms);
        CutPlan {
            before_ms,
            from_ms,
            commit,
        }
    }

    /// Series of some `count` references from `from` on that have samples which the plan takes, and where
    /// to go on.
    pub(crate) fn planned_series(
        &self,
        plan: &CutPlan,
        from: SeriesRef,
        count: usize,
        found: &mut Vec<(SeriesRef, Labels)>,
    ) -> Option<SeriesRef> {
        self.series.visit(from, count, |series, state| {
            if state.has_between(plan.from_ms, plan.before_ms) {
                found.push((series, state.labels.clone()));
            }
        })
    }

    /// Series with late samples.
    pub(crate) fn late_series(&self) -> Vec<(SeriesRef, Labels)> {
        let late = self.late.iter();
        late.filter_map(|series| Some((*series, self.series.get(*series)?.labels.clone())))
            .collect()
    }

    /// Time of the first sample of one series at or after `from_ms` that the plan takes, late ones aside.
    pub(crate) fn cut_first(&self, plan: &CutPlan, series: SeriesRef, from_ms: i64) -> Option<i64> {
        let first = self
            .series
            .get(series)?
            .first_at_or_after(from_ms.max(plan.from_ms));
        first.filter(|&first| first < plan.before_ms)
    }

    /// Samples of one series before `until_ms` and not before `from_ms` that the plan takes, late ones aside.
    pub(crate) fn cut_samples(
        &self,
        plan: &CutPlan,
        series: SeriesRef,
        (from_ms, until_ms): (i64, i64),
        out: &mut SeriesSamples,
    ) {
        let Some(state) = self.series.get(series) else {
            return;
        };
        let seen = Seen {
            commit: u64::MAX,
            // No late sample is seen by a reader of the last generation.
            generation: NOT_CUT,
            border_ms: plan.from_ms,
        };
        let until_ms = until_ms.min(plan.before_ms);
        if until_ms > i64::MIN {
            state.read(&seen, from_ms, until_ms - 1, out);
        }
    }

    /// Late samples of one series that the plan takes.
    pub(crate) fn cut_late(&self, plan: &CutPlan, series: SeriesRef) -> Option<SeriesSamples> {
        let state = self.series.get(series)?;
        let taken = state.late().iter().filter(|sample| plan.takes_late(sample));
        Some(late::collect(state.labels.clone(), taken.collect()))
    }

    /// From `generation` on, what `plan` took is read from its segments.
    pub(crate) fn publish_cut(&mut self, plan: &CutPlan, generation: u64) {
        self.borders.push((generation, plan.before_ms));
        for series in &self.late {
            let Some(state) = self.series.get_mut(*series) else {
                continue;
            };
            for sample in state
                .late_mut()
                .iter_mut()
                .filter(|sample| plan.takes_late(sample))
            {
                sample.cut = generation;
            }
        }
    }

    /// Drops what no reader of `oldest_generation` or newer finds here, of some `count` references from
    /// `from` on; the passes over all of them fill `trimmed`. Returns where to go on.
    pub(crate) fn trim(
        &mut self,
        oldest_generation: u64,
        from: SeriesRef,
        count: usize,
        trimmed: &mut Trimmed,
    ) -> Option<SeriesRef> {
        let border_ms = self.border_ms(oldest_generation);
        let forget_before = self
            .newest_ms
            .map_or(i64::MIN, |newest| newest.saturating_sub(OUT_OF_BOUNDS_MS));
        let oldest_commit = self.pins.oldest().map(|pin| pin.commit);
        let (late, mut bytes, mut samples) = (&mut self.late, 0, 0);
        let next = self.series.visit_mut(from, count, |series, state| {
            let dropped = state.trim(border_ms, oldest_commit, |sample| sample.cut <= oldest_generation);
            bytes += dropped.0;
            samples += dropped.1;
            if state.late().is_empty() {
                late.remove(&series);
            }
            trimmed.oldest_ms = [trimmed.oldest_ms, state.oldest_ms()].into_iter().flatten().min();
            if state.is_drained() && state.newest().is_none_or(|newest| newest.ms < forget_before) {
                trimmed.ended.push(series);
            }
        });
        self.data_bytes = self.data_bytes.saturating_sub(bytes);
        self.samples = self.samples.saturating_sub(samples);
        next
    }

    /// Ends a trim: forgets series that have no sample left and ended more than an hour before the newest.
    pub(crate) fn finish_trim(&mut self, oldest_generation: u64, trimmed: Trimmed) {
        self.oldest_ms = trimmed.oldest_ms;
        let passed = self.borders.partition_point(|&(g, _)| g <= oldest_generation);
        self.borders.drain(..passed.saturating_sub(1));
        let is_drained =
            |series: &SeriesRef| self.series.get(*series).is_some_and(|state| state.is_drained());
        let ended: Vec<SeriesRef> = trimmed.ended.into_iter().filter(is_drained).collect();
        let labels_of = |series| Some((series, self.series.get(series)?.labels.clone()));
        let gone: Vec<_> = self
            .table
            .forget(ended)
            .into_iter()
            .filter_map(labels_of)
            .collect();
        if gone.is_empty() {
            return;
        }
        self.index.remove(&gone, &self.series);
        for (series, _) in &gone {
            self.series.remove(*series);
        }
    }
}

/// What the passes of a trim found.
#[derive(Debug, Default)]
pub(crate) struct Trimmed {
    oldest_ms: Option<i64>,
    ended: Vec<SeriesRef>,
}

impl CutPlan {
    fn takes_late(&self, sample: &super::LateSample) -> bool {
        sample.commit <= self.commit && sample.cut == NOT_CUT
    }

    /// The generation of late samples in the checkpoint that goes with the cut: what is taken is left out.
    pub(super) fn keeps_late(&self, sample: &super::LateSample) -> bool {
        !self.takes_late(sample) && sample.cut == NOT_CUT
    }
}

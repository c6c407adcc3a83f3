//! Applying: what was checked and logged becomes part of the head, as one commit.

use engine_model::{HistogramSample, SampleBatch, SeriesRef};

use super::append::Checked;
use super::late::NOT_CUT;
use super::sample_value::SampleValue;
use super::{Head, LateSample};
use crate::wal::record::BatchRecord;

/// States that are looked at together before they are worked on.
pub(super) const AHEAD_STATES: usize = 32;

/// What an append adds to the head's counts.
#[derive(Debug, Clone, Copy)]
struct Added {
    samples: usize,
    bytes: isize,
    min_ms: i64,
    max_ms: i64,
}

impl Head {
    /// Makes a logged batch part of the head under `commit`. Returns the number of exemplars that were kept.
    pub(crate) fn apply(&mut self, commit: u64, batch: &SampleBatch, checked: &Checked) -> usize {
        for (series, labels) in &checked.new_series {
            self.state_or_new(*series, labels);
        }
        let oldest_read = self.pins.oldest().map(|pin| pin.commit);
        if !batch.float_starts().is_empty() {
            self.push_started_floats(commit, oldest_read, batch, checked);
        } else if checked.skipped.is_empty() {
            self.push_floats(commit, oldest_read, batch.iter());
        } else {
            self.push_floats(commit, oldest_read, checked.in_order(batch));
        }
        for late in &checked.late {
            let row = late.row as usize;
            let value = SampleValue::Float(batch.values()[row].to_bits());
            let series = SeriesRef(batch.series()[row]);
            let start_ms = batch.float_starts().get(row).copied().unwrap_or(0);
            let sample = LateSample {
                time: batch.timestamps()[row],
                value,
                start_ms,
                commit,
                cut: NOT_CUT,
            };
            self.push_late(series, sample, late.in_order);
        }
        for taken in &checked.histograms {
            match taken.late {
                Some(in_order) => {
                    let sample = LateSample {
                        time: taken.sample.timestamp,
                        value: SampleValue::Histogram(std::sync::Arc::clone(&taken.sample.histogram)),
                        start_ms: taken.start_ms,
                        commit,
                        cut: NOT_CUT,
                    };
                    self.push_late(taken.sample.series, sample, in_order);
                }
                None => self.push_histogram(commit, oldest_read, &taken.sample, taken.start_ms),
            }
        }
        let kept = batch.exemplars().iter().filter(|exemplar| {
            let labels = self.series.get(exemplar.series).map(|state| state.labels.clone());
            labels.is_some_and(|labels| self.exemplars.add(&labels, exemplar))
        });
        kept.count()
    }

    /// Replays a logged batch whose samples were judged before they were logged. What a checkpoint brought
    /// back already is skipped.
    pub(crate) fn replay(&mut self, record: &BatchRecord) {
        for (series, labels) in &record.new_series {
            self.state_or_new(*series, labels);
        }
        let mut starts = record.starts.cursor();
        let mut added = Added::new();
        for (chunk, floats) in record.floats.chunks(AHEAD_STATES).enumerate() {
            self.look_ahead(floats.iter().map(|float| float.0));
            let first = chunk * AHEAD_STATES;
            for (place, &(series, time, value)) in floats.iter().enumerate() {
                let Some(state) = self.series.get_mut(series) else {
                    continue;
                };
                if state.newest().is_none_or(|newest| newest.ms < time) {
                    if let Some(start_ms) = starts.of(first + place) {
                        added.bytes += state.note_start(time, start_ms);
                        self.has_starts = true;
                    }
                    added.add(time, state.push(time, value.to_bits()));
                }
            }
        }
        self.count_added(added);
        let (floats, histograms) = (record.floats.len(), record.histograms.len());
        for (place, sample) in record.histograms.iter().enumerate() {
            let newest = self.series.get(sample.series).and_then(|state| state.newest());
            if newest.is_none_or(|newest| newest.ms < sample.timestamp) {
                let start_ms = starts.of(floats + place).unwrap_or(0);
                self.push_histogram(record.commit, None, sample, start_ms);
            }
        }
        for (place, (series, time, value)) in record.late.iter().enumerate() {
            let Some(state) = self.series.get(*series) else {
                continue;
            };
            if state.late().iter().any(|late| late.time == *time) {
                continue;
            }
            let in_order = state.newest().is_none_or(|newest| newest.ms < *time);
            let sample = LateSample {
                time: *time,
                value: value.clone(),
                start_ms: starts.of(floats + histograms + place).unwrap_or(0),
                commit: record.commit,
                cut: NOT_CUT,
            };
            self.push_late(*series, sample, in_order);
        }
        for exemplar in &record.exemplars {
            if let Some(labels) = self.series.get(exemplar.series).map(|state| state.labels.clone()) {
                self.exemplars.add(&labels, exemplar);
            }
        }
    }

    /// Reads a byte of the memory of each of these series. None of the reads waits for another, so that the
    /// processor fetches them side by side; the work that follows would wait for each in turn.
    #[inline]
    pub(super) fn look_ahead(&self, series: impl Iterator<Item = SeriesRef>) {
        let states = series.filter_map(|series| self.series.get(series));
        std::hint::black_box(states.fold(0, |bytes, state| bytes ^ state.open().newest_byte()));
    }

    fn push_floats(
        &mut self,
        commit: u64,
        oldest_read: Option<u64>,
        floats: impl Iterator<Item = (SeriesRef, i64, f64)>,
    ) {
        let mut added = Added::new();
        for (series, time, value) in floats {
            let Some(state) = self.series.get_mut(series) else {
                continue;
            };
            state.mark(commit, oldest_read);
            added.add(time, state.push(time, value.to_bits()));
        }
        self.count_added(added);
    }

    /// As [`push_floats`](Self::push_floats), for a batch that says when what its samples count began.
    fn push_started_floats(
        &mut self,
        commit: u64,
        oldest_read: Option<u64>,
        batch: &SampleBatch,
        checked: &Checked,
    ) {
        let starts = batch.float_starts();
        let mut added = Added::new();
        for (row, (series, time, value)) in checked.rows_in_order(batch) {
            let Some(state) = self.series.get_mut(series) else {
                continue;
            };
            state.mark(commit, oldest_read);
            if starts[row] != 0 {
                added.bytes += state.note_start(time, starts[row]);
                self.has_starts = true;
            }
            added.add(time, state.push(time, value.to_bits()));
        }
        self.count_added(added);
    }

    fn push_histogram(
        &mut self,
        commit: u64,
        oldest_read: Option<u64>,
        sample: &HistogramSample,
        start_ms: i64,
    ) {
        let (time, histogram) = (sample.timestamp, &sample.histogram);
        let Some(state) = self.series.get_mut(sample.series) else {
            return;
        };
        state.mark(commit, oldest_read);
        let mut bytes = 0;
        if start_ms != 0 {
            bytes += state.note_start(time, start_ms);
            self.has_starts = true;
        }
        bytes += state.push_histogram(time, histogram);
        self.count(time, bytes);
    }

    fn push_late(&mut self, series: SeriesRef, sample: LateSample, in_order: bool) {
        let Some(state) = self.series.get_mut(series) else {
            return;
        };
        self.has_starts |= sample.start_ms != 0;
        let time = sample.time;
        // What the same batch brought in order is here already and may be newer.
        let in_order = in_order && state.newest().is_none_or(|newest| newest.ms < time);
        let bytes = state.push_late(sample, in_order);
        self.late.insert(series);
        self.count(time, bytes);
    }

    fn count_added(&mut self, added: Added) {
        if added.samples > 0 {
            self.count(added.min_ms, added.bytes);
            self.samples += added.samples - 1;
            self.newest_ms = self.newest_ms.max(Some(added.max_ms));
        }
    }
}

impl Added {
    fn new() -> Self {
        Self {
            samples: 0,
            bytes: 0,
            min_ms: i64::MAX,
            max_ms: i64::MIN,
        }
    }

    #[inline]
    fn add(&mut self, time: i64, bytes: isize) {
        self.samples += 1;
        self.bytes += bytes;
        self.min_ms = self.min_ms.min(time);
        self.max_ms = self.max_ms.max(time);
    }
}

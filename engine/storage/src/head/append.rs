//! Appending: a batch is first checked against the head (pure), then logged by the caller, then applied.

use std::collections::HashMap;

use engine_model::{Labels, SampleBatch, SeriesRef};

use super::{Head, OUT_OF_BOUNDS_MS};
use crate::wal::record::{Sample, SeriesRecord};

/// Why a sample was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RejectReason {
    /// Older than the newest sample of its series.
    OutOfOrder,
    /// Same timestamp as the newest sample of its series, another value.
    DuplicateTimestamp,
    /// More than an hour older than the newest sample of the store.
    OutOfBounds,
    /// Its series reference is not in the series table: the caller must intern the labels again.
    UnknownSeries,
}

impl RejectReason {
    /// Prometheus's text for the reason.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OutOfOrder => "out of order sample",
            Self::DuplicateTimestamp => "duplicate sample for timestamp",
            Self::OutOfBounds => "out of bounds",
            Self::UnknownSeries => "unknown series reference",
        }
    }
}

/// One sample that was not taken.
#[derive(Debug, Clone)]
pub struct RejectedSample {
    /// Its series; empty when the reference is unknown.
    pub labels: Labels,
    /// Milliseconds since the epoch.
    pub timestamp: i64,
    /// Why it was not taken.
    pub reason: RejectReason,
    /// Its row in the batch.
    pub row: usize,
}

/// Samples that were not taken, counted by reason.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rejected {
    pub(crate) counts: HashMap<RejectReason, usize>,
    pub(crate) first: Option<RejectedSample>,
}

/// A batch after its check: what is new, in order, ready to be logged and applied.
#[derive(Debug, Default)]
pub(crate) struct Checked {
    pub(crate) samples: Vec<Sample>,
    /// Samples that the store has already, with the same value.
    pub(crate) repeated: usize,
    pub(crate) rejected: Rejected,
}

impl Head {
    /// Judges each sample against its series' newest one and those before it in the batch.
    pub(crate) fn check(&self, batch: &SampleBatch) -> Checked {
        let mut checked = Checked {
            samples: Vec::with_capacity(batch.len()),
            ..Checked::default()
        };
        let mut oldest_ms = self
            .newest_ms
            .map_or(i64::MIN, |newest| newest.saturating_sub(OUT_OF_BOUNDS_MS));
        // Newest sample of series that this batch has touched already.
        let mut touched: HashMap<SeriesRef, (i64, f64), foldhash::fast::RandomState> = HashMap::default();
        for (row, (series, timestamp, value)) in batch.iter().enumerate() {
            let known = self.state(series);
            if known.is_none() && self.table.labels(series).is_none() {
                checked
                    .rejected
                    .add(self, row, series, timestamp, RejectReason::UnknownSeries);
                continue;
            }
            let last = touched
                .get(&series)
                .copied()
                .or_else(|| known.and_then(|state| state.last()));
            match verdict(last, oldest_ms, timestamp, value) {
                Verdict::Take => {
                    touched.insert(series, (timestamp, value));
                    checked.samples.push((series, timestamp, value));
                    // An empty store accepts any age: its first batch sets the bound only afterwards.
                    if self.newest_ms.is_some() {
                        oldest_ms = oldest_ms.max(timestamp.saturating_sub(OUT_OF_BOUNDS_MS));
                    }
                }
                Verdict::Repeated => checked.repeated += 1,
                Verdict::Reject(reason) => checked.rejected.add(self, row, series, timestamp, reason),
            }
        }
        checked
    }

    /// Series of `samples` that are not in the head yet, each once: the log must define them.
    pub(crate) fn unknown_series(&self, samples: &[Sample]) -> Vec<(SeriesRef, Labels)> {
        let mut unknown: Vec<SeriesRef> = samples
            .iter()
            .map(|&(series, _, _)| series)
            .filter(|&series| self.state(series).is_none())
            .collect();
        unknown.sort_unstable();
        unknown.dedup();
        unknown
            .into_iter()
            .filter_map(|series| Some((series, self.table.labels(series)?)))
            .collect()
    }

    /// Makes logged samples part of the head under `commit`.
    pub(crate) fn apply(&mut self, commit: u64, samples: &[Sample]) {
        let oldest_read = self.pins.oldest().map(|pin| pin.commit);
        for &(series, timestamp, value) in samples {
            let Some(state) = self.state_mut(series) else {
                continue;
            };
            state.push(timestamp, value, commit, oldest_read);
            self.newest_ms = Some(self.newest_ms.map_or(timestamp, |newest| newest.max(timestamp)));
        }
    }

    /// Replays one logged batch: what a checkpoint brought back already is skipped.
    pub(crate) fn replay(&mut self, commit: u64, samples: &[Sample]) {
        for &sample in samples {
            let last = self.state(sample.0).and_then(|state| state.last());
            if last.is_none_or(|(timestamp, _)| timestamp < sample.1) {
                self.apply(commit, &[sample]);
            }
        }
    }

    /// Puts back one series of a checkpoint.
    pub(crate) fn restore(&mut self, record: SeriesRecord) {
        let newest = self
            .newest_ms
            .map_or(record.last.0, |newest| newest.max(record.last.0));
        let Some(state) = self.state_mut(record.series) else {
            return;
        };
        state.restore(record.last, record.timestamps, record.values);
        self.newest_ms = Some(newest);
    }
}

enum Verdict {
    Take,
    Repeated,
    Reject(RejectReason),
}

fn verdict(last: Option<(i64, f64)>, oldest_ms: i64, timestamp: i64, value: f64) -> Verdict {
    match last {
        Some((newest, kept)) if timestamp == newest => match kept.to_bits() == value.to_bits() {
            true => Verdict::Repeated,
            false => Verdict::Reject(RejectReason::DuplicateTimestamp),
        },
        _ if timestamp < oldest_ms => Verdict::Reject(RejectReason::OutOfBounds),
        Some((newest, _)) if timestamp < newest => Verdict::Reject(RejectReason::OutOfOrder),
        _ => Verdict::Take,
    }
}

impl Rejected {
    fn add(&mut self, head: &Head, row: usize, series: SeriesRef, timestamp: i64, reason: RejectReason) {
        *self.counts.entry(reason).or_default() += 1;
        if self.first.is_none() {
            let labels = head.table.labels(series).unwrap_or_default();
            self.first = Some(RejectedSample {
                labels,
                timestamp,
                reason,
                row,
            });
        }
    }

    /// Number of samples that were not taken.
    #[cfg(test)]
    pub(crate) fn total(&self) -> usize {
        self.counts.values().sum()
    }
}

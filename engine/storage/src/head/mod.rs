//! The head: recent samples of every live series in memory, with an inverted index over their labels.
//!
//! A reader pins a commit number and a cut generation. Samples of a series ascend in time, so a cut is a time:
//! what is older than the border of a reader's generation it reads from segments. What arrives older than
//! the newest border is kept apart as late, each sample with its commit and generation, so nothing moves under a reader.

mod append;
mod apply;
mod cardinality;
mod checkpoint;
mod cut;
mod exemplars;
mod histograms;
mod index;
mod late;
mod piece;
mod pins;
mod read;
mod refusal;
mod sample_value;
mod series_state;
mod slab;
mod starts;

use std::collections::BTreeSet;
use std::sync::Arc;

use engine_model::{Labels, SeriesRef, SeriesTable};

pub(crate) use append::{Checked, Limits};
pub use cardinality::{Cardinality, CardinalityEntry};
pub(crate) use checkpoint::SeriesImage;
pub(crate) use cut::{CutPlan, Trimmed};
use exemplars::ExemplarRing;
pub use exemplars::SeriesExemplars;
pub(crate) use histograms::{put_histogram, take_histogram};
use late::LateSample;
use piece::{OpenPiece, PieceState, SealedPiece};
pub(crate) use pins::{Pin, Pins};
pub(crate) use refusal::Rejected;
pub use refusal::{RejectReason, RejectedSample};
pub(crate) use sample_value::SampleValue;

pub(crate) use index::IndexBeside;
use index::{LabelIndex, LabelsOf};
use series_state::{Seen, SeriesState};
use slab::SeriesSlab;
pub(crate) use starts::StartRun;

/// Samples this much older than the newest one are refused, as Prometheus does.
pub(crate) const OUT_OF_BOUNDS_MS: i64 = 3_600_000;

/// Recent samples and their index. Guarded by one lock in the store.
#[derive(Debug)]
pub(crate) struct Head {
    table: Arc<SeriesTable>,
    series: SeriesSlab,
    index: LabelIndex,
    /// New series are not indexed here: the index is built beside the head and handed in.
    is_indexed_beside: bool,
    /// Newest timestamp ever accepted.
    newest_ms: Option<i64>,
    /// Oldest timestamp that may be in memory.
    oldest_ms: Option<i64>,
    samples: usize,
    /// Bytes of samples, kept up with every append.
    data_bytes: usize,
    /// `(generation, time)`: from this generation on, samples before the time are in segments.
    borders: Vec<(u64, i64)>,
    /// Samples before this time are late even when they are the newest of their series: a cut took or takes
    /// what is older.
    late_before_ms: i64,
    /// Series that have late samples.
    late: BTreeSet<SeriesRef>,
    /// Whether any sample ever said when what it counts began.
    has_starts: bool,
    /// Number of the newest check.
    stamp: std::sync::atomic::AtomicU32,
    pub(crate) exemplars: ExemplarRing,
    /// Readers of older versions; appends keep commit numbers only while there are any.
    pub(crate) pins: Arc<Pins>,
}

impl Head {
    /// An empty head whose series are named by `table`, with room for `exemplars_max` exemplars.
    pub(crate) fn new(table: Arc<SeriesTable>, exemplars_max: usize) -> Self {
        Self {
            table,
            series: SeriesSlab::default(),
            index: LabelIndex::default(),
            is_indexed_beside: false,
            newest_ms: None,
            oldest_ms: None,
            samples: 0,
            data_bytes: 0,
            borders: Vec::new(),
            late_before_ms: i64::MIN,
            late: BTreeSet::new(),
            has_starts: false,
            stamp: std::sync::atomic::AtomicU32::new(0),
            exemplars: ExemplarRing::new(exemplars_max),
            pins: Arc::new(Pins::default()),
        }
    }

    /// Number of series in the head.
    pub(crate) fn series_count(&self) -> usize {
        self.series.len()
    }

    /// Whether a series has a state here.
    pub(crate) fn has_series(&self, series: SeriesRef) -> bool {
        self.series.get(series).is_some()
    }

    /// Whether any sample since the start of the process said when what it counts began.
    pub(crate) fn has_starts(&self) -> bool {
        self.has_starts
    }

    /// Newest timestamp ever accepted.
    pub(crate) fn newest_ms(&self) -> Option<i64> {
        self.newest_ms
    }

    /// Samples in memory, whether or not a segment has them too.
    pub(crate) fn sample_count(&self) -> usize {
        self.samples
    }

    /// Oldest timestamp in memory, as far as it is known without looking at every series.
    pub(crate) fn oldest_ms(&self) -> Option<i64> {
        self.oldest_ms
    }

    /// Number of exemplars that are kept.
    pub(crate) fn exemplar_count(&self) -> usize {
        self.exemplars.len()
    }

    /// Bytes of samples in memory.
    pub(crate) fn data_bytes(&self) -> usize {
        self.data_bytes
    }

    /// Bytes of memory of states, index and samples; the labels' texts are the series table's.
    pub(crate) fn memory_bytes(&self) -> usize {
        self.series.memory_bytes() + self.index.memory_bytes() + self.data_bytes
    }

    fn seen(&self, commit: u64, generation: u64) -> Seen {
        Seen {
            commit,
            generation,
            border_ms: self.border_ms(generation),
        }
    }

    /// Samples before this time are in segments for readers of `generation`.
    fn border_ms(&self, generation: u64) -> i64 {
        let passed = self.borders.partition_point(|&(g, _)| g <= generation);
        passed.checked_sub(1).map_or(i64::MIN, |i| self.borders[i].1)
    }

    /// The state of a series, made and indexed on its first sample.
    fn state_or_new(&mut self, series: SeriesRef, labels: &Labels) -> &mut SeriesState {
        if self.series.get(series).is_none() {
            self.series.insert(series, SeriesState::new(labels.clone()));
            if !self.is_indexed_beside {
                self.index.insert(series, labels, &self.series);
            }
        }
        self.series.get_mut(series).expect("inserted above")
    }

    /// From now on no new series is indexed, until an index is handed in. The head must be empty.
    pub(crate) fn expect_index(&mut self) {
        self.is_indexed_beside = true;
    }

    /// Takes the index that was built meanwhile.
    pub(crate) fn take_index(&mut self, beside: IndexBeside) {
        let mut all = Vec::with_capacity(self.series.len());
        self.series
            .visit(SeriesRef(0), usize::MAX, |series, _| all.push(series));
        self.index = beside.finish(all.into_iter(), &self.series);
        self.is_indexed_beside = false;
    }

    fn grow(&mut self, bytes: isize) {
        self.data_bytes = self.data_bytes.saturating_add_signed(bytes);
    }

    /// A sample was added.
    fn count(&mut self, time: i64, bytes: isize) {
        self.samples += 1;
        self.grow(bytes);
        self.newest_ms = Some(self.newest_ms.map_or(time, |newest| newest.max(time)));
        self.oldest_ms = Some(self.oldest_ms.map_or(time, |oldest| oldest.min(time)));
    }
}

impl LabelsOf for SeriesSlab {
    fn labels_of(&self, series: SeriesRef) -> Option<&Labels> {
        self.get(series).map(|state| &state.labels)
    }
}

#[cfg(test)]
mod tests;

//! The head: recent samples of every live series in memory, with an inverted index over their labels.
//!
//! Readers pin a commit number and a cut generation. A series numbers its samples from its birth
//! ("positions"); a cut marks a position per series and a generation, so that a reader of an older
//! generation still finds here what a newer one reads from the segment. Samples are dropped when the
//! last reader of an older generation has gone.

mod append;
mod cut;
mod index;
mod pins;
mod read;
mod series_state;

use std::sync::Arc;

use engine_model::{SeriesRef, SeriesTable};

#[cfg(test)]
pub(crate) use append::Checked;
pub(crate) use append::Rejected;
pub use append::{RejectReason, RejectedSample};
pub(crate) use cut::{CutPlan, CutSeries};
pub(crate) use pins::{Pin, Pins};

use index::LabelIndex;
use series_state::SeriesState;

/// Samples this much older than the newest one are refused, as Prometheus does.
pub(crate) const OUT_OF_BOUNDS_MS: i64 = 3_600_000;

/// Recent samples and their index. Guarded by one lock in the store.
#[derive(Debug)]
pub(crate) struct Head {
    table: Arc<SeriesTable>,
    /// Indexed by series reference; `None` for references that are not in the head.
    series: Vec<Option<Box<SeriesState>>>,
    index: LabelIndex,
    /// Newest timestamp ever accepted.
    newest_ms: Option<i64>,
    series_count: usize,
    /// Readers of older versions; appends keep commit numbers only while there are any.
    pub(crate) pins: Arc<Pins>,
}

impl Head {
    /// An empty head whose series are named by `table`.
    pub(crate) fn new(table: Arc<SeriesTable>) -> Self {
        Self {
            table,
            series: Vec::new(),
            index: LabelIndex::default(),
            newest_ms: None,
            series_count: 0,
            pins: Arc::new(Pins::default()),
        }
    }

    /// Number of series in the head.
    pub(crate) fn series_count(&self) -> usize {
        self.series_count
    }

    /// Newest timestamp ever accepted.
    pub(crate) fn newest_ms(&self) -> Option<i64> {
        self.newest_ms
    }

    /// Samples in memory, whether or not a segment has them too.
    pub(crate) fn sample_count(&self) -> usize {
        self.states().map(|(_, state)| state.len()).sum()
    }

    /// Oldest timestamp in memory.
    pub(crate) fn oldest_ms(&self) -> Option<i64> {
        self.states()
            .filter_map(|(_, state)| state.first_timestamp())
            .min()
    }

    fn states(&self) -> impl Iterator<Item = (SeriesRef, &SeriesState)> {
        let numbered = self.series.iter().enumerate();
        numbered.filter_map(|(i, state)| Some((SeriesRef(i as u64), state.as_deref()?)))
    }

    fn state(&self, series: SeriesRef) -> Option<&SeriesState> {
        self.series.get(series.index())?.as_deref()
    }

    /// The state of a series, made and indexed on its first sample.
    fn state_mut(&mut self, series: SeriesRef) -> Option<&mut SeriesState> {
        if self.state(series).is_none() {
            let labels = self.table.labels(series)?;
            if self.series.len() <= series.index() {
                self.series.resize_with(series.index() + 1, || None);
            }
            self.index.insert(series, &labels);
            self.series[series.index()] = Some(Box::new(SeriesState::new(labels)));
            self.series_count += 1;
        }
        self.series[series.index()].as_deref_mut()
    }
}

#[cfg(test)]
mod tests;

//! An index that is built beside the head, by the thread that reads the log, while another applies what it read.

use engine_model::{Labels, SeriesRef};

use super::{LabelIndex, LabelsOf};

/// The index so far and the labels that it was built from.
#[derive(Debug, Default)]
pub(crate) struct IndexBeside {
    index: LabelIndex,
    labels: LabelsByRef,
}

/// References of a replay are dense, because the series table is new.
#[derive(Debug, Default)]
struct LabelsByRef(Vec<Option<Labels>>);

impl LabelsOf for LabelsByRef {
    fn labels_of(&self, series: SeriesRef) -> Option<&Labels> {
        self.0.get(series.index())?.as_ref()
    }
}

impl IndexBeside {
    /// Adds a series; one that is there already stays as it is.
    pub(crate) fn add(&mut self, series: SeriesRef, labels: &Labels) {
        let place = series.index();
        if self.labels.0.len() <= place {
            self.labels.0.resize(place + 1, None);
        }
        if self.labels.0[place].is_none() {
            self.labels.0[place] = Some(labels.clone());
            self.index.insert(series, labels, &self.labels);
        }
    }

    /// The index of the series in `head`: whatever the log's reader could not know is added, and every series that
    /// it added must be there.
    pub(in crate::head) fn finish(
        mut self,
        head: impl Iterator<Item = SeriesRef>,
        states: &impl LabelsOf,
    ) -> LabelIndex {
        for series in head.filter(|series| self.labels.labels_of(*series).is_none()) {
            if let Some(labels) = states.labels_of(series) {
                self.index.insert(series, labels, states);
            }
        }
        let is_there = |series: &u32| states.labels_of(SeriesRef(u64::from(*series))).is_some();
        debug_assert!(
            self.index.all.iter().all(is_there),
            "a series of the log is not in the head"
        );
        self.index
    }
}

//! Native histograms among the input of `histogram_quantile` and its kin.

use engine_model::{FloatHistogram, Labels, float_histogram};

use super::step_vectors::StepBatch;
use crate::histogram_notes::HistogramNotes;

/// A series of native histograms.
pub(super) struct NativeSeries<'a> {
    pub(super) labels: Labels,
    batch: &'a StepBatch,
    row: usize,
}

impl<'a> NativeSeries<'a> {
    /// The series in `row`, if it has histograms.
    pub(super) fn of(batch: &'a StepBatch, row: usize) -> Option<Self> {
        (!batch.histograms(row).is_empty()).then(|| Self {
            labels: batch.labels(row),
            batch,
            row,
        })
    }

    /// Steps that have a histogram.
    pub(super) fn steps(&self) -> impl Iterator<Item = usize> + 'a {
        self.batch
            .histograms(self.row)
            .iter()
            .map(|(step, _)| *step as usize)
    }

    /// What `answer` says of the histogram of each step at which no classic buckets are in its way.
    pub(super) fn cells(
        &self,
        steps: usize,
        hidden: &[bool],
        answer: impl Fn(&FloatHistogram, usize) -> f64,
    ) -> Vec<Option<f64>> {
        let mut cells = vec![None; steps];
        for (step, histogram) in self.batch.histograms(self.row) {
            let step = *step as usize;
            if !hidden.get(step).copied().unwrap_or_default() {
                cells[step] = Some(answer(histogram, step));
            }
        }
        cells
    }
}

/// The quantile of a histogram; what is odd about it is told.
pub(super) fn quantile(q: f64, histogram: &FloatHistogram, notes: &HistogramNotes<'_>) -> f64 {
    let (value, told) = float_histogram::quantile(q, histogram);
    if told.nan_result {
        notes.nan_quantile();
    }
    if told.nan_skew {
        notes.skewed_quantile();
    }
    value
}

/// The share of a histogram's observations between two bounds; what is odd about it is told.
pub(super) fn fraction(
    lower: f64,
    upper: f64,
    histogram: &FloatHistogram,
    notes: &HistogramNotes<'_>,
) -> f64 {
    let (share, has_nan) = float_histogram::fraction(lower, upper, histogram);
    if has_nan {
        notes.nan_fraction();
    }
    share
}

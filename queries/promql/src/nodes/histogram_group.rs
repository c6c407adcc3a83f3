//! The native histograms of one group at one step, added up for `sum` and `avg`.

use engine_model::FloatHistogram;

use crate::functions::histogram_sum::HistogramSum;
use crate::histogram_notes::{HistogramNotes, HistogramOperation};

/// What a group holds of histograms.
#[derive(Debug)]
pub(crate) enum HistogramGroup {
    /// The group had floats before: there will be no result, so nothing is added up.
    Mixed,
    /// Exponential and custom buckets met: there will be no result.
    Incompatible,
    /// A sum on its way.
    Sum(Box<HistogramSum>),
}

impl HistogramGroup {
    /// Begins with one histogram; `floats` says that the group has floats already.
    pub(crate) fn new(first: &FloatHistogram, mean: bool, floats: bool) -> Self {
        if floats {
            return Self::Mixed;
        }
        Self::Sum(Box::new(HistogramSum::new(first, mean)))
    }

    /// Adds one.
    pub(crate) fn add(&mut self, histogram: &FloatHistogram, notes: &HistogramNotes<'_>) {
        let Self::Sum(sum) = self else { return };
        match sum.add(histogram) {
            Ok(true) => notes.reconciled(HistogramOperation::Aggregation),
            Ok(false) => {}
            Err(_) => {
                notes.mixed_buckets();
                *self = Self::Incompatible;
            }
        }
    }

    /// The result; `float` is that of the group's floats, which spoil it.
    pub(crate) fn finish(self, float: Option<f64>, notes: &HistogramNotes<'_>) -> Option<FloatHistogram> {
        if float.is_some() || matches!(self, Self::Mixed) {
            notes.mixed_kinds_in_aggregation();
            return None;
        }
        let Self::Sum(sum) = self else { return None };
        if sum.collided() {
            notes.collision(HistogramOperation::Aggregation);
        }
        match sum.finish() {
            Ok(mut result) => {
                result.compact(0);
                Some(result)
            }
            Err(_) => {
                notes.mixed_buckets();
                None
            }
        }
    }
}

//! What happens to the metric name when a node computes something new.

use std::borrow::Cow;

use datafusion::error::Result;
use engine_model::filter_encoded;
use queries_tables::histograms::HistogramAt;

use super::step_vectors::StepVectorsBuilder;
use crate::functions::label::METADATA_LABELS;
use crate::functions::sweep::Cells;

/// What happens to the metric name (and to the other labels that say what the metric is) of a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameHandling {
    /// It stays.
    Keep,
    /// It goes at once.
    Drop,
    /// It goes at the end of the query (delayed name removal).
    DropLater,
}

impl NameHandling {
    /// Adds a row under the labels that this handling leaves.
    pub(crate) fn push_row(
        self,
        builder: &mut StepVectorsBuilder,
        labels: &[u8],
        drop_name: bool,
        cells: impl IntoIterator<Item = Option<f64>>,
    ) -> Result<()> {
        self.push_mixed(builder, labels, drop_name, cells, &[])
    }

    /// The same with native histograms at some of the steps.
    pub(crate) fn push_mixed(
        self,
        builder: &mut StepVectorsBuilder,
        labels: &[u8],
        drop_name: bool,
        cells: impl IntoIterator<Item = Option<f64>>,
        histograms: &[HistogramAt],
    ) -> Result<()> {
        let (labels, drop_name) = self.named(labels, drop_name);
        builder.push_mixed(&labels, drop_name, cells, histograms)
    }

    /// The same of cells that were gathered.
    pub(crate) fn push_cells(
        self,
        builder: &mut StepVectorsBuilder,
        labels: &[u8],
        drop_name: bool,
        cells: &Cells,
    ) -> Result<()> {
        let (labels, drop_name) = self.named(labels, drop_name);
        builder.push_cells(&labels, drop_name, cells, &[])
    }

    /// The labels (encoded) that this handling leaves, and whether the name goes later.
    fn named(self, labels: &[u8], drop_name: bool) -> (Cow<'_, [u8]>, bool) {
        match self {
            Self::Keep => (Cow::Borrowed(labels), drop_name),
            Self::DropLater => (Cow::Borrowed(labels), true),
            Self::Drop => {
                let mut left = Vec::with_capacity(labels.len());
                let keep = |name: &[u8]| !METADATA_LABELS.iter().any(|label| label.as_bytes() == name);
                filter_encoded(labels, keep, &mut left).expect("label columns hold encoded label sets");
                (Cow::Owned(left), false)
            }
        }
    }
}

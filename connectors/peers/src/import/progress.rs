//! What became of an import so far, and what its sender hears of it.

use engine_dataflow::{CommitReceipt, Rejections};
use engine_model::SampleBatch;

use crate::refusal::refusal;

/// Samples that were stored and refused.
#[derive(Debug, Default)]
pub(super) struct Progress {
    pub(super) stored: usize,
    refused: Rejections,
    /// The first refused sample and why.
    first: Option<String>,
}

impl Progress {
    /// Counts a batch that was committed.
    pub(super) fn add(&mut self, batch: &SampleBatch, receipt: &CommitReceipt) {
        let rejected = &receipt.rejected;
        self.stored += batch.len().saturating_sub(rejected.total());
        self.refused.out_of_order += rejected.out_of_order;
        self.refused.duplicate += rejected.duplicate;
        self.refused.out_of_bounds += rejected.out_of_bounds;
        self.refused.too_old += rejected.too_old;
        self.refused.series_limit += rejected.series_limit;
        if let (None, Some((row, reason))) = (&self.first, rejected.first) {
            self.first = refusal(batch, row, reason);
        }
    }

    /// Samples that were refused.
    pub(super) fn refused(&self) -> usize {
        self.refused.total()
    }

    /// What the sender hears when samples were refused: sending them again changes nothing.
    pub(super) fn fault(&self) -> Option<String> {
        if self.refused.is_empty() {
            return None;
        }
        let refused = &self.refused;
        let reasons = [
            (refused.out_of_order, "out of order"),
            (refused.duplicate, "duplicates with another value"),
            (refused.out_of_bounds, "out of bounds"),
            (refused.too_old, "too old"),
            (refused.series_limit, "over the limit of series"),
        ];
        let reasons: Vec<String> = reasons
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, reason)| format!("{count} {reason}"))
            .collect();
        Some(format!(
            "{} samples are stored, {} were refused ({}); the first: {}",
            self.stored,
            refused.total(),
            reasons.join(", "),
            self.first.as_deref().unwrap_or("not known"),
        ))
    }
}

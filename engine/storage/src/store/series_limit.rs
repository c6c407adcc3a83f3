//! A batch that would make more series than are allowed: samples of known series are taken, those of new ones
//! beyond the limit are refused, as a sender's other bad samples are. Refusing the whole batch would stop a sender
//! that sends again until it is taken, with all of its series.

use std::collections::HashMap;
use std::sync::Arc;

use engine_model::{Labels, SampleBatch, SampleBatchBuilder, SeriesRef, SeriesTable};

use super::Shared;
use super::committer::AppendOutcome;
use super::error::AppendError;
use crate::head::{RejectReason, RejectedSample};

impl Shared {
    /// How many of `new` series there is room for beside `series`, when it is not enough.
    pub(super) fn room_below_limit(&self, series: usize, new: usize) -> Option<usize> {
        let limit = self.config.series_max;
        if limit == 0 || new == 0 || series + new <= limit {
            return None;
        }
        self.counters.series_limit_hits.add(1);
        Some(limit.saturating_sub(series))
    }
}

/// A batch without the samples of some series.
pub(super) struct WithinLimit {
    pub(super) batch: SampleBatch,
    /// Row of the whole batch for each row of `batch`, histograms behind the floats.
    rows: Vec<usize>,
    refused: usize,
    first: Option<RejectedSample>,
}

impl WithinLimit {
    /// Leaves out of `batch` the samples of `refused`.
    pub(super) fn of(batch: &SampleBatch, refused: &[(SeriesRef, Labels)], table: &Arc<SeriesTable>) -> Self {
        let labels: HashMap<SeriesRef, &Labels> = refused.iter().map(|(series, l)| (*series, l)).collect();
        let mut kept = SampleBatchBuilder::default();
        let mut rows = Vec::new();
        let mut left_out = Vec::new();
        // Entries of starts go with their samples; none at all where no sample says anything.
        let (mut float_starts, mut histogram_starts) = (Vec::new(), Vec::new());
        for (row, (series, time, value)) in batch.iter().enumerate() {
            match labels.contains_key(&series) {
                true => left_out.push((row, series, time)),
                false => {
                    kept.push(series, time, value);
                    float_starts.extend(batch.float_starts().get(row));
                    rows.push(row);
                }
            }
        }
        for (place, sample) in batch.histograms().iter().enumerate() {
            let row = batch.len() + place;
            match labels.contains_key(&sample.series) {
                true => left_out.push((row, sample.series, sample.timestamp)),
                false => {
                    kept.push_histogram(sample.series, sample.timestamp, Arc::clone(&sample.histogram));
                    histogram_starts.extend(batch.histogram_starts().get(place));
                    rows.push(row);
                }
            }
        }
        let exemplars = batch.exemplars().iter();
        for exemplar in exemplars.filter(|exemplar| !labels.contains_key(&exemplar.series)) {
            kept.push_exemplar(exemplar.clone());
        }
        kept.set_float_starts(float_starts);
        kept.set_histogram_starts(histogram_starts);
        let first = left_out.first().map(|&(row, series, timestamp)| RejectedSample {
            labels: labels
                .get(&series)
                .map_or_else(Labels::empty, |labels| Labels::clone(labels)),
            timestamp,
            reason: RejectReason::SeriesLimit,
            row,
        });
        Self {
            batch: kept.finish(table),
            rows,
            refused: left_out.len(),
            first,
        }
    }

    /// What became of the whole batch when `result` became of `batch`.
    pub(super) fn result_of_all(
        self,
        result: Result<AppendOutcome, AppendError>,
    ) -> Result<AppendOutcome, AppendError> {
        match result {
            Ok(outcome) => Ok(self.outcome_of_all(outcome)),
            Err(AppendError::Rejected { counts, first }) => Err(AppendError::Rejected {
                counts,
                first: self.in_whole(first),
            }),
            Err(other) => Err(other),
        }
    }

    fn in_whole(&self, sample: RejectedSample) -> RejectedSample {
        let row = self.rows.get(sample.row).copied().unwrap_or(sample.row);
        RejectedSample { row, ..sample }
    }

    fn outcome_of_all(self, mut outcome: AppendOutcome) -> AppendOutcome {
        outcome.rejected.push((RejectReason::SeriesLimit, self.refused));
        let other = outcome.first_rejected.map(|first| self.in_whole(first));
        outcome.first_rejected = match (self.first, other) {
            (Some(limit), Some(other)) if other.row < limit.row => Some(other),
            (Some(limit), _) => Some(limit),
            (None, other) => other,
        };
        outcome
    }
}

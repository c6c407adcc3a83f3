//! All series of a segment in storage order, one at a time: what compaction and verification read.

use engine_model::Labels;

use super::error::SegmentError;
use super::reader::{ColumnReader, Segment};
use super::samples_file::{self, Batches};
use crate::series_samples::SeriesSamples;

/// Reads a segment from front to back.
pub(crate) struct SegmentScan {
    segment: Segment,
    reader: ColumnReader,
    next: u32,
}

impl SegmentScan {
    pub(super) fn new(segment: Segment, batches: Batches) -> Self {
        Self {
            segment,
            reader: ColumnReader::new(batches),
            next: 0,
        }
    }

    /// Labels of the series that [`read`](Self::read) returns next.
    pub(crate) fn peek(&self) -> Option<Labels> {
        (self.next < self.segment.series_count()).then(|| self.segment.labels(self.next))
    }

    /// The next series with all its samples, checked against the table of series.
    pub(crate) fn read(&mut self) -> Result<Option<SeriesSamples>, SegmentError> {
        let Some(labels) = self.peek() else {
            return Ok(None);
        };
        let number = self.next;
        let range = self.segment.row_range(number);
        let path = self.segment.samples_path();
        let mut series = SeriesSamples::new(labels);
        let mut own = true;
        self.reader.take(range.row_count, path, |batch, from, until| {
            own &= samples_file::series_numbers(batch)[from..until]
                .iter()
                .all(|&series| series == number);
            series
                .timestamps
                .extend_from_slice(&samples_file::timestamps(batch)[from..until]);
            samples_file::values(batch).decode(from, until, &mut series.values);
        })?;
        self.next += 1;
        let ends = (series.timestamps.first(), series.timestamps.last());
        let bounds = ends == (Some(&range.min_time_ms), Some(&range.max_time_ms));
        if !own || !bounds || !series.timestamps.is_sorted_by(|a, b| a < b) {
            let what = format!("rows of series {number} are not those of the table of series");
            return Err(SegmentError::corrupt(path, what));
        }
        Ok(Some(series))
    }
}

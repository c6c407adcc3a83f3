//! All series of a segment in storage order, one at a time: what compaction and verification read.

use engine_model::Labels;

use super::error::SegmentError;
use super::histogram_columns;
use super::index::RowRange;
use super::reader::Segment;
use super::starts;
use super::table_file::{self, Batches, ColumnReader};
use crate::series_samples::SeriesSamples;

/// Reads a segment from front to back.
pub(crate) struct SegmentScan {
    segment: Segment,
    samples: ColumnReader,
    histograms: Option<ColumnReader>,
    next: u32,
}

impl SegmentScan {
    pub(super) fn new(segment: Segment, samples: Batches, histograms: Option<Batches>) -> Self {
        Self {
            segment,
            samples: ColumnReader::new(samples),
            histograms: histograms.map(ColumnReader::new),
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
        let mut series = SeriesSamples::new(labels);
        let own = self.read_floats(number, range, &mut series)?
            && self.read_histograms(number, range, &mut series)?;
        series.starts.sort_unstable();
        self.next += 1;
        let bounds = series.time_range() == Some((range.min_time_ms, range.max_time_ms));
        let ascending =
            series.timestamps.is_sorted_by(|a, b| a < b) && series.histograms.is_sorted_by(|a, b| a.0 < b.0);
        if !own || !bounds || !ascending {
            let what = format!("rows of series {number} are not those of the table of series");
            return Err(SegmentError::corrupt(self.segment.samples_path(), what));
        }
        Ok(Some(series))
    }

    /// False when a row belongs to another series or has another divisor.
    fn read_floats(
        &mut self,
        number: u32,
        range: RowRange,
        series: &mut SeriesSamples,
    ) -> Result<bool, SegmentError> {
        let mut own = true;
        series.timestamps.reserve_exact(range.row_count as usize);
        series.values.reserve_exact(range.row_count as usize);
        self.samples.take(
            range.row_count,
            self.segment.samples_path(),
            |batch, from, until| {
                let numbers = &table_file::series_numbers(batch)[from..until];
                own &= numbers.iter().all(|&series| series == number);
                series
                    .timestamps
                    .extend_from_slice(&table_file::timestamps(batch)[from..until]);
                let values = table_file::values(batch);
                let divisors = &values.divisor.values()[from..until];
                own &= range
                    .divisor
                    .is_none_or(|divisor| divisors.iter().all(|&of_row| of_row == divisor));
                values.decode(from, until, &mut series.values);
                starts::decode(batch, from, until, &mut series.starts);
                Ok(())
            },
        )?;
        Ok(own)
    }

    fn read_histograms(
        &mut self,
        number: u32,
        range: RowRange,
        series: &mut SeriesSamples,
    ) -> Result<bool, SegmentError> {
        let mut own = true;
        let Some(reader) = &mut self.histograms else {
            return Ok(own);
        };
        let path = self.segment.histograms_path();
        reader.take(range.histogram_count, path, |batch, from, until| {
            let numbers = &table_file::series_numbers(batch)[from..until];
            own &= numbers.iter().all(|&series| series == number);
            starts::decode(batch, from, until, &mut series.starts);
            histogram_columns::decode(batch, from, until, &mut series.histograms)
        })?;
        Ok(own)
    }
}

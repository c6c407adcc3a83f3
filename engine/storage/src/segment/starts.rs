//! Start timestamps of samples: which rows of either file say when what they count began. Few segments have any, and
//! only those who ask for them read the column.

use std::ops::Range;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::TimestampMillisecondType;

use super::error::SegmentError;
use super::index::RowRange;
use super::reader::Segment;
use super::schema;
use super::table_file::{self, ColumnReader, TableFile};
use crate::series_samples::SeriesSamples;

/// Appends time and start of those of rows `from..until` that have a start; nothing where the column was not read.
pub(super) fn decode(batch: &RecordBatch, from: usize, until: usize, out: &mut Vec<(i64, i64)>) {
    let Some(column) = batch.column_by_name(schema::START_TIMESTAMP) else {
        return;
    };
    let starts = column.as_primitive::<TimestampMillisecondType>();
    if starts.null_count() == starts.len() {
        return;
    }
    let times = table_file::timestamps(batch);
    let said = (from..until).filter(|&row| starts.is_valid(row));
    out.extend(said.map(|row| (times[row], starts.value(row))));
}

impl Segment {
    /// Samples of both kinds that say when what they count began.
    pub fn start_timestamp_count(&self) -> u64 {
        self.manifest().start_timestamps
    }

    /// Adds their start timestamps to samples that were read between two times, both inclusive, of series `rows`,
    /// which ascend.
    pub(crate) fn with_starts(
        &self,
        mut read: Vec<(u32, SeriesSamples)>,
        range_ms: (i64, i64),
    ) -> Result<Vec<(u32, SeriesSamples)>, SegmentError> {
        if self.start_timestamp_count() == 0 {
            return Ok(read);
        }
        let floats = |range: &RowRange| (range.first_row, range.row_count);
        self.add_starts(self.samples_table(), floats, &mut read, range_ms)?;
        if let Some(table) = self.histograms_table() {
            let histograms = |range: &RowRange| (range.first_histogram, range.histogram_count);
            self.add_starts(table, histograms, &mut read, range_ms)?;
        }
        for (_, samples) in &mut read {
            samples.starts.sort_unstable();
        }
        Ok(read)
    }

    fn add_starts(
        &self,
        table: &TableFile,
        of: impl Fn(&RowRange) -> (u64, u64),
        read: &mut [(u32, SeriesSamples)],
        (min_ms, max_ms): (i64, i64),
    ) -> Result<(), SegmentError> {
        if !table.has_column(schema::START_TIMESTAMP) {
            return Ok(());
        }
        let rows = |series: u32| {
            let (first, count) = of(&self.row_range(series));
            first..first + count
        };
        let ranges: Vec<Range<u64>> = read.iter().map(|(series, _)| rows(*series)).collect();
        let ranges: Vec<Range<u64>> = ranges.into_iter().filter(|range| !range.is_empty()).collect();
        if ranges.is_empty() {
            return Ok(());
        }
        let columns = [schema::TIMESTAMP, schema::START_TIMESTAMP];
        let mut reader = ColumnReader::new(table.select(&ranges, &columns)?);
        for (series, samples) in read {
            let rows = rows(*series);
            reader.take(rows.end - rows.start, table.path(), |batch, from, until| {
                decode(batch, from, until, &mut samples.starts);
                Ok(())
            })?;
            samples
                .starts
                .retain(|(time, _)| (min_ms..=max_ms).contains(time));
        }
        Ok(())
    }
}

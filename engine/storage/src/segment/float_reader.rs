//! Reads the floats of one series after the other, in a time range: times first, then the values of just the
//! rows that are inside. What it has open of the file's pages stays open for the next series.

use std::mem;
use std::ops::Range;
use std::sync::Arc;

use super::error::SegmentError;
use super::index::RowRange;
use super::pages::{PageCache, PageReader, ValueReader};
use super::read::{self, SeriesRows};
use super::schema;
use super::table_file::TableFile;

/// A reader of the floats of one segment, best in ascending order of rows.
#[derive(Debug)]
pub(crate) struct FloatReader {
    pages: Option<(PageReader, ValueReader)>,
}

impl FloatReader {
    pub(super) fn new(table: &TableFile, cache: Option<&Arc<PageCache>>) -> Self {
        // Files of older versions have other encodings and no checksums: the parquet crate reads them.
        let pages = table.has_our_pages().then(|| {
            let times = PageReader::new(table, schema::TIMESTAMP, cache);
            (times, ValueReader::new(table, cache))
        });
        Self { pages }
    }

    /// Whether the floats of the series in `range` are read without a look at the file, which may be slow.
    pub(super) fn has_cached(&self, table: &TableFile, range: &RowRange) -> bool {
        let rows = range.first_row..range.first_row + range.row_count;
        self.pages.as_ref().is_some_and(|(times, values)| {
            times.has_cached(table, rows.clone()) && values.has_cached(table, rows)
        })
    }

    /// Appends the floats of the series in `range`, from `min_ms` to `max_ms`, both inclusive.
    pub(super) fn read(
        &mut self,
        table: &TableFile,
        range: &RowRange,
        (min_ms, max_ms): (i64, i64),
        timestamps: &mut Vec<i64>,
        values: &mut Vec<f64>,
    ) -> Result<(), SegmentError> {
        if range.row_count == 0 || range.min_time_ms > max_ms || range.max_time_ms < min_ms {
            return Ok(());
        }
        let Some((times, of_values)) = &mut self.pages else {
            return read_older(table, range, (min_ms, max_ms), timestamps, values);
        };
        let first = timestamps.len();
        let rows = range.first_row..range.first_row + range.row_count;
        let read = times.between(table, rows, (min_ms, max_ms), |times| {
            timestamps.extend_from_slice(times);
        })?;
        let inside = clip(timestamps, first, min_ms, max_ms);
        let rows = read.start + inside.start as u64..read.start + inside.end as u64;
        of_values.read(table, rows, range.divisor, values)
    }
}

/// Keeps of `timestamps[first..]`, which ascend, those between the two times, and returns which these were.
fn clip(timestamps: &mut Vec<i64>, first: usize, min_ms: i64, max_ms: i64) -> Range<usize> {
    let read = &timestamps[first..];
    let until = read.partition_point(|&t| t <= max_ms);
    let from = read.partition_point(|&t| t < min_ms).min(until);
    timestamps.truncate(first + until);
    timestamps.drain(first..first + from);
    from..until
}

fn read_older(
    table: &TableFile,
    range: &RowRange,
    (min_ms, max_ms): (i64, i64),
    timestamps: &mut Vec<i64>,
    values: &mut Vec<f64>,
) -> Result<(), SegmentError> {
    let rows = SeriesRows {
        series: 0,
        first: range.first_row,
        count: range.row_count,
    };
    let mut clipped = read::clip(table, &[rows], min_ms, max_ms)?;
    for read in read::read_values(table, &clipped)? {
        values.extend(read);
    }
    for clipped in &mut clipped {
        timestamps.append(&mut mem::take(&mut clipped.timestamps));
    }
    Ok(())
}

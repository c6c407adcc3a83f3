//! Reads the floats of one series after the other, in a time range: times first, then the values of just the
//! rows that are inside, and their start timestamps where somebody asks. What it has open of the file's pages stays
//! open for the next series.

use std::mem;
use std::ops::Range;
use std::sync::Arc;

use super::error::SegmentError;
use super::index::RowRange;
use super::pages::{PageCache, PageReader, ValueReader};
use super::read::{self, Clipped, SeriesRows};
use super::schema;
use super::starts;
use super::table_file::TableFile;

/// A reader of the floats of one segment, best in ascending order of rows.
#[derive(Debug)]
pub(crate) struct FloatReader {
    pages: Option<(PageReader, ValueReader)>,
    starts: Starts,
    /// Rows of the floats that were read last.
    latest: Range<u64>,
}

/// How start timestamps are read.
#[derive(Debug)]
enum Starts {
    /// Not at all: nobody asks, or the segment has none.
    Unread,
    /// Page by page.
    Pages(PageReader),
    /// By the parquet crate.
    Older,
}

impl FloatReader {
    /// A reader by way of `cache`; with `starts` it also reads when what the floats count began.
    pub(super) fn new(table: &TableFile, cache: Option<&Arc<PageCache>>, starts: bool) -> Self {
        // Files of older versions have other encodings and no checksums: the parquet crate reads them.
        let ours = table.has_our_pages();
        let pages = ours.then(|| {
            let times = PageReader::new(table, schema::TIMESTAMP, cache);
            (times, ValueReader::new(table, cache))
        });
        let starts = match (starts && table.has_column(schema::START_TIMESTAMP), ours) {
            (false, _) => Starts::Unread,
            (true, true) => Starts::Pages(PageReader::new(table, schema::START_TIMESTAMP, cache)),
            (true, false) => Starts::Older,
        };
        Self {
            pages,
            starts,
            latest: 0..0,
        }
    }

    /// Whether the floats of the series in `range` are read without a look at the file, which may be slow.
    pub(super) fn has_cached(&self, table: &TableFile, range: &RowRange) -> bool {
        let rows = range.first_row..range.first_row + range.row_count;
        let starts = match &self.starts {
            Starts::Unread => true,
            Starts::Pages(starts) => starts.has_cached(table, rows.clone()),
            Starts::Older => false,
        };
        starts
            && self.pages.as_ref().is_some_and(|(times, values)| {
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
        self.latest = 0..0;
        if range.row_count == 0 || range.min_time_ms > max_ms || range.max_time_ms < min_ms {
            return Ok(());
        }
        let Some((times, of_values)) = &mut self.pages else {
            self.latest = read_older(table, range, (min_ms, max_ms), timestamps, values)?;
            return Ok(());
        };
        let first = timestamps.len();
        let rows = range.first_row..range.first_row + range.row_count;
        let read = times.between(table, rows, (min_ms, max_ms), |times| {
            timestamps.extend_from_slice(times);
        })?;
        let inside = clip(timestamps, first, min_ms, max_ms);
        let rows = read.start + inside.start as u64..read.start + inside.end as u64;
        self.latest = rows.clone();
        of_values.read(table, rows, range.divisor, values)
    }

    /// Appends time and start of those floats of the latest [`read`](Self::read), which are at `times`, that say one.
    pub(super) fn read_starts(
        &mut self,
        table: &TableFile,
        times: &[i64],
        out: &mut Vec<(i64, i64)>,
    ) -> Result<(), SegmentError> {
        let rows = self.latest.clone();
        if rows.is_empty() {
            return Ok(());
        }
        match &mut self.starts {
            Starts::Unread => Ok(()),
            Starts::Older => starts::of_rows(table, &[rows], |said| out.extend(said)),
            Starts::Pages(reader) => {
                reader.numbers(table, rows, |place, start| out.push((times[place], start)))
            }
        }
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

/// The same of files of older versions; returns the rows that were read.
fn read_older(
    table: &TableFile,
    range: &RowRange,
    (min_ms, max_ms): (i64, i64),
    timestamps: &mut Vec<i64>,
    values: &mut Vec<f64>,
) -> Result<Range<u64>, SegmentError> {
    let rows = SeriesRows {
        series: 0,
        first: range.first_row,
        count: range.row_count,
    };
    let mut clipped = read::clip(table, &[rows], min_ms, max_ms)?;
    for read in read::read_values(table, &clipped)? {
        values.extend(read);
    }
    let rows = clipped.first().map_or(0..0, Clipped::rows);
    for clipped in &mut clipped {
        timestamps.append(&mut mem::take(&mut clipped.timestamps));
    }
    Ok(rows)
}

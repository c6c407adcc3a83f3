//! Start timestamps of samples: which rows of either file say when what they count began. Few segments have any, and
//! only those who ask for them read the column, of just the rows that they read.

use std::ops::Range;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::TimestampMillisecondType;

use super::error::SegmentError;
use super::reader::Segment;
use super::schema;
use super::table_file::{self, ColumnReader, TableFile};

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
}

/// Reads time and start of those of the rows in `ranges`, which ascend, that have a start: hands out a list for each
/// range.
pub(super) fn of_rows(
    table: &TableFile,
    ranges: &[Range<u64>],
    mut take: impl FnMut(Vec<(i64, i64)>),
) -> Result<(), SegmentError> {
    let columns = [schema::TIMESTAMP, schema::START_TIMESTAMP];
    let mut reader = ColumnReader::new(table.select(ranges, &columns)?);
    for rows in ranges {
        let mut said = Vec::new();
        reader.take(rows.end - rows.start, table.path(), |batch, from, until| {
            decode(batch, from, until, &mut said);
            Ok(())
        })?;
        take(said);
    }
    Ok(())
}

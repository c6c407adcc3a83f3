//! Reads rows of series in a time range: first the time column of all their rows, then the other columns
//! of just the rows that are inside.

use std::ops::Range;
use std::sync::Arc;

use engine_model::histogram::Histogram;

use super::error::SegmentError;
use super::histogram_columns;
use super::schema;
use super::table_file::{self, Batches, ColumnReader, TableFile};

/// Histograms of one series with their times.
pub(super) type TimedHistograms = Vec<(i64, Arc<Histogram>)>;

/// All rows of one series in one table.
#[derive(Debug, Clone, Copy)]
pub(super) struct SeriesRows {
    pub(super) series: u32,
    pub(super) first: u64,
    pub(super) count: u64,
}

/// The rows of one series that lie in a time range.
#[derive(Debug)]
pub(super) struct Clipped {
    pub(super) series: u32,
    first: u64,
    pub(super) timestamps: Vec<i64>,
}

impl Clipped {
    /// Rows of the file.
    pub(super) fn rows(&self) -> Range<u64> {
        self.first..self.first + self.timestamps.len() as u64
    }
}

/// Reads the time column of `series`, which ascend, and keeps the rows between the two times, inclusive.
/// Series without any are left out.
pub(super) fn clip(
    table: &TableFile,
    series: &[SeriesRows],
    min_time_ms: i64,
    max_time_ms: i64,
) -> Result<Vec<Clipped>, SegmentError> {
    let ranges: Vec<Range<u64>> = series.iter().map(|s| s.first..s.first + s.count).collect();
    let mut reader = ColumnReader::new(table.select(&ranges, &[schema::TIMESTAMP])?);
    let mut clipped = Vec::with_capacity(series.len());
    for rows in series {
        let mut timestamps = Vec::with_capacity(rows.count as usize);
        reader.take(rows.count, table.path(), |batch, from, until| {
            timestamps.extend_from_slice(&table_file::timestamps(batch)[from..until]);
            Ok(())
        })?;
        let from = timestamps.partition_point(|&t| t < min_time_ms);
        let until = timestamps.partition_point(|&t| t <= max_time_ms);
        if from < until {
            timestamps.truncate(until);
            timestamps.drain(..from);
            clipped.push(Clipped {
                series: rows.series,
                first: rows.first + from as u64,
                timestamps,
            });
        }
    }
    Ok(clipped)
}

/// The floats of each of `clipped`, in their order.
pub(super) fn read_values(table: &TableFile, clipped: &[Clipped]) -> Result<Vec<Vec<f64>>, SegmentError> {
    let ranges: Vec<Range<u64>> = clipped.iter().map(Clipped::rows).collect();
    let columns = [schema::SCALED, schema::DIVISOR, schema::VALUE];
    let mut reader = ColumnReader::new(table.select(&ranges, &columns)?);
    let read = |clipped: &Clipped| {
        let rows = clipped.timestamps.len();
        let mut values = Vec::with_capacity(rows);
        reader.take(rows as u64, table.path(), |batch, from, until| {
            table_file::values(batch).decode(from, until, &mut values);
            Ok(())
        })?;
        Ok(values)
    };
    clipped.iter().map(read).collect()
}

/// The histograms of each of `clipped`, in their order.
pub(super) fn read_histograms(
    table: &TableFile,
    clipped: &[Clipped],
) -> Result<Vec<TimedHistograms>, SegmentError> {
    let ranges: Vec<Range<u64>> = clipped.iter().map(Clipped::rows).collect();
    let mut reader = ColumnReader::new(select_histograms(table, &ranges)?);
    let read = |clipped: &Clipped| {
        let rows = clipped.timestamps.len();
        let mut histograms = Vec::with_capacity(rows);
        reader.take(rows as u64, table.path(), |batch, from, until| {
            histogram_columns::decode(batch, from, until, &mut histograms)
        })?;
        Ok(histograms)
    };
    clipped.iter().map(read).collect()
}

/// All rows of `histograms.parquet`.
pub(super) fn all_histograms(table: &TableFile) -> Result<Batches, SegmentError> {
    let all = 0..table.rows();
    select_histograms(table, &[all])
}

fn select_histograms(table: &TableFile, ranges: &[Range<u64>]) -> Result<Batches, SegmentError> {
    let schema = histogram_columns::histograms_schema(table.has_column(schema::START_TIMESTAMP));
    let columns: Vec<&str> = schema
        .fields()
        .iter()
        .map(|field| field.name().as_str())
        .collect();
    table.select(ranges, &columns)
}

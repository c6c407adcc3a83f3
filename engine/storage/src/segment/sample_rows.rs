//! Float samples that are not yet handed to the Parquet writer, column by column.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, Float64Array, Float64Builder, Int64Builder, RecordBatch, TimestampMillisecondArray,
    UInt32Array, new_null_array,
};
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;

use super::decimal;
use super::schema;

/// Rows per record batch handed to the Parquet writer: 40 bytes each.
pub(super) const BATCH_ROWS: usize = 16 << 10;

/// Rows that wait, at most [`BATCH_ROWS`].
#[derive(Debug)]
pub(super) struct SampleRows {
    schema: SchemaRef,
    series: Vec<u32>,
    timestamps: Vec<i64>,
    divisors: Vec<f64>,
    scaled: Int64Builder,
    values: Float64Builder,
    /// Rows that say when what they count began, ms since the epoch, ascending.
    starts: Vec<(usize, i64)>,
}

impl SampleRows {
    pub(super) fn new(schema: SchemaRef) -> Self {
        Self {
            schema,
            series: Vec::with_capacity(BATCH_ROWS),
            timestamps: Vec::with_capacity(BATCH_ROWS),
            divisors: Vec::with_capacity(BATCH_ROWS),
            scaled: Int64Builder::with_capacity(BATCH_ROWS),
            values: Float64Builder::with_capacity(BATCH_ROWS),
            starts: Vec::new(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.series.len()
    }

    /// Appends samples of one series, whose divisor is the same in all its rows.
    pub(super) fn push(&mut self, series: u32, divisor: f64, timestamps: &[i64], values: &[f64]) {
        let rows = self.len() + timestamps.len();
        self.series.resize(rows, series);
        self.divisors.resize(rows, divisor);
        self.timestamps.extend_from_slice(timestamps);
        for &value in values {
            let (scaled, value) = decimal::encode(value, divisor);
            self.scaled.append_option(scaled);
            self.values.append_option(value);
        }
    }

    /// `row` of those that wait says when what it counts began; rows come in ascending order.
    pub(super) fn set_start(&mut self, row: usize, start_ms: i64) {
        self.starts.push((row, start_ms));
    }

    /// Hands out what was pushed and starts again.
    pub(super) fn take(&mut self) -> Result<RecordBatch, ArrowError> {
        fn drain<T>(column: &mut Vec<T>) -> Vec<T> {
            std::mem::replace(column, Vec::with_capacity(BATCH_ROWS))
        }
        let rows = self.len();
        let timestamps = TimestampMillisecondArray::from(drain(&mut self.timestamps)).with_timezone("UTC");
        let columns: Vec<ArrayRef> = vec![
            Arc::new(UInt32Array::from(drain(&mut self.series))),
            Arc::new(timestamps),
            Arc::new(self.scaled.finish()),
            Arc::new(Float64Array::from(drain(&mut self.divisors))),
            Arc::new(self.values.finish()),
            starts_column(std::mem::take(&mut self.starts), rows),
        ];
        RecordBatch::try_new(self.schema.clone(), columns)
    }
}

/// A column of `rows` start timestamps, null but in the rows of `starts`, which ascend.
pub(super) fn starts_column(starts: Vec<(usize, i64)>, rows: usize) -> ArrayRef {
    if starts.is_empty() {
        return new_null_array(&schema::timestamp_type(), rows);
    }
    let mut column: Vec<Option<i64>> = vec![None; rows];
    for (row, start_ms) in starts {
        column[row] = Some(start_ms);
    }
    Arc::new(TimestampMillisecondArray::from(column).with_timezone("UTC"))
}

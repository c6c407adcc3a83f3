//! Reads `series.parquet` into the index.

use std::path::Path;

use arrow::array::{Array, ArrayRef, AsArray, DictionaryArray, MapArray, RecordBatch};
use arrow::datatypes::{Float64Type, Int32Type, TimestampMillisecondType, UInt32Type, UInt64Type};
use bytes::Bytes;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::build::IndexBuilder;
use super::{RowRange, SeriesIndex};
use crate::segment::error::SegmentError;
use crate::segment::guard::guarded;
use crate::segment::schema;

/// Rows per batch: bounds the scratch memory.
const BATCH_ROWS: usize = 8192;

/// A value of a dictionary that was not met yet.
const UNSEEN: u32 = u32::MAX;

/// Reads the bytes of `series.parquet`; `path` names it in errors.
pub(in crate::segment) fn load(path: &Path, bytes: Bytes) -> Result<SeriesIndex, SegmentError> {
    guarded(path, || {
        let failed = |error| SegmentError::parquet(path, error);
        let reader = ParquetRecordBatchReaderBuilder::try_new(bytes)
            .and_then(|builder| builder.with_batch_size(BATCH_ROWS).build())
            .map_err(failed)?;
        let mut builder = IndexBuilder::default();
        let mut cells: Vec<Vec<(u32, u32)>> = Vec::new();
        for batch in reader {
            let batch = batch.map_err(|e| failed(e.into()))?;
            push_batch(&mut builder, &mut cells, &batch).map_err(|what| SegmentError::corrupt(path, what))?;
        }
        builder.finish().map_err(|what| SegmentError::corrupt(path, what))
    })
}

fn push_batch(
    builder: &mut IndexBuilder,
    cells: &mut Vec<Vec<(u32, u32)>>,
    batch: &RecordBatch,
) -> Result<(), String> {
    cells.iter_mut().for_each(Vec::clear);
    cells.resize_with(batch.num_rows().max(cells.len()), Vec::new);
    for (field, array) in batch.schema().fields().iter().zip(batch.columns()) {
        if let Some(label) = field.name().strip_prefix(schema::LABEL_PREFIX) {
            let values = array.as_any().downcast_ref::<DictionaryArray<Int32Type>>();
            let values = values.ok_or_else(|| wrong_type(field.name(), array))?;
            label_column(builder, cells, label, values)?;
        } else if field.name() == schema::LABELS_REST {
            rest_column(
                builder,
                cells,
                array
                    .as_map_opt()
                    .ok_or_else(|| wrong_type(field.name(), array))?,
            )?;
        }
    }
    let numbers = required(batch, schema::SERIES, |a| a.as_primitive_opt::<UInt32Type>())?;
    let first_rows = required(batch, schema::FIRST_ROW, |a| a.as_primitive_opt::<UInt64Type>())?;
    let row_counts = required(batch, schema::ROW_COUNT, |a| a.as_primitive_opt::<UInt64Type>())?;
    let min_times = required(batch, schema::MIN_TIME, |a| {
        a.as_primitive_opt::<TimestampMillisecondType>()
    })?;
    let max_times = required(batch, schema::MAX_TIME, |a| {
        a.as_primitive_opt::<TimestampMillisecondType>()
    })?;
    let first_histograms = optional(batch, schema::FIRST_HISTOGRAM, |a| {
        a.as_primitive_opt::<UInt64Type>()
    })?;
    let histogram_counts = optional(batch, schema::HISTOGRAM_COUNT, |a| {
        a.as_primitive_opt::<UInt64Type>()
    })?;
    let divisors = optional(batch, schema::DIVISOR, |a| a.as_primitive_opt::<Float64Type>())?;
    for (row, cells) in cells.iter_mut().enumerate().take(batch.num_rows()) {
        let range = RowRange {
            first_row: first_rows.value(row),
            row_count: row_counts.value(row),
            first_histogram: first_histograms.map_or(0, |column| column.value(row)),
            histogram_count: histogram_counts.map_or(0, |column| column.value(row)),
            min_time_ms: min_times.value(row),
            max_time_ms: max_times.value(row),
            divisor: divisors.map(|column| column.value(row)),
        };
        builder.push(numbers.value(row), cells, range)?;
    }
    Ok(())
}

fn label_column(
    builder: &mut IndexBuilder,
    cells: &mut [Vec<(u32, u32)>],
    label: &str,
    array: &DictionaryArray<Int32Type>,
) -> Result<(), String> {
    if array.null_count() == array.len() {
        return Ok(());
    }
    let values = array
        .values()
        .as_string_opt::<i32>()
        .ok_or_else(|| wrong_type(label, array.values()))?;
    let column = builder.column(label)?;
    let mut codes = vec![UNSEEN; values.len()];
    for (row, cells) in cells.iter_mut().enumerate().take(array.len()) {
        let Some(key) = array.key(row) else { continue };
        if codes[key] == UNSEEN {
            let value = values.value(key);
            if value.is_empty() {
                return Err(format!("label {label} has an empty value"));
            }
            codes[key] = builder.code(column, value);
        }
        cells.push((column, codes[key]));
    }
    Ok(())
}

fn rest_column(
    builder: &mut IndexBuilder,
    cells: &mut [Vec<(u32, u32)>],
    array: &MapArray,
) -> Result<(), String> {
    let names = array
        .keys()
        .as_string_opt::<i32>()
        .ok_or_else(|| wrong_type("key", array.keys()))?;
    let values = array
        .values()
        .as_string_opt::<i32>()
        .ok_or_else(|| wrong_type("value", array.values()))?;
    let offsets = array.value_offsets();
    for row in (0..array.len()).filter(|&row| array.is_valid(row)) {
        for entry in offsets[row] as usize..offsets[row + 1] as usize {
            let name = names.value(entry);
            if values.is_null(entry) || values.value(entry).is_empty() {
                return Err(format!("label {name} has an empty value"));
            }
            let column = builder.column(name)?;
            cells[row].push((column, builder.code(column, values.value(entry))));
        }
    }
    Ok(())
}

/// A column of ours that must be there, of its type and without nulls.
fn required<'a, T: Array>(
    batch: &'a RecordBatch,
    name: &str,
    cast: impl Fn(&'a ArrayRef) -> Option<&'a T>,
) -> Result<&'a T, String> {
    let array = batch
        .column_by_name(name)
        .ok_or_else(|| format!("column {name} is missing"))?;
    if array.null_count() > 0 {
        return Err(format!("column {name} has nulls"));
    }
    cast(array).ok_or_else(|| wrong_type(name, array))
}

/// A column of numbers that only some segments have.
fn optional<'a, T: Array>(
    batch: &'a RecordBatch,
    name: &str,
    cast: impl Fn(&'a ArrayRef) -> Option<&'a T>,
) -> Result<Option<&'a T>, String> {
    match batch.column_by_name(name) {
        Some(_) => required(batch, name, cast).map(Some),
        None => Ok(None),
    }
}

fn wrong_type(name: &str, array: &ArrayRef) -> String {
    format!("column {name} has type {}", array.data_type())
}

//! Series and samples as flat rows. Only the columns that are asked for are made.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, Float64Array, MapArray, RecordBatch, RecordBatchOptions, StringBuilder, StringViewBuilder,
    StructArray, TimestampMillisecondArray,
};
use arrow::buffer::{NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::error::ArrowError;
use datafusion::error::Result;
use engine_model::Labels;
use engine_model::staleness::is_stale;

use super::columns::{Column, Columns, UTC, map_entries_field, map_entry_fields};

/// Consecutive rows of one series.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run<'a> {
    pub(super) labels: &'a Labels,
    /// Number of rows.
    pub(super) rows: usize,
}

/// Times and values of rows, where a table has them. Cheap to clone and to cut.
#[derive(Debug, Clone)]
pub(super) struct Samples {
    /// ms since the epoch.
    pub(super) timestamps: ScalarBuffer<i64>,
    pub(super) values: ScalarBuffer<f64>,
}

impl Samples {
    /// Those of rows that are none of samples.
    pub(super) fn none() -> Self {
        Self::new(Vec::new(), Vec::new())
    }

    pub(super) fn new(timestamps: Vec<i64>, values: Vec<f64>) -> Self {
        Self {
            timestamps: timestamps.into(),
            values: values.into(),
        }
    }

    /// A part of them, not copied.
    pub(super) fn slice(&self, rows: Range<usize>) -> Self {
        Self {
            timestamps: self.timestamps.slice(rows.start, rows.len()),
            values: self.values.slice(rows.start, rows.len()),
        }
    }
}

/// Makes one NaN of all but staleness markers: Arrow orders doubles by their bits, of which a NaN has many.
pub(super) fn one_nan(values: &mut [f64]) {
    for value in values {
        if value.is_nan() && !is_stale(*value) {
            *value = f64::NAN;
        }
    }
}

/// Makes the columns of `runs`, whose rows are `samples`.
pub(super) fn batch(columns: &Columns, runs: &[Run<'_>], samples: &Samples) -> Result<RecordBatch> {
    let rows = runs.iter().map(|run| run.rows).sum();
    let arrays: Result<Vec<ArrayRef>, ArrowError> = columns
        .iter()
        .map(|wanted| column(wanted, runs, samples, rows))
        .collect();
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    let schema = Arc::clone(columns.schema());
    Ok(RecordBatch::try_new_with_options(schema, arrays?, &options)?)
}

/// One column of `runs`, which have `rows` rows.
pub(super) fn column(
    column: &Column,
    runs: &[Run<'_>],
    samples: &Samples,
    rows: usize,
) -> Result<ArrayRef, ArrowError> {
    Ok(match column {
        Column::Timestamp => {
            let timestamps = TimestampMillisecondArray::new(samples.timestamps.clone(), None);
            Arc::new(timestamps.with_timezone(UTC))
        }
        Column::Value { nullable: false } => Arc::new(Float64Array::new(samples.values.clone(), None)),
        Column::Value { nullable: true } => values_or_stale(samples),
        Column::Labels => label_maps(runs, rows)?,
        Column::Label(name) => label_column(runs, rows, name)?,
        Column::Histogram(_) | Column::WholeHistogram => {
            let what = format!("rows of samples have no column {}", column.name());
            return Err(ArrowError::SchemaError(what));
        }
    })
}

fn values_or_stale(samples: &Samples) -> ArrayRef {
    let fresh = samples.values.iter().map(|&value| !is_stale(value));
    Arc::new(Float64Array::new(
        samples.values.clone(),
        Some(NullBuffer::from_iter(fresh)),
    ))
}

fn label_column(runs: &[Run<'_>], rows: usize, name: &str) -> Result<ArrayRef, ArrowError> {
    let mut column = StringViewBuilder::with_capacity(rows);
    for run in runs {
        match run.labels.get(name) {
            Some(value) => column.try_append_value_n(value, run.rows)?,
            None => (0..run.rows).for_each(|_| column.append_null()),
        }
    }
    Ok(Arc::new(column.finish()))
}

fn label_maps(runs: &[Run<'_>], rows: usize) -> Result<ArrayRef, ArrowError> {
    let (mut keys, mut values) = (StringBuilder::new(), StringBuilder::new());
    let mut lengths = Vec::with_capacity(rows);
    for run in runs {
        let count = run.labels.len();
        for _ in 0..run.rows {
            for (name, value) in run.labels {
                keys.append_value(name);
                values.append_value(value);
            }
            lengths.push(count);
        }
    }
    let columns: Vec<ArrayRef> = vec![Arc::new(keys.finish()), Arc::new(values.finish())];
    let entries = StructArray::try_new(map_entry_fields(), columns, None)?;
    let offsets = OffsetBuffer::from_lengths(lengths);
    let maps = MapArray::try_new(map_entries_field(), offsets, entries, None, false)?;
    Ok(Arc::new(maps))
}

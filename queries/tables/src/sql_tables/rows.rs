//! Series and samples as flat rows. Only the columns that are asked for are made.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, Float64Array, Float64Builder, MapArray, RecordBatch, RecordBatchOptions, StringBuilder,
    StringViewBuilder, StructArray, TimestampMillisecondArray,
};
use arrow::buffer::OffsetBuffer;
use arrow::error::ArrowError;
use datafusion::error::Result;
use engine_model::Labels;
use engine_model::staleness::is_stale;

use super::columns::{Column, Columns, UTC, map_entries_field, map_entry_fields};

/// Consecutive rows of one series.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run<'a> {
    pub(super) labels: &'a Labels,
    /// Number of rows. Samples, where the table has them, are one a row.
    pub(super) rows: usize,
    pub(super) timestamps: &'a [i64],
    pub(super) values: &'a [f64],
}

/// Makes the columns of `runs`.
pub(super) fn batch(columns: &Columns, runs: &[Run<'_>]) -> Result<RecordBatch> {
    let rows = runs.iter().map(|run| run.rows).sum();
    let arrays: Result<Vec<ArrayRef>, ArrowError> =
        columns.iter().map(|wanted| column(wanted, runs, rows)).collect();
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    let schema = Arc::clone(columns.schema());
    Ok(RecordBatch::try_new_with_options(schema, arrays?, &options)?)
}

/// One column of `runs`, which have `rows` rows.
pub(super) fn column(column: &Column, runs: &[Run<'_>], rows: usize) -> Result<ArrayRef, ArrowError> {
    Ok(match column {
        Column::Timestamp => timestamps(runs, rows),
        Column::Value { nullable: false } => values(runs, rows),
        Column::Value { nullable: true } => values_or_stale(runs, rows),
        Column::Labels => label_maps(runs, rows)?,
        Column::Label(name) => label_column(runs, rows, name)?,
        Column::Histogram(_) => {
            let what = format!("rows of samples have no column {}", column.name());
            return Err(ArrowError::SchemaError(what));
        }
    })
}

fn timestamps(runs: &[Run<'_>], rows: usize) -> ArrayRef {
    let mut all = Vec::with_capacity(rows);
    for run in runs {
        all.extend_from_slice(run.timestamps);
    }
    Arc::new(TimestampMillisecondArray::from(all).with_timezone(UTC))
}

fn values(runs: &[Run<'_>], rows: usize) -> ArrayRef {
    let mut all = Vec::with_capacity(rows);
    for run in runs {
        all.extend_from_slice(run.values);
    }
    Arc::new(Float64Array::from(all))
}

fn values_or_stale(runs: &[Run<'_>], rows: usize) -> ArrayRef {
    let mut all = Float64Builder::with_capacity(rows);
    for &value in runs.iter().flat_map(|run| run.values) {
        all.append_option((!is_stale(value)).then_some(value));
    }
    Arc::new(all.finish())
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

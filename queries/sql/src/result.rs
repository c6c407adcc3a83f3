//! What a query gives: named, typed columns and rows of cells.

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

use crate::cell::{Cell, cell};
use crate::type_name::type_name;

/// One column of a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqlColumn {
    /// Name as the query gives it; names can repeat.
    pub name: String,
    /// SQL name of the type: `text`, `double`, `timestamp`, `map(text, text)`, …
    pub type_name: String,
}

/// The rows of a query.
#[derive(Debug, Clone)]
pub struct SqlResult {
    columns: Vec<SqlColumn>,
    schema: SchemaRef,
    batches: Vec<RecordBatch>,
}

impl SqlResult {
    pub(crate) fn new(schema: &SchemaRef, batches: Vec<RecordBatch>) -> Self {
        let columns = schema.fields().iter().map(|field| SqlColumn {
            name: field.name().clone(),
            type_name: type_name(field.data_type()),
        });
        Self {
            columns: columns.collect(),
            schema: SchemaRef::clone(schema),
            batches,
        }
    }

    /// The columns, in order.
    pub fn columns(&self) -> &[SqlColumn] {
        &self.columns
    }

    /// The columns as Arrow has them.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// The rows as Arrow batches.
    pub fn batches(&self) -> &[RecordBatch] {
        &self.batches
    }

    /// Number of rows.
    pub fn row_count(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }

    /// The rows, a cell a column.
    pub fn rows(&self) -> impl Iterator<Item = Vec<Cell<'_>>> {
        self.batches.iter().flat_map(|batch| {
            (0..batch.num_rows()).map(|row| {
                let columns = batch.columns().iter();
                columns.map(|column| cell(column.as_ref(), row)).collect()
            })
        })
    }
}

//! Rows of small tables as columns of Arrow.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Float32Array, Int32Array, RecordBatch, StringArray, new_null_array,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::error::Result;

/// One value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell {
    /// No value, of any type.
    Null,
    /// A number of an object, or any other.
    Int(i32),
    /// Text.
    Text(String),
    /// True or false.
    Bool(bool),
}

impl From<i32> for Cell {
    fn from(value: i32) -> Self {
        Self::Int(value)
    }
}

impl From<&str> for Cell {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<bool> for Cell {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

/// Columns as `name:type` with types `i` (integer), `f` (real), `t` (text), `b` (boolean) and `a` (list of text).
pub(super) fn schema(columns: &str) -> SchemaRef {
    let fields = columns.split_whitespace().map(|column| {
        let (name, kind) = column.split_once(':').unwrap_or((column, "t"));
        let data_type = match kind {
            "i" => DataType::Int32,
            "f" => DataType::Float32,
            "b" => DataType::Boolean,
            "a" => DataType::List(Arc::new(Field::new("item", DataType::Utf8, true))),
            _ => DataType::Utf8,
        };
        Field::new(name, data_type, true)
    });
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

/// The rows as one batch; columns that a row does not name are null.
pub(super) fn batch(schema: &SchemaRef, rows: &[Vec<(&'static str, Cell)>]) -> Result<RecordBatch> {
    let columns = schema.fields().iter().map(|field| {
        let cells = rows.iter().map(|row| {
            let found = row.iter().find(|(name, _)| name == field.name());
            found.map_or(&Cell::Null, |(_, cell)| cell)
        });
        column(field, cells)
    });
    let columns: Vec<ArrayRef> = columns.collect();
    Ok(RecordBatch::try_new(Arc::clone(schema), columns)?)
}

fn column<'a>(field: &Field, cells: impl ExactSizeIterator<Item = &'a Cell>) -> ArrayRef {
    match field.data_type() {
        DataType::Int32 => Arc::new(Int32Array::from_iter(cells.map(|cell| match cell {
            Cell::Int(value) => Some(*value),
            _ => None,
        }))),
        DataType::Float32 => Arc::new(Float32Array::from_iter(cells.map(|cell| match cell {
            Cell::Int(value) => Some(*value as f32),
            _ => None,
        }))),
        DataType::Boolean => Arc::new(BooleanArray::from_iter(cells.map(|cell| match cell {
            Cell::Bool(value) => Some(*value),
            _ => None,
        }))),
        DataType::Utf8 => Arc::new(StringArray::from_iter(cells.map(|cell| match cell {
            Cell::Text(value) => Some(value.as_str()),
            _ => None,
        }))),
        other => new_null_array(other, cells.len()),
    }
}

//! A result as CSV (RFC 4180): a header, then a line a row. Null is an empty field, empty text is `""`.

use std::io::{self, Write};

use arrow::array::RecordBatch;
use arrow::datatypes::Schema;

use crate::cell::{Cell, cell};
use crate::result::SqlResult;

/// Writes `result` with its header.
pub fn write_csv(result: &SqlResult, out: &mut impl Write) -> io::Result<()> {
    write_csv_header(result.schema(), out)?;
    result
        .batches()
        .iter()
        .try_for_each(|batch| write_csv_rows(batch, out))
}

/// Writes the names of the columns.
pub(crate) fn write_csv_header(schema: &Schema, out: &mut impl Write) -> io::Result<()> {
    let mut line = String::new();
    for (i, field) in schema.fields().iter().enumerate() {
        if i > 0 {
            line.push(',');
        }
        push_field(&mut line, field.name());
    }
    line.push_str("\r\n");
    out.write_all(line.as_bytes())
}

/// Writes the rows of `batch`.
pub(crate) fn write_csv_rows(batch: &RecordBatch, out: &mut impl Write) -> io::Result<()> {
    let (mut line, mut text) = (String::new(), String::new());
    for row in 0..batch.num_rows() {
        line.clear();
        for (i, column) in batch.columns().iter().enumerate() {
            if i > 0 {
                line.push(',');
            }
            let cell = cell(column.as_ref(), row);
            if cell == Cell::Null {
                continue;
            }
            text.clear();
            cell.write_text(&mut text);
            push_field(&mut line, &text);
        }
        line.push_str("\r\n");
        out.write_all(line.as_bytes())?;
    }
    Ok(())
}

fn push_field(line: &mut String, text: &str) {
    let plain = !text.is_empty() && !text.contains(['"', ',', '\r', '\n']);
    if plain {
        line.push_str(text);
        return;
    }
    line.push('"');
    line.push_str(&text.replace('"', "\"\""));
    line.push('"');
}

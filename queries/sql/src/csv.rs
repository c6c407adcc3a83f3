//! A result as CSV (RFC 4180): a header, then a line a row. Null is an empty field, empty text is `""`.

use std::io::{self, Write};

use crate::cell::Cell;
use crate::result::SqlResult;

/// Writes `result` with its header.
pub fn write_csv(result: &SqlResult, out: &mut impl Write) -> io::Result<()> {
    let mut line = String::new();
    for (i, column) in result.columns().iter().enumerate() {
        if i > 0 {
            line.push(',');
        }
        push_field(&mut line, &column.name);
    }
    line.push_str("\r\n");
    out.write_all(line.as_bytes())?;
    let mut text = String::new();
    for row in result.rows() {
        line.clear();
        for (i, cell) in row.iter().enumerate() {
            if i > 0 {
                line.push(',');
            }
            if *cell == Cell::Null {
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

//! `toJson`: values as Go's encoding/json writes them.

use crate::value::{MapKind, Value};

/// JSON on one line; characters that matter to HTML are escaped, as Go does.
pub(super) fn to_json(value: &Value) -> Result<String, String> {
    let mut out = String::new();
    write(&mut out, value)?;
    Ok(out)
}

fn write(out: &mut String, value: &Value) -> Result<(), String> {
    match value {
        Value::Nil => out.push_str("null"),
        Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Int(value) | Value::Duration(value) => out.push_str(&value.to_string()),
        Value::Float(value) => write_float(out, *value)?,
        Value::String(text) => write_string(out, text),
        Value::Time(time) => write_string(out, &time.format("2006-01-02T15:04:05.999999999Z07:00")),
        Value::List(list) => {
            out.push('[');
            for (i, item) in list.items.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write(out, item)?;
            }
            out.push(']');
        }
        Value::Map(map) => {
            out.push('{');
            for (i, (key, item)) in map.entries.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                let is_struct = map.of.kind == MapKind::Struct;
                write_string(
                    out,
                    &if is_struct {
                        (map.of.json_name)(key)
                    } else {
                        key.as_ref().into()
                    },
                );
                out.push(':');
                write(out, item)?;
            }
            out.push('}');
        }
    }
    Ok(())
}

/// Exponents below 1e-6 and from 1e21 on, without a zero in front of a one-digit exponent.
fn write_float(out: &mut String, value: f64) -> Result<(), String> {
    if !value.is_finite() {
        return Err(format!(
            "json: unsupported value: {}",
            crate::format::format_float(value, 'g', None)
        ));
    }
    let magnitude = value.abs();
    if magnitude != 0.0 && !(1e-6..1e21).contains(&magnitude) {
        let text = format!("{value:e}");
        out.push_str(&if text.contains("e-") {
            text
        } else {
            text.replace('e', "e+")
        });
    } else {
        out.push_str(&value.to_string());
    }
    Ok(())
}

fn write_string(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\x08' => out.push_str("\\b"),
            '\x0c' => out.push_str("\\f"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => write_escape(out, c),
            c if u32::from(c) < 0x20 => write_escape(out, c),
            c => out.push(c),
        }
    }
    out.push('"');
}

fn write_escape(out: &mut String, c: char) {
    out.push_str(&format!("\\u{:04x}", u32::from(c)));
}

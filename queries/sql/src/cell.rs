//! One value of a result, and how it is printed: timestamps as RFC 3339 with milliseconds, NaN and
//! infinities as the strings `NaN`, `+Inf`, `-Inf`.

use std::borrow::Cow;
use std::fmt::Write;

use arrow::array::{Array, ArrayRef, AsArray, StringArrayType};
use arrow::datatypes::{
    DataType, Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, TimeUnit,
    TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType,
    UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use engine_model::number::{format_float, write_json_value};
use engine_model::time::format_rfc3339_ms;

/// One value of a result.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell<'a> {
    /// No value.
    Null,
    /// True or false.
    Bool(bool),
    /// A signed integer.
    Int(i64),
    /// An unsigned integer.
    UInt(u64),
    /// A float, NaN and infinities included.
    Float(f64),
    /// Text; also dates, times, intervals, decimals and bytes (hexadecimal).
    Text(Cow<'a, str>),
    /// An instant in ms since the epoch. Finer parts are cut off.
    Timestamp(i64),
    /// A list.
    List(Vec<Cell<'a>>),
    /// A map, or a struct with its fields' names as keys.
    Map(Vec<(Cell<'a>, Cell<'a>)>),
}

impl Cell<'_> {
    /// Appends the cell as JSON. Map keys are their text.
    pub fn write_json(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Float(value) if value.is_finite() => write_json_value(out, *value),
            Self::Bool(_) | Self::Int(_) | Self::UInt(_) => self.write_text(out),
            Self::Float(_) | Self::Text(_) | Self::Timestamp(_) => {
                let mut text = String::new();
                self.write_text(&mut text);
                write_json_text(out, &text);
            }
            Self::List(items) => {
                out.push('[');
                for (i, item) in items.iter().enumerate() {
                    if i > 0 {
                        out.push(',');
                    }
                    item.write_json(out);
                }
                out.push(']');
            }
            Self::Map(entries) => {
                out.push('{');
                for (i, (key, value)) in entries.iter().enumerate() {
                    if i > 0 {
                        out.push(',');
                    }
                    let mut text = String::new();
                    key.write_text(&mut text);
                    write_json_text(out, &text);
                    out.push(':');
                    value.write_json(out);
                }
                out.push('}');
            }
        }
    }

    /// Appends the cell as plain text; lists and maps as JSON, null as nothing.
    pub fn write_text(&self, out: &mut String) {
        match self {
            Self::Null => {}
            Self::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Self::Int(value) => write!(out, "{value}").expect("writing to a string cannot fail"),
            Self::UInt(value) => write!(out, "{value}").expect("writing to a string cannot fail"),
            Self::Float(value) if value.is_finite() => write_json_value(out, *value),
            Self::Float(value) => out.push_str(&format_float(*value)),
            Self::Text(text) => out.push_str(text),
            Self::Timestamp(ms) => out.push_str(&format_rfc3339_ms(*ms)),
            Self::List(_) | Self::Map(_) => self.write_json(out),
        }
    }
}

fn write_json_text(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if u32::from(c) < 0x20 => {
                write!(out, "\\u{:04x}", u32::from(c)).expect("writing to a string cannot fail");
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

/// The value of `array` in `row`.
pub(crate) fn cell(array: &dyn Array, row: usize) -> Cell<'_> {
    if array.is_null(row) {
        return Cell::Null;
    }
    match array.data_type() {
        DataType::Null => Cell::Null,
        DataType::Boolean => Cell::Bool(array.as_boolean().value(row)),
        DataType::Int8 => Cell::Int(array.as_primitive::<Int8Type>().value(row).into()),
        DataType::Int16 => Cell::Int(array.as_primitive::<Int16Type>().value(row).into()),
        DataType::Int32 => Cell::Int(array.as_primitive::<Int32Type>().value(row).into()),
        DataType::Int64 => Cell::Int(array.as_primitive::<Int64Type>().value(row)),
        DataType::UInt8 => Cell::UInt(array.as_primitive::<UInt8Type>().value(row).into()),
        DataType::UInt16 => Cell::UInt(array.as_primitive::<UInt16Type>().value(row).into()),
        DataType::UInt32 => Cell::UInt(array.as_primitive::<UInt32Type>().value(row).into()),
        DataType::UInt64 => Cell::UInt(array.as_primitive::<UInt64Type>().value(row)),
        DataType::Float16 => Cell::Float(array.as_primitive::<Float16Type>().value(row).to_f64()),
        DataType::Float32 => Cell::Float(array.as_primitive::<Float32Type>().value(row).into()),
        DataType::Float64 => Cell::Float(array.as_primitive::<Float64Type>().value(row)),
        DataType::Utf8 => text(array.as_string::<i32>(), row),
        DataType::LargeUtf8 => text(array.as_string::<i64>(), row),
        DataType::Utf8View => text(array.as_string_view(), row),
        DataType::Timestamp(unit, _) => Cell::Timestamp(instant_ms(array, row, *unit)),
        DataType::Dictionary(..) => {
            let dictionary = array.as_any_dictionary();
            cell(dictionary.values().as_ref(), dictionary.normalized_keys()[row])
        }
        DataType::List(_) => list(array.as_list::<i32>().value(row)),
        DataType::LargeList(_) => list(array.as_list::<i64>().value(row)),
        DataType::FixedSizeList(..) => list(array.as_fixed_size_list().value(row)),
        DataType::Map(..) => {
            let maps = array.as_map();
            let range = maps.value_offsets()[row] as usize..maps.value_offsets()[row + 1] as usize;
            let (keys, values) = (maps.keys(), maps.values());
            Cell::Map(
                range
                    .map(|i| (cell(keys.as_ref(), i), cell(values.as_ref(), i)))
                    .collect(),
            )
        }
        DataType::Struct(fields) => {
            let columns = array.as_struct().columns().iter();
            let entries = fields.iter().zip(columns).map(|(field, column)| {
                let name = Cell::Text(Cow::Borrowed(field.name()));
                (name, cell(column.as_ref(), row))
            });
            Cell::Map(entries.collect())
        }
        _ => Cell::Text(Cow::Owned(printed(array, row))),
    }
}

fn text<'a>(array: impl StringArrayType<'a>, row: usize) -> Cell<'a> {
    Cell::Text(Cow::Borrowed(array.value(row)))
}

fn instant_ms(array: &dyn Array, row: usize, unit: TimeUnit) -> i64 {
    match unit {
        TimeUnit::Second => array
            .as_primitive::<TimestampSecondType>()
            .value(row)
            .saturating_mul(1000),
        TimeUnit::Millisecond => array.as_primitive::<TimestampMillisecondType>().value(row),
        TimeUnit::Microsecond => array
            .as_primitive::<TimestampMicrosecondType>()
            .value(row)
            .div_euclid(1_000),
        TimeUnit::Nanosecond => array
            .as_primitive::<TimestampNanosecondType>()
            .value(row)
            .div_euclid(1_000_000),
    }
}

fn list(items: ArrayRef) -> Cell<'static> {
    Cell::List(
        (0..items.len())
            .map(|i| cell(items.as_ref(), i).into_owned())
            .collect(),
    )
}

impl Cell<'_> {
    fn into_owned(self) -> Cell<'static> {
        match self {
            Self::Null => Cell::Null,
            Self::Bool(value) => Cell::Bool(value),
            Self::Int(value) => Cell::Int(value),
            Self::UInt(value) => Cell::UInt(value),
            Self::Float(value) => Cell::Float(value),
            Self::Text(text) => Cell::Text(Cow::Owned(text.into_owned())),
            Self::Timestamp(ms) => Cell::Timestamp(ms),
            Self::List(items) => Cell::List(items.into_iter().map(Cell::into_owned).collect()),
            Self::Map(entries) => Cell::Map(
                entries
                    .into_iter()
                    .map(|(key, value)| (key.into_owned(), value.into_owned()))
                    .collect(),
            ),
        }
    }
}

fn printed(array: &dyn Array, row: usize) -> String {
    let options = FormatOptions::default();
    match ArrayFormatter::try_new(array, &options) {
        Ok(formatter) => formatter.value(row).to_string(),
        Err(error) => format!("({error})"),
    }
}

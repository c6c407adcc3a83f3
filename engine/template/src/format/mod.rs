//! Go's fmt package: `%v` of each value, `Sprint`, and `Sprintf` with its verbs and flags.

mod directive;
mod float;
mod quote;
mod sprintf;
#[cfg(test)]
mod tests;

use crate::value::{Value, write_duration};

pub(crate) use float::format_float;
pub(crate) use quote::quoted;
pub(crate) use sprintf::sprintf;

/// A number with zeros in front.
pub(crate) fn pad_number(number: u64, width: usize) -> String {
    format!("{number:0width$}")
}

/// Appends what `%v` prints.
pub(crate) fn write_value(out: &mut String, value: &Value) {
    match value {
        Value::Nil => out.push_str("<nil>"),
        Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Int(value) => out.push_str(&value.to_string()),
        Value::Float(value) => out.push_str(&format_float(*value, 'g', None)),
        Value::String(text) => out.push_str(text),
        Value::Time(time) => out.push_str(&time.to_go_string()),
        Value::Duration(nanoseconds) => write_duration(out, *nanoseconds),
        Value::List(_) | Value::Map(_) => match own_text(value) {
            Some(text) => out.push_str(&text),
            None => write_collection(out, value, &mut |out, item| write_value(out, item)),
        },
    }
}

/// What the value's own `String` method says.
fn own_text(value: &Value) -> Option<String> {
    let text = match value {
        Value::List(list) => (list.of.methods)(value, "String", &[]),
        Value::Map(map) => (map.of.methods)(value, "String", &[]),
        _ => None,
    };
    text?.ok()?.as_str().map(str::to_owned)
}

/// Appends `[a b]`, `map[k:v]` or `{a b}` with each item printed by `item`.
fn write_collection(out: &mut String, value: &Value, item: &mut dyn FnMut(&mut String, &Value)) {
    match value {
        Value::List(list) => {
            out.push('[');
            for (i, value) in list.items.iter().enumerate() {
                if i > 0 {
                    out.push(' ');
                }
                item(out, value);
            }
            out.push(']');
        }
        Value::Map(map) => {
            let is_struct = map.of.kind == crate::value::MapKind::Struct;
            out.push_str(if is_struct { "{" } else { "map[" });
            for (i, (key, value)) in map.entries.iter().enumerate() {
                if i > 0 {
                    out.push(' ');
                }
                if !is_struct {
                    item(out, &Value::String(key.clone()));
                    out.push(':');
                }
                item(out, value);
            }
            out.push(if is_struct { '}' } else { ']' });
        }
        _ => item(out, value),
    }
}

/// What `%v` prints, as a string.
pub(crate) fn to_text(value: &Value) -> String {
    let mut out = String::new();
    write_value(&mut out, value);
    out
}

/// What an action prints: as `%v`, with `<no value>` for nothing.
pub(crate) fn printed(value: &Value) -> String {
    match value {
        Value::Nil => "<no value>".to_owned(),
        value => to_text(value),
    }
}

/// Go's `Sprint`: a space between two values of which neither is a string.
pub(crate) fn sprint(args: &[Value]) -> String {
    let mut out = String::new();
    for (i, value) in args.iter().enumerate() {
        let is_text = |value: &Value| matches!(value, Value::String(_));
        if i > 0 && !is_text(value) && !is_text(&args[i - 1]) {
            out.push(' ');
        }
        write_value(&mut out, value);
    }
    out
}

/// Go's `Sprintln`: a space between all values, and a line end.
pub(crate) fn sprintln(args: &[Value]) -> String {
    let mut out = args.iter().map(to_text).collect::<Vec<_>>().join(" ");
    out.push('\n');
    out
}

//! Go's builtin functions: printing, indexing, logic; `and` and `or` live in the evaluator.

use std::collections::HashMap;
use std::sync::Arc;

use super::args::wrong_type;
use super::comparison::{equal, greater, greater_equal, less, less_equal, not_equal};
use super::escape::{html, javascript, url_query};
use super::{Args, Function};
use crate::error::FunctionError;
use crate::format::{printed, quoted, sprint, sprintf, sprintln};
use crate::value::{List, Value};

type Result<T> = std::result::Result<T, FunctionError>;
type Builtin = fn(&Args<'_>) -> Result<Value>;

pub(super) fn add(map: &mut HashMap<&'static str, Function>) {
    let table: [(&'static str, Builtin); 17] = [
        ("not", not),
        ("len", len),
        ("index", index),
        ("slice", slice),
        ("call", call),
        ("print", |args| Ok(sprint(args.values()).into())),
        ("println", |args| Ok(sprintln(args.values()).into())),
        ("printf", printf),
        ("html", |args| Ok(html(&joined(args)).into())),
        ("js", |args| Ok(javascript(&joined(args)).into())),
        ("urlquery", |args| Ok(url_query(&joined(args)).into())),
        ("eq", equal),
        ("ne", not_equal),
        ("lt", less),
        ("le", less_equal),
        ("gt", greater),
        ("ge", greater_equal),
    ];
    for (name, function) in table {
        map.insert(name, Arc::new(function));
    }
}

fn not(args: &Args<'_>) -> Result<Value> {
    args.exactly(1)?;
    Ok(Value::Bool(!args.value(0).is_true()))
}

fn printf(args: &Args<'_>) -> Result<Value> {
    args.at_least(1)?;
    Ok(sprintf(args.string(0)?, &args.values()[1..]).into())
}

/// The escapers' input: one string as it is, anything else as `Sprint` joins it.
fn joined(args: &Args<'_>) -> String {
    match args.values() {
        [value] => printed(value),
        values => sprint(values),
    }
}

fn len(args: &Args<'_>) -> Result<Value> {
    args.exactly(1)?;
    let count = match args.value(0) {
        Value::String(text) => text.len(),
        Value::List(list) => list.items.len(),
        Value::Map(map) if map.of.kind != crate::value::MapKind::Struct => map.entries.len(),
        Value::Nil => return Err(FunctionError::failed("len of nil pointer")),
        other => {
            return Err(FunctionError::Failed(format!(
                "len of type {}",
                other.type_name()
            )));
        }
    };
    Ok(Value::Int(i64::try_from(count).unwrap_or(i64::MAX)))
}

/// `index x 1 "k"` is `x[1]["k"]`.
fn index(args: &Args<'_>) -> Result<Value> {
    args.at_least(1)?;
    let mut value = args.value(0).clone();
    for key in &args.values()[1..] {
        value = index_one(&value, key)?;
    }
    Ok(value)
}

fn index_one(value: &Value, key: &Value) -> Result<Value> {
    let out_of_range = |position: i64| FunctionError::Failed(format!("index out of range: {position}"));
    let position = |len: usize| -> Result<usize> {
        match key {
            Value::Int(position) => {
                let found = usize::try_from(*position).ok().filter(|position| *position < len);
                found.ok_or_else(|| out_of_range(*position))
            }
            Value::Nil => Err(FunctionError::failed("cannot index slice/array with nil")),
            other => {
                let name = other.type_name();
                Err(FunctionError::Failed(format!(
                    "cannot index slice/array with type {name}"
                )))
            }
        }
    };
    match value {
        Value::List(list) => Ok(list.items[position(list.items.len())?].clone()),
        Value::String(text) => Ok(Value::Int(text.as_bytes()[position(text.len())?].into())),
        Value::Map(map) if map.of.kind != crate::value::MapKind::Struct => match key {
            Value::String(key) => Ok(map.get_or_zero(key)),
            other => {
                let name = other.type_name();
                Err(FunctionError::Failed(format!(
                    "value has type {name}; should be string"
                )))
            }
        },
        Value::Nil => Err(FunctionError::failed("index of untyped nil")),
        other => Err(FunctionError::Failed(format!(
            "can't index item of type {}",
            other.type_name()
        ))),
    }
}

/// `slice x 1 2` is `x[1:2]`; strings are cut by bytes and must stay text.
fn slice(args: &Args<'_>) -> Result<Value> {
    args.at_least(1)?;
    let (value, indexes) = (args.value(0), &args.values()[1..]);
    let len = match value {
        Value::String(text) => text.len(),
        Value::List(list) => list.items.len(),
        Value::Nil => return Err(FunctionError::failed("slice of untyped nil")),
        other => {
            return Err(FunctionError::Failed(format!(
                "can't slice item of type {}",
                other.type_name()
            )));
        }
    };
    if indexes.len() > 3 {
        return Err(FunctionError::Failed(format!(
            "too many slice indexes: {}",
            indexes.len()
        )));
    }
    if indexes.len() == 3 && matches!(value, Value::String(_)) {
        return Err(FunctionError::failed("cannot 3-index slice a string"));
    }
    let mut bounds = [0, len, len];
    for (bound, index) in bounds.iter_mut().zip(indexes) {
        let Value::Int(position) = index else {
            return Err(wrong_type("int", index));
        };
        let found = usize::try_from(*position)
            .ok()
            .filter(|position| *position <= len);
        *bound = found.ok_or_else(|| FunctionError::Failed(format!("index out of range: {position}")))?;
    }
    let [start, end, _] = bounds;
    if start > end {
        return Err(FunctionError::Failed(format!(
            "invalid slice index: {start} > {end}"
        )));
    }
    match value {
        Value::String(text) => match text.get(start..end) {
            Some(part) => Ok(Value::string(part)),
            None => {
                let shown = quoted(text);
                Err(FunctionError::Failed(format!(
                    "slice {start}:{end} cuts a character of {shown}"
                )))
            }
        },
        Value::List(list) => Ok(Value::List(Arc::new(List::new(
            list.of,
            list.items[start..end].to_vec(),
        )))),
        _ => Ok(Value::Nil),
    }
}

/// Data of ours never holds functions, so this can only say so.
fn call(args: &Args<'_>) -> Result<Value> {
    args.at_least(1)?;
    let name = args.value(0).type_name();
    Err(FunctionError::Failed(format!("non-function of type {name}")))
}

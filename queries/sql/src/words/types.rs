//! Types as PostgreSQL's clients name them in casts.

use datafusion::sql::sqlparser::ast::{ArrayElemTypeDef, DataType, Expr, Value};

use super::call;

/// Types whose values are numbers of objects, which are written as names.
const OBJECTS: [&str; 6] = [
    "regclass",
    "regtype",
    "regproc",
    "regprocedure",
    "regnamespace",
    "oid",
];

/// Whether a type holds numbers of objects.
pub(super) fn is_of_object(data_type: &DataType) -> bool {
    word(data_type).is_some_and(|word| OBJECTS.contains(&word.as_str()))
}

/// The name of a function, where it is written as one: the columns that hold functions have their names, too.
pub(super) fn function_name(expr: &Expr, data_type: &DataType) -> Option<Expr> {
    let Expr::Value(value) = expr else { return None };
    match (&value.value, word(data_type)?.as_str()) {
        (Value::SingleQuotedString(name), "regproc" | "regprocedure") => {
            let name = name.strip_prefix("pg_catalog.").unwrap_or(name);
            Some(Expr::Value(Value::SingleQuotedString(name.to_owned()).into()))
        }
        _ => None,
    }
}

/// The number of an object that is named, or what has it already.
pub(super) fn object_number(expr: Expr) -> Expr {
    match &expr {
        Expr::Value(value) if matches!(value.value, Value::SingleQuotedString(_) | Value::Placeholder(_)) => {
            call("to_regclass", vec![expr])
        }
        _ => expr,
    }
}

/// Writes a type of PostgreSQL's as the query engine knows it; others stay.
pub(super) fn make_plain(data_type: &mut DataType) {
    if let DataType::Array(ArrayElemTypeDef::SquareBracket(element, _)) = data_type {
        return match is_of_object(element) {
            true => **element = DataType::BigInt(None),
            false => make_plain(element),
        };
    }
    let Some(word) = word(data_type) else { return };
    let plain = match word.as_str() {
        "text" | "name" | "char" | "bpchar" | "varchar" | "json" | "jsonb" | "uuid" | "inet" | "cstring"
        | "xml" | "int2vector" | "oidvector" => DataType::Text,
        "int2" => DataType::SmallInt(None),
        "int4" => DataType::Int(None),
        "int8" => DataType::BigInt(None),
        "float4" => DataType::Real,
        "float8" => DataType::DoublePrecision,
        "bool" => DataType::Boolean,
        _ => return,
    };
    *data_type = plain;
}

fn word(data_type: &DataType) -> Option<String> {
    match data_type {
        DataType::Custom(name, _) => {
            let last = name.0.last()?.as_ident()?;
            Some(last.value.to_ascii_lowercase())
        }
        DataType::Regclass => Some("regclass".to_owned()),
        _ => None,
    }
}

//! Values that a client binds to `$1`, `$2`, …, in text or binary, as literals of SQL.

use datafusion::sql::sqlparser::ast::{CastKind, DataType, Expr, TimezoneInfo, Value};
use engine_model::time::format_rfc3339_ms;
use pgwire::api::Type;
use pgwire::error::PgWireResult;

use super::errors;
use crate::list_text::list_elements;
use crate::words::call;

/// Most elements of a list: each is looked at while the statement is planned.
const ELEMENTS_MAX: usize = 10_000;
/// 2000-01-01 in microseconds since 1970: where PostgreSQL's timestamps begin.
const EPOCH_US: i64 = 946_684_800_000_000;
/// 2000-01-01 in days since 1970.
const EPOCH_DAYS: i64 = 10_957;
const DAY_MS: i64 = 86_400_000;

/// One bound value.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bound<'a> {
    pub(super) bytes: Option<&'a [u8]>,
    pub(super) data_type: &'a Type,
    pub(super) binary: bool,
}

/// The literal that a value is.
pub(super) fn literal(bound: Bound<'_>) -> PgWireResult<Expr> {
    let Some(bytes) = bound.bytes else {
        return Ok(Expr::Value(Value::Null.into()));
    };
    if let Some(element) = element_of(bound.data_type) {
        let elements = match bound.binary {
            true => binary_elements(bytes)?,
            false => text_elements(text(bytes)?)?,
        };
        if elements.len() > ELEMENTS_MAX {
            let what = format!(
                "a list of {} elements, at most {ELEMENTS_MAX} are read",
                elements.len()
            );
            return Err(errors::error("54000", what));
        }
        let mut items = Vec::with_capacity(elements.len());
        for bytes in &elements {
            items.push(literal(Bound {
                bytes: bytes.as_deref(),
                data_type: &element,
                binary: bound.binary,
            })?);
        }
        return Ok(call("make_array", items));
    }
    let text = match bound.binary {
        true => binary_text(bytes, bound.data_type)?,
        false => text(bytes)?.to_owned(),
    };
    of_text(text, bound.data_type)
}

fn text(bytes: &[u8]) -> PgWireResult<&str> {
    std::str::from_utf8(bytes).map_err(|_| errors::error("22021", "a parameter is no UTF-8"))
}

/// Types of elements, and of the lists of them.
const LISTS: [(Type, Type); 17] = [
    (Type::BOOL, Type::BOOL_ARRAY),
    (Type::INT2, Type::INT2_ARRAY),
    (Type::INT4, Type::INT4_ARRAY),
    (Type::INT8, Type::INT8_ARRAY),
    (Type::OID, Type::OID_ARRAY),
    (Type::FLOAT4, Type::FLOAT4_ARRAY),
    (Type::FLOAT8, Type::FLOAT8_ARRAY),
    (Type::NUMERIC, Type::NUMERIC_ARRAY),
    (Type::TEXT, Type::TEXT_ARRAY),
    (Type::VARCHAR, Type::VARCHAR_ARRAY),
    (Type::BPCHAR, Type::BPCHAR_ARRAY),
    (Type::NAME, Type::NAME_ARRAY),
    (Type::JSON, Type::JSON_ARRAY),
    (Type::DATE, Type::DATE_ARRAY),
    (Type::TIMESTAMP, Type::TIMESTAMP_ARRAY),
    (Type::TIMESTAMPTZ, Type::TIMESTAMPTZ_ARRAY),
    (Type::INTERVAL, Type::INTERVAL_ARRAY),
];

/// The type of the elements of a list.
pub(super) fn element_of(data_type: &Type) -> Option<Type> {
    let found = LISTS.iter().find(|(_, list)| list == data_type);
    found.map(|(element, _)| element.clone())
}

/// The type of lists of elements of a type.
pub(super) fn list_of(data_type: &Type) -> Type {
    let found = LISTS.iter().find(|(element, _)| element == data_type);
    found.map_or(Type::TEXT_ARRAY, |(_, list)| list.clone())
}

/// A type as it is written in a cast, in small letters.
pub(super) fn named(word: &str) -> Option<Type> {
    if let Some(element) = word.strip_suffix("[]") {
        return named(element).map(|element| list_of(&element));
    }
    Some(match word {
        "bool" | "boolean" => Type::BOOL,
        "smallint" | "int2" => Type::INT2,
        "int" | "integer" | "int4" => Type::INT4,
        "bigint" | "int8" => Type::INT8,
        "oid" => Type::OID,
        "real" | "float4" => Type::FLOAT4,
        "double" | "double precision" | "float8" | "float" => Type::FLOAT8,
        "numeric" | "decimal" => Type::NUMERIC,
        // Names of objects are written as texts.
        "text" | "regclass" | "regtype" | "regproc" | "regnamespace" => Type::TEXT,
        "varchar" | "character varying" => Type::VARCHAR,
        "name" => Type::NAME,
        "date" => Type::DATE,
        "timestamp" | "timestamp without time zone" => Type::TIMESTAMP,
        "timestamptz" | "timestamp with time zone" => Type::TIMESTAMPTZ,
        "interval" => Type::INTERVAL,
        _ => return None,
    })
}

/// A null of a type, for what is planned before values are known.
pub(super) fn typed_null(data_type: &Type) -> Expr {
    let null = Expr::Value(Value::Null.into());
    let Some(data_type) = sql_type(data_type) else {
        return null;
    };
    cast(null, data_type)
}

/// The type of a literal; `None` for texts.
fn sql_type(data_type: &Type) -> Option<DataType> {
    Some(match *data_type {
        Type::BOOL => DataType::Boolean,
        Type::INT2 | Type::INT4 | Type::INT8 | Type::OID => DataType::BigInt(None),
        Type::FLOAT4 | Type::FLOAT8 | Type::NUMERIC => DataType::DoublePrecision,
        Type::TIMESTAMP => DataType::Timestamp(None, TimezoneInfo::None),
        Type::TIMESTAMPTZ => DataType::Timestamp(None, TimezoneInfo::Tz),
        Type::DATE => DataType::Date,
        Type::INTERVAL => DataType::Interval {
            fields: None,
            precision: None,
        },
        Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME => DataType::Text,
        _ => return None,
    })
}

fn of_text(text: String, data_type: &Type) -> PgWireResult<Expr> {
    let invalid = |text: &str| {
        let what = format!("invalid input syntax for type {}: \"{text}\"", data_type.name());
        errors::error("22P02", what)
    };
    if *data_type == Type::BOOL {
        return match text.to_ascii_lowercase().as_str() {
            "t" | "true" | "1" | "on" | "yes" | "y" => Ok(Expr::Value(Value::Boolean(true).into())),
            "f" | "false" | "0" | "off" | "no" | "n" => Ok(Expr::Value(Value::Boolean(false).into())),
            _ => Err(invalid(&text)),
        };
    }
    let literal = |text: String| Expr::Value(Value::SingleQuotedString(text).into());
    let data_type = match sql_type(data_type) {
        None | Some(DataType::Text) => return Ok(literal(text)),
        Some(data_type) => data_type,
    };
    let is_number = match data_type {
        DataType::BigInt(_) => text.trim().parse::<i64>().is_ok(),
        DataType::DoublePrecision => text.trim().parse::<f64>().is_ok(),
        _ => true,
    };
    match is_number {
        true => Ok(cast(literal(text), data_type)),
        false => Err(invalid(&text)),
    }
}

fn cast(expr: Expr, data_type: DataType) -> Expr {
    Expr::Cast {
        kind: CastKind::Cast,
        expr: Box::new(expr),
        data_type,
        array: false,
        format: None,
    }
}

/// A value in binary as text.
fn binary_text(bytes: &[u8], data_type: &Type) -> PgWireResult<String> {
    let wrong = || {
        let what = format!("{} bytes are no {} in binary", bytes.len(), data_type.name());
        errors::error("22P03", what)
    };
    let short = |bytes: &[u8]| {
        <[u8; 2]>::try_from(bytes)
            .map(i16::from_be_bytes)
            .map_err(|_| wrong())
    };
    let int = |bytes: &[u8]| {
        <[u8; 4]>::try_from(bytes)
            .map(i32::from_be_bytes)
            .map_err(|_| wrong())
    };
    let long = |bytes: &[u8]| {
        <[u8; 8]>::try_from(bytes)
            .map(i64::from_be_bytes)
            .map_err(|_| wrong())
    };
    Ok(match *data_type {
        Type::BOOL => u8::from(bytes == [1]).to_string(),
        Type::INT2 => short(bytes)?.to_string(),
        Type::INT4 | Type::OID => int(bytes)?.to_string(),
        Type::INT8 => long(bytes)?.to_string(),
        Type::FLOAT4 => f32::from_bits(int(bytes)? as u32).to_string(),
        Type::FLOAT8 => f64::from_bits(long(bytes)? as u64).to_string(),
        Type::TIMESTAMP | Type::TIMESTAMPTZ => instant(long(bytes)?.saturating_add(EPOCH_US), data_type),
        Type::DATE => {
            let days = i64::from(int(bytes)?) + EPOCH_DAYS;
            let text = format_rfc3339_ms(days.saturating_mul(DAY_MS));
            text.split('T').next().unwrap_or_default().to_owned()
        }
        Type::INTERVAL if bytes.len() == 16 => {
            let (us, days, months) = (long(&bytes[..8])?, int(&bytes[8..12])?, int(&bytes[12..])?);
            format!("{months} months {days} days {us} microseconds")
        }
        Type::NUMERIC => numeric(bytes).ok_or_else(wrong)?,
        Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME | Type::UNKNOWN | Type::JSON => {
            text(bytes)?.to_owned()
        }
        _ => {
            let what = format!(
                "parameters of type {} are not supported in binary",
                data_type.name()
            );
            return Err(errors::error("0A000", what));
        }
    })
}

/// Microseconds since 1970 as text, with its zone where the type has one.
fn instant(us: i64, data_type: &Type) -> String {
    let text = format_rfc3339_ms(us.div_euclid(1000));
    let whole = text.trim_end_matches('Z');
    let zone = if *data_type == Type::TIMESTAMPTZ { "Z" } else { "" };
    format!("{whole}{:03}{zone}", us.rem_euclid(1000))
}

/// PostgreSQL's decimal: digits of base 10,000 after a header.
fn numeric(bytes: &[u8]) -> Option<String> {
    let words: Vec<u16> = bytes
        .chunks_exact(2)
        .map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
        .collect();
    let [count, weight, sign, _scale, digits @ ..] = words.as_slice() else {
        return None;
    };
    match sign {
        0xC000 => return Some("NaN".to_owned()),
        0xD000 => return Some("inf".to_owned()),
        0xF000 => return Some("-inf".to_owned()),
        _ => {}
    }
    let digits = digits.get(..usize::from(*count))?;
    let mut text = String::from(if *sign == 0x4000 { "-0" } else { "0" });
    for digit in digits {
        text.push_str(&format!("{digit:04}"));
    }
    // The last digit's place, as a power of ten.
    let exponent = 4 * (i32::from(*weight as i16) + 1 - i32::from(*count));
    Some(format!("{text}e{exponent}"))
}

/// Elements of an array of one dimension.
fn binary_elements(bytes: &[u8]) -> PgWireResult<Vec<Option<Vec<u8>>>> {
    let wrong = || {
        errors::error(
            "22P03",
            "a list in binary that cannot be read; it may have one dimension",
        )
    };
    let int = |at: usize| -> PgWireResult<i32> {
        let word = bytes.get(at..at + 4).ok_or_else(wrong)?;
        Ok(i32::from_be_bytes(word.try_into().map_err(|_| wrong())?))
    };
    match int(0)? {
        0 => return Ok(Vec::new()),
        1 => {}
        _ => return Err(wrong()),
    }
    let count = usize::try_from(int(12)?).map_err(|_| wrong())?;
    let (mut at, mut elements) = (20, Vec::new());
    for _ in 0..count {
        let length = int(at)?;
        at += 4;
        if length < 0 {
            elements.push(None);
            continue;
        }
        let end = at + length as usize;
        elements.push(Some(bytes.get(at..end).ok_or_else(wrong)?.to_vec()));
        at = end;
    }
    Ok(elements)
}

/// Elements of `{a,"b c",NULL}`.
fn text_elements(text: &str) -> PgWireResult<Vec<Option<Vec<u8>>>> {
    let elements = list_elements(text)
        .ok_or_else(|| errors::error("22P02", format!("malformed array literal: \"{text}\"")))?;
    let bytes = elements
        .into_iter()
        .map(|element| element.map(String::into_bytes));
    Ok(bytes.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sql(bytes: &[u8], data_type: &Type, binary: bool) -> String {
        let bound = Bound {
            bytes: Some(bytes),
            data_type,
            binary,
        };
        match literal(bound) {
            Ok(expr) => expr.to_string(),
            Err(error) => format!("error: {error}"),
        }
    }

    #[test]
    fn text_and_binary_say_the_same() {
        for (text, binary, data_type) in [
            ("-5", &(-5_i32).to_be_bytes()[..], Type::INT4),
            ("7", &7_i64.to_be_bytes(), Type::INT8),
            ("0.25", &0.25_f64.to_be_bytes(), Type::FLOAT8),
            ("a'b", b"a'b", Type::TEXT),
            ("2026-01-01", &9497_i32.to_be_bytes(), Type::DATE),
            (
                "2026-01-01T00:00:00.000001Z",
                &(820_540_800_000_001_i64).to_be_bytes(),
                Type::TIMESTAMPTZ,
            ),
        ] {
            let expected = sql(text.as_bytes(), &data_type, false);
            assert_eq!(sql(binary, &data_type, true), expected, "{text}");
        }
        assert_eq!(sql(b"a'b", &Type::TEXT, false), "'a''b'");
    }

    #[test]
    fn decimals_in_binary() {
        // 12345.67 is 1|2345|6700 with weight 1.
        let bytes: Vec<u8> = [3_u16, 1, 0, 2, 1, 2345, 6700]
            .iter()
            .flat_map(|word| word.to_be_bytes())
            .collect();
        let text = numeric(&bytes).unwrap();
        assert_eq!(text.parse::<f64>().unwrap(), 12_345.67, "{text}");
    }

    #[test]
    fn lists() {
        let text = sql(br#"{a,"b c","q\"",NULL}"#, &Type::TEXT_ARRAY, false);
        assert_eq!(text, "make_array('a', 'b c', 'q\"', NULL)");
        let mut binary = Vec::new();
        for word in [1_i32, 0, 23, 2, 1, 4, 41, -1] {
            binary.extend(word.to_be_bytes());
        }
        let list = sql(&binary, &Type::INT4_ARRAY, true);
        assert_eq!(list, "make_array(CAST('41' AS BIGINT), NULL)");
        assert!(sql(b"{{1}}", &Type::INT4_ARRAY, false).contains("malformed"));
    }

    #[test]
    fn what_is_no_value_of_its_type_is_refused() {
        assert!(sql(b"x", &Type::INT4, false).contains("invalid input syntax for type int4"));
        assert!(sql(&[1, 2, 3], &Type::INT8, true).contains("3 bytes are no int8"));
    }
}

//! Rows as PostgreSQL's clients read them, text or binary. Maps, structs and lists of them are JSON.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, Field, Float64Type, Schema, SchemaRef, TimeUnit, TimestampMicrosecondType,
    TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType,
};
use arrow_pg::datatypes::into_pg_type;
use arrow_pg::encoder::encode_value;
use engine_model::time::format_rfc3339_ms;
use pgwire::api::Type;
use pgwire::api::portal::Format;
use pgwire::api::results::{DataRowEncoder, FieldFormat, FieldInfo};
use pgwire::error::PgWireResult;
use pgwire::messages::data::DataRow;

use super::errors;
use crate::cell::{Cell, cell};

/// PostgreSQL's type of a column.
pub(super) fn pg_type(data_type: &DataType) -> PgWireResult<Type> {
    Ok(match data_type {
        DataType::Null => Type::TEXT,
        DataType::Dictionary(_, value) => pg_type(value)?,
        other if is_json(other) => Type::JSON,
        DataType::Decimal32(..) | DataType::Decimal64(..) | DataType::Decimal256(..) => Type::TEXT,
        other => into_pg_type(other)?,
    })
}

fn is_json(data_type: &DataType) -> bool {
    match data_type {
        DataType::Map(..) | DataType::Struct(_) | DataType::Union(..) => true,
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
            item.data_type().is_nested()
        }
        _ => false,
    }
}

/// Descriptions of the columns of `schema`.
pub(super) fn fields(schema: &Schema, formats: &Format) -> PgWireResult<Vec<FieldInfo>> {
    if let Format::Individual(codes) = formats
        && codes.len() != schema.fields().len()
    {
        let text = format!(
            "bind message has {} result formats but query has {} columns",
            codes.len(),
            schema.fields().len()
        );
        return Err(errors::error("08P01", text));
    }
    let described = schema.fields().iter().enumerate().map(|(i, field)| {
        let data_type = pg_type(field.data_type())?;
        let bytes = bytes_of(&data_type);
        let info = FieldInfo::new(field.name().clone(), None, None, data_type, formats.format_for(i));
        Ok(info.with_type_size(bytes))
    });
    described.collect()
}

/// Bytes of a value of a type; -1 where they vary.
fn bytes_of(data_type: &Type) -> i16 {
    match *data_type {
        Type::BOOL => 1,
        Type::INT2 => 2,
        Type::INT4 | Type::FLOAT4 | Type::DATE | Type::OID => 4,
        Type::INT8 | Type::FLOAT8 | Type::TIMESTAMP | Type::TIMESTAMPTZ | Type::TIME => 8,
        Type::INTERVAL => 16,
        _ => -1,
    }
}

/// The schema that was told to the client, if what comes can be turned into it.
pub(super) fn conform(described: &SchemaRef, coming: &SchemaRef) -> PgWireResult<SchemaRef> {
    let names = |schema: &SchemaRef| -> Vec<String> {
        schema.fields().iter().map(|field| field.name().clone()).collect()
    };
    if names(described) == names(coming) {
        return Ok(Arc::clone(described));
    }
    // New labels appeared since the statement was prepared.
    Err(errors::error("0A000", "cached plan must not change result type"))
}

/// Writes batches as rows.
pub(super) struct RowWriter {
    fields: Arc<Vec<FieldInfo>>,
    schema: SchemaRef,
    encoder: DataRowEncoder,
}

impl RowWriter {
    pub(super) fn new(fields: Arc<Vec<FieldInfo>>, schema: SchemaRef) -> Self {
        Self {
            encoder: DataRowEncoder::new(Arc::clone(&fields)),
            fields,
            schema,
        }
    }

    /// The rows of `batch`.
    pub(super) fn rows(&mut self, batch: &RecordBatch) -> PgWireResult<Vec<DataRow>> {
        let columns = self.columns(batch)?;
        let mut rows = Vec::with_capacity(batch.num_rows());
        for row in 0..batch.num_rows() {
            for (i, (array, field)) in columns.iter().enumerate() {
                write(&mut self.encoder, array, row, field, &self.fields[i])?;
            }
            rows.push(self.encoder.take_row());
        }
        Ok(rows)
    }

    /// The columns in the types that were promised, without dictionaries.
    fn columns(&self, batch: &RecordBatch) -> PgWireResult<Vec<(ArrayRef, Field)>> {
        let columns = batch.columns().iter().zip(self.schema.fields());
        let turned = columns.map(|(array, field)| {
            let wanted = match field.data_type() {
                DataType::Null => &DataType::Utf8,
                DataType::Dictionary(_, value) => value.as_ref(),
                other => other,
            };
            let array = match array.data_type() == wanted || is_json(wanted) {
                true => Arc::clone(array),
                false => cast(array, wanted).map_err(|error| errors::error("22P02", error.to_string()))?,
            };
            let field = Field::new(field.name(), array.data_type().clone(), true);
            Ok((array, field))
        });
        turned.collect()
    }
}

fn write(
    encoder: &mut DataRowEncoder,
    array: &ArrayRef,
    row: usize,
    field: &Field,
    info: &FieldInfo,
) -> PgWireResult<()> {
    if array.is_null(row) {
        return encoder.encode_field(&None::<i8>);
    }
    if *info.datatype() == Type::JSON {
        let mut json = String::new();
        cell(array.as_ref(), row).write_json(&mut json);
        return encoder.encode_field(&json);
    }
    let printed = matches!(
        array.data_type(),
        DataType::Decimal32(..) | DataType::Decimal64(..) | DataType::Decimal256(..)
    );
    if printed {
        let mut text = String::new();
        cell(array.as_ref(), row).write_text(&mut text);
        return encoder.encode_field(&text);
    }
    if info.format() == FieldFormat::Text {
        match array.data_type() {
            DataType::Float64 => {
                return encoder.encode_field(&float_text(array.as_primitive::<Float64Type>().value(row)));
            }
            DataType::Timestamp(unit, zone) if zone.as_deref().is_none_or(|zone| zone == "UTC") => {
                if let Some(text) = instant_text(microseconds(array, row, *unit), zone.is_some()) {
                    return encoder.encode_field(&text);
                }
            }
            _ => {}
        }
    }
    encode_value(encoder, array, row, field, info)
}

/// A time since 1970; PostgreSQL has nothing finer.
fn microseconds(array: &ArrayRef, row: usize, unit: TimeUnit) -> i64 {
    match unit {
        TimeUnit::Second => array
            .as_primitive::<TimestampSecondType>()
            .value(row)
            .saturating_mul(1_000_000),
        TimeUnit::Millisecond => array
            .as_primitive::<TimestampMillisecondType>()
            .value(row)
            .saturating_mul(1000),
        TimeUnit::Microsecond => array.as_primitive::<TimestampMicrosecondType>().value(row),
        TimeUnit::Nanosecond => array
            .as_primitive::<TimestampNanosecondType>()
            .value(row)
            .div_euclid(1000),
    }
}

/// Microseconds since 1970 as PostgreSQL prints a time, without zeros at the end; `None` outside the years 1 to 9999.
fn instant_text(us: i64, zone: bool) -> Option<String> {
    let text = format_rfc3339_ms(us.div_euclid(1000));
    let (day, time) = text.strip_suffix('Z')?.split_once('T')?;
    if day.len() != 10 || day.starts_with("0000") {
        return None;
    }
    let mut printed = format!("{day} {}", time.split('.').next()?);
    match us.rem_euclid(1_000_000) {
        0 => {}
        fraction => printed.push_str(format!(".{fraction:06}").trim_end_matches('0')),
    }
    if zone {
        printed.push_str("+00");
    }
    Some(printed)
}

/// A double as PostgreSQL prints it: whole numbers without a fraction.
fn float_text(value: f64) -> String {
    if value.is_infinite() {
        let text = if value > 0.0 { "Infinity" } else { "-Infinity" };
        return text.to_owned();
    }
    let mut text = String::new();
    Cell::Float(value).write_text(&mut text);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_as_postgresql_prints_them() {
        for (us, zone, expected) in [
            (1_767_225_600_000_000, true, Some("2026-01-01 00:00:00+00")),
            (1_767_225_600_500_000, true, Some("2026-01-01 00:00:00.5+00")),
            (1_767_225_600_000_013, false, Some("2026-01-01 00:00:00.000013")),
            (-1, true, Some("1969-12-31 23:59:59.999999+00")),
            (i64::MAX, true, None),
            (i64::MIN, true, None),
        ] {
            assert_eq!(instant_text(us, zone).as_deref(), expected, "{us}");
        }
    }
}

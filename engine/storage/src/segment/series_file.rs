//! Writes `series.parquet`: one row per series in storage order.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, Float64Array, MapBuilder, MapFieldNames, RecordBatch, StringBuilder, StringDictionaryBuilder,
    TimestampMillisecondArray, UInt32Array, UInt64Array,
};
use arrow::datatypes::{DataType, Field, Int32Type, Schema, SchemaRef};
use arrow::error::ArrowError;
use engine_model::Labels;
use hashbrown::HashMap;
use parquet::arrow::ArrowWriter;

use super::durable::{Checksum, SummedFile};
use super::error::SegmentError;
use super::schema::{self, timestamp_type};
use super::{label_columns, manifest};
use crate::disk::Disk;

/// Rows per record batch: bounds the builders' memory.
const BATCH_ROWS: usize = 8192;

/// What the table of series says about one series.
#[derive(Debug, Clone)]
pub(super) struct SeriesEntry {
    pub(super) number: u32,
    pub(super) labels: Labels,
    pub(super) first_row: u64,
    pub(super) row_count: u64,
    pub(super) first_histogram: u64,
    pub(super) histogram_count: u64,
    pub(super) min_time_ms: i64,
    pub(super) max_time_ms: i64,
    /// What integers are divided by in all of its rows.
    pub(super) divisor: f64,
}

/// Writes the table of `series` into `folder`; the rows in `histograms.parquet` are only named where that is.
pub(super) fn write(
    disk: &dyn Disk,
    folder: &Path,
    series: &[SeriesEntry],
    with_histograms: bool,
) -> Result<Checksum, SegmentError> {
    let names = label_columns::choose(series.iter().map(|entry| &entry.labels));
    let schema = series_schema(&names, with_histograms);
    let file = SummedFile::create(disk, folder.join(manifest::SERIES_FILE))?;
    let path = file.path().to_owned();
    let failed = |error| SegmentError::parquet(&path, error);
    let mut writer =
        ArrowWriter::try_new(file, schema.clone(), Some(schema::series_properties())).map_err(failed)?;
    for chunk in series.chunks(BATCH_ROWS) {
        let batch = batch(&schema, &names, chunk, with_histograms).map_err(|e| failed(e.into()))?;
        writer.write(&batch).map_err(failed)?;
    }
    writer.into_inner().map_err(failed)?.finish()
}

fn series_schema(names: &[String], with_histograms: bool) -> SchemaRef {
    let mut fields = vec![
        Field::new(schema::SERIES, DataType::UInt32, false),
        Field::new(schema::FIRST_ROW, DataType::UInt64, false),
        Field::new(schema::ROW_COUNT, DataType::UInt64, false),
        Field::new(schema::MIN_TIME, timestamp_type(), false),
        Field::new(schema::MAX_TIME, timestamp_type(), false),
        Field::new(schema::DIVISOR, DataType::Float64, false),
    ];
    if with_histograms {
        fields.push(Field::new(schema::FIRST_HISTOGRAM, DataType::UInt64, false));
        fields.push(Field::new(schema::HISTOGRAM_COUNT, DataType::UInt64, false));
    }
    let text = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
    fields.extend(
        names
            .iter()
            .map(|name| Field::new(format!("{}{name}", schema::LABEL_PREFIX), text.clone(), true)),
    );
    let entries = Field::new(
        "key_value",
        DataType::Struct(
            vec![
                Field::new("key", DataType::Utf8, false),
                Field::new("value", DataType::Utf8, true),
            ]
            .into(),
        ),
        false,
    );
    fields.push(Field::new(
        schema::LABELS_REST,
        DataType::Map(Arc::new(entries), false),
        true,
    ));
    Arc::new(Schema::new(fields))
}

fn batch(
    schema: &SchemaRef,
    names: &[String],
    series: &[SeriesEntry],
    with_histograms: bool,
) -> Result<RecordBatch, ArrowError> {
    let numbers = series.iter().map(|entry| entry.number);
    let times = |of: fn(&SeriesEntry) -> i64| -> ArrayRef {
        Arc::new(TimestampMillisecondArray::from_iter_values(series.iter().map(of)).with_timezone("UTC"))
    };
    let counts = |of: fn(&SeriesEntry) -> u64| -> ArrayRef {
        Arc::new(UInt64Array::from_iter_values(series.iter().map(of)))
    };
    let mut columns: Vec<ArrayRef> = vec![
        Arc::new(UInt32Array::from_iter_values(numbers)),
        counts(|entry| entry.first_row),
        counts(|entry| entry.row_count),
        times(|entry| entry.min_time_ms),
        times(|entry| entry.max_time_ms),
        Arc::new(Float64Array::from_iter_values(
            series.iter().map(|entry| entry.divisor),
        )),
    ];
    if with_histograms {
        columns.push(counts(|entry| entry.first_histogram));
        columns.push(counts(|entry| entry.histogram_count));
    }
    label_arrays(names, series, &mut columns)?;
    RecordBatch::try_new(schema.clone(), columns)
}

fn label_arrays(
    names: &[String],
    series: &[SeriesEntry],
    columns: &mut Vec<ArrayRef>,
) -> Result<(), ArrowError> {
    let by_name: HashMap<&str, usize> = names.iter().enumerate().map(|(i, n)| (n.as_str(), i)).collect();
    let mut texts: Vec<StringDictionaryBuilder<Int32Type>> =
        names.iter().map(|_| StringDictionaryBuilder::new()).collect();
    let field_names = MapFieldNames {
        entry: "key_value".to_owned(),
        key: "key".to_owned(),
        value: "value".to_owned(),
    };
    let mut rest = MapBuilder::new(Some(field_names), StringBuilder::new(), StringBuilder::new());
    let mut filled = vec![false; names.len()];
    for entry in series {
        filled.fill(false);
        let mut rest_filled = false;
        for (name, value) in &entry.labels {
            if let Some(&column) = by_name.get(name) {
                texts[column].append(value)?;
                filled[column] = true;
            } else {
                rest.keys().append_value(name);
                rest.values().append_value(value);
                rest_filled = true;
            }
        }
        rest.append(rest_filled)?;
        for (text, _) in texts.iter_mut().zip(&filled).filter(|(_, filled)| !**filled) {
            text.append_null();
        }
    }
    columns.extend(texts.iter_mut().map(|text| Arc::new(text.finish()) as ArrayRef));
    columns.push(Arc::new(rest.finish()));
    Ok(())
}

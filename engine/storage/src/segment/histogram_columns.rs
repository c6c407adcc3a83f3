//! Native histograms as columns: plain numbers and lists that any Parquet reader understands, and back
//! into histograms bit by bit. Bucket counts are absolute; a staleness marker has no `sum`.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Float64Array, Float64Builder, Int32Builder, Int64Builder, ListArray,
    ListBuilder, PrimitiveArray, PrimitiveBuilder, RecordBatch, StringArray, StringBuilder,
    TimestampMillisecondArray, UInt32Array, UInt32Builder, UInt64Builder,
};
use arrow::datatypes::{
    ArrowPrimitiveType, DataType, Field, Float64Type, Int32Type, Int64Type, Schema, SchemaRef, UInt32Type,
    UInt64Type,
};
use arrow::error::ArrowError;
use engine_model::histogram::{Counts, Histogram, ResetHint, Span};
use engine_model::staleness::{STALE_NAN, is_stale};

use super::sample_rows::starts_column;
use super::schema::{self, timestamp_type};
use super::table_file::timestamps;

const SCHEMA: &str = "schema";
const RESET_HINT: &str = "reset_hint";
const ZERO_THRESHOLD: &str = "zero_threshold";
const SUM: &str = "sum";
const COUNT: &str = "count";
const ZERO_COUNT: &str = "zero_count";
const FLOAT_COUNT: &str = "float_count";
const FLOAT_ZERO_COUNT: &str = "float_zero_count";
const POSITIVE_OFFSETS: &str = "positive_offsets";
const POSITIVE_LENGTHS: &str = "positive_lengths";
const POSITIVE_COUNTS: &str = "positive_counts";
const POSITIVE_FLOAT_COUNTS: &str = "positive_float_counts";
const NEGATIVE_OFFSETS: &str = "negative_offsets";
const NEGATIVE_LENGTHS: &str = "negative_lengths";
const NEGATIVE_COUNTS: &str = "negative_counts";
const NEGATIVE_FLOAT_COUNTS: &str = "negative_float_counts";
const CUSTOM_VALUES: &str = "custom_values";

/// Columns of whole bucket counts, which are stored as differences.
pub(super) const COUNT_LISTS: [&str; 2] = [POSITIVE_COUNTS, NEGATIVE_COUNTS];
/// Columns of float bucket counts.
pub(super) const FLOAT_LISTS: [&str; 2] = [POSITIVE_FLOAT_COUNTS, NEGATIVE_FLOAT_COUNTS];
/// Whole numbers that grow from row to row.
pub(super) const COUNTERS: [&str; 2] = [COUNT, ZERO_COUNT];
/// Floats that differ from row to row.
pub(super) const FLOATS: [&str; 3] = [SUM, FLOAT_COUNT, FLOAT_ZERO_COUNT];

/// Columns of `histograms.parquet`; start timestamps are the last, where there is room for them.
pub(super) fn histograms_schema(with_starts: bool) -> SchemaRef {
    let list = |name, item| Field::new(name, DataType::List(element(item)), false);
    let nullable_list = |name, item| Field::new(name, DataType::List(element(item)), true);
    let mut fields = vec![
        Field::new(schema::SERIES, DataType::UInt32, false),
        Field::new(schema::TIMESTAMP, timestamp_type(), false),
        Field::new(SCHEMA, DataType::Int32, false),
        Field::new(RESET_HINT, DataType::Utf8, false),
        Field::new(ZERO_THRESHOLD, DataType::Float64, false),
        Field::new(SUM, DataType::Float64, true),
        Field::new(COUNT, DataType::UInt64, true),
        Field::new(ZERO_COUNT, DataType::UInt64, true),
        Field::new(FLOAT_COUNT, DataType::Float64, true),
        Field::new(FLOAT_ZERO_COUNT, DataType::Float64, true),
        list(POSITIVE_OFFSETS, DataType::Int32),
        list(POSITIVE_LENGTHS, DataType::UInt32),
        nullable_list(POSITIVE_COUNTS, DataType::Int64),
        nullable_list(POSITIVE_FLOAT_COUNTS, DataType::Float64),
        list(NEGATIVE_OFFSETS, DataType::Int32),
        list(NEGATIVE_LENGTHS, DataType::UInt32),
        nullable_list(NEGATIVE_COUNTS, DataType::Int64),
        nullable_list(NEGATIVE_FLOAT_COUNTS, DataType::Float64),
        list(CUSTOM_VALUES, DataType::Float64),
    ];
    if with_starts {
        fields.push(Field::new(schema::START_TIMESTAMP, timestamp_type(), true));
    }
    Arc::new(Schema::new(fields))
}

fn element(data_type: DataType) -> Arc<Field> {
    Arc::new(Field::new("element", data_type, false))
}

/// Histograms that are not yet handed to the Parquet writer.
#[derive(Debug)]
pub(super) struct HistogramRows {
    schema: SchemaRef,
    /// Rows that say when what they count began, ms since the epoch, ascending.
    starts: Vec<(usize, i64)>,
    series: Vec<u32>,
    timestamps: Vec<i64>,
    schemas: Int32Builder,
    reset_hints: StringBuilder,
    zero_thresholds: Float64Builder,
    sums: Float64Builder,
    counts: UInt64Builder,
    zero_counts: UInt64Builder,
    float_counts: Float64Builder,
    float_zero_counts: Float64Builder,
    positive: Side,
    negative: Side,
    custom_values: ListBuilder<Float64Builder>,
}

/// Spans and buckets of one sign.
#[derive(Debug)]
struct Side {
    offsets: ListBuilder<Int32Builder>,
    lengths: ListBuilder<UInt32Builder>,
    counts: ListBuilder<Int64Builder>,
    float_counts: ListBuilder<Float64Builder>,
}

fn list<T: ArrowPrimitiveType>() -> ListBuilder<PrimitiveBuilder<T>> {
    ListBuilder::new(PrimitiveBuilder::new()).with_field(element(T::DATA_TYPE))
}

impl Side {
    fn new() -> Self {
        Self {
            offsets: list(),
            lengths: list(),
            counts: list(),
            float_counts: list(),
        }
    }

    fn push(&mut self, spans: &[Span], deltas: Option<&[i64]>, floats: Option<&[f64]>) {
        self.offsets
            .append_value(spans.iter().map(|span| Some(span.offset)));
        self.lengths
            .append_value(spans.iter().map(|span| Some(span.length)));
        let absolute = deltas.map(|deltas| {
            deltas.iter().scan(0i64, |count, delta| {
                *count = count.wrapping_add(*delta);
                Some(Some(*count))
            })
        });
        self.counts.append_option(absolute);
        self.float_counts
            .append_option(floats.map(|counts| counts.iter().copied().map(Some)));
    }

    fn finish(&mut self) -> [ArrayRef; 4] {
        [
            Arc::new(self.offsets.finish()),
            Arc::new(self.lengths.finish()),
            Arc::new(self.counts.finish()),
            Arc::new(self.float_counts.finish()),
        ]
    }
}

impl HistogramRows {
    /// No rows yet; `with_starts` makes room for start timestamps.
    pub(super) fn new(with_starts: bool) -> Self {
        Self {
            schema: histograms_schema(with_starts),
            starts: Vec::new(),
            series: Vec::new(),
            timestamps: Vec::new(),
            schemas: Int32Builder::new(),
            reset_hints: StringBuilder::new(),
            zero_thresholds: Float64Builder::new(),
            sums: Float64Builder::new(),
            counts: UInt64Builder::new(),
            zero_counts: UInt64Builder::new(),
            float_counts: Float64Builder::new(),
            float_zero_counts: Float64Builder::new(),
            positive: Side::new(),
            negative: Side::new(),
            custom_values: list(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.series.len()
    }

    pub(super) fn push(&mut self, series: u32, timestamp: i64, start_ms: Option<i64>, histogram: &Histogram) {
        self.starts
            .extend(start_ms.map(|start_ms| (self.series.len(), start_ms)));
        self.series.push(series);
        self.timestamps.push(timestamp);
        self.schemas.append_value(histogram.schema);
        self.reset_hints.append_value(hint_text(histogram.reset_hint));
        self.zero_thresholds.append_value(histogram.zero_threshold);
        self.sums
            .append_option((!is_stale(histogram.sum)).then_some(histogram.sum));
        let (integers, floats) = match &histogram.counts {
            Counts::Integer {
                count,
                zero,
                positive,
                negative,
            } => (Some((*count, *zero, positive, negative)), None),
            Counts::Float {
                count,
                zero,
                positive,
                negative,
            } => (None, Some((*count, *zero, positive, negative))),
        };
        self.counts.append_option(integers.map(|(count, ..)| count));
        self.zero_counts.append_option(integers.map(|(_, zero, ..)| zero));
        self.float_counts.append_option(floats.map(|(count, ..)| count));
        self.float_zero_counts
            .append_option(floats.map(|(_, zero, ..)| zero));
        self.positive.push(
            &histogram.positive_spans,
            integers.map(|(_, _, positive, _)| positive.as_slice()),
            floats.map(|(_, _, positive, _)| positive.as_slice()),
        );
        self.negative.push(
            &histogram.negative_spans,
            integers.map(|(.., negative)| negative.as_slice()),
            floats.map(|(.., negative)| negative.as_slice()),
        );
        self.custom_values
            .append_value(histogram.custom_values.iter().copied().map(Some));
    }

    /// Hands out what was pushed and starts again.
    pub(super) fn take(&mut self) -> Result<RecordBatch, ArrowError> {
        let rows = self.len();
        let timestamps = TimestampMillisecondArray::from(std::mem::take(&mut self.timestamps));
        let mut columns: Vec<ArrayRef> = vec![
            Arc::new(UInt32Array::from(std::mem::take(&mut self.series))),
            Arc::new(timestamps.with_timezone("UTC")),
            Arc::new(self.schemas.finish()),
            Arc::new(self.reset_hints.finish()),
            Arc::new(self.zero_thresholds.finish()),
            Arc::new(self.sums.finish()),
            Arc::new(self.counts.finish()),
            Arc::new(self.zero_counts.finish()),
            Arc::new(self.float_counts.finish()),
            Arc::new(self.float_zero_counts.finish()),
        ];
        columns.extend(self.positive.finish());
        columns.extend(self.negative.finish());
        columns.push(Arc::new(self.custom_values.finish()));
        if self.schema.fields().len() > columns.len() {
            columns.push(starts_column(std::mem::take(&mut self.starts), rows));
        }
        RecordBatch::try_new(self.schema.clone(), columns)
    }
}

/// Appends the histograms of rows `from..until` to `out`. An error is what is wrong with the columns.
pub(super) fn decode(
    batch: &RecordBatch,
    from: usize,
    until: usize,
    out: &mut Vec<(i64, Arc<Histogram>)>,
) -> Result<(), String> {
    let times = timestamps(batch);
    let columns = Columns::of(batch);
    for (row, time) in (from..until).zip(&times[from..until]) {
        out.push((*time, Arc::new(columns.histogram(row)?)));
    }
    Ok(())
}

/// The columns of some rows.
struct Columns<'a> {
    schemas: &'a PrimitiveArray<Int32Type>,
    hints: &'a StringArray,
    zero_thresholds: &'a Float64Array,
    sums: &'a Float64Array,
    counts: &'a PrimitiveArray<UInt64Type>,
    zero_counts: &'a PrimitiveArray<UInt64Type>,
    float_counts: &'a Float64Array,
    float_zero_counts: &'a Float64Array,
    positive: SideColumns<'a>,
    negative: SideColumns<'a>,
    custom_values: &'a ListArray,
}

struct SideColumns<'a> {
    offsets: &'a ListArray,
    lengths: &'a ListArray,
    counts: &'a ListArray,
    float_counts: &'a ListArray,
}

impl<'a> Columns<'a> {
    fn of(batch: &'a RecordBatch) -> Self {
        let float = |name| column(batch, name).as_primitive::<Float64Type>();
        let whole = |name| column(batch, name).as_primitive::<UInt64Type>();
        let list = |name| column(batch, name).as_list::<i32>();
        Self {
            schemas: column(batch, SCHEMA).as_primitive(),
            hints: column(batch, RESET_HINT).as_string(),
            zero_thresholds: float(ZERO_THRESHOLD),
            sums: float(SUM),
            counts: whole(COUNT),
            zero_counts: whole(ZERO_COUNT),
            float_counts: float(FLOAT_COUNT),
            float_zero_counts: float(FLOAT_ZERO_COUNT),
            positive: SideColumns {
                offsets: list(POSITIVE_OFFSETS),
                lengths: list(POSITIVE_LENGTHS),
                counts: list(POSITIVE_COUNTS),
                float_counts: list(POSITIVE_FLOAT_COUNTS),
            },
            negative: SideColumns {
                offsets: list(NEGATIVE_OFFSETS),
                lengths: list(NEGATIVE_LENGTHS),
                counts: list(NEGATIVE_COUNTS),
                float_counts: list(NEGATIVE_FLOAT_COUNTS),
            },
            custom_values: list(CUSTOM_VALUES),
        }
    }

    fn histogram(&self, row: usize) -> Result<Histogram, String> {
        let hint = self.hints.value(row);
        let sum = self.sums.is_valid(row).then(|| self.sums.value(row));
        Ok(Histogram {
            schema: self.schemas.value(row),
            reset_hint: hint_of(hint).ok_or_else(|| format!("reset hint {hint:?} is unknown"))?,
            zero_threshold: self.zero_thresholds.value(row),
            sum: sum.unwrap_or(STALE_NAN),
            positive_spans: self.positive.spans(row)?,
            negative_spans: self.negative.spans(row)?,
            custom_values: items::<Float64Type>(self.custom_values, row).to_vec(),
            counts: self.counts(row)?,
        })
    }

    fn counts(&self, row: usize) -> Result<Counts, String> {
        match (self.counts.is_valid(row), self.float_counts.is_valid(row)) {
            (true, false) => Ok(Counts::Integer {
                count: self.counts.value(row),
                zero: self.zero_counts.value(row),
                positive: deltas(items::<Int64Type>(self.positive.counts, row)),
                negative: deltas(items::<Int64Type>(self.negative.counts, row)),
            }),
            (false, true) => Ok(Counts::Float {
                count: self.float_counts.value(row),
                zero: self.float_zero_counts.value(row),
                positive: items::<Float64Type>(self.positive.float_counts, row).to_vec(),
                negative: items::<Float64Type>(self.negative.float_counts, row).to_vec(),
            }),
            _ => Err("a histogram has not exactly one of count and float_count".to_owned()),
        }
    }
}

impl SideColumns<'_> {
    fn spans(&self, row: usize) -> Result<Vec<Span>, String> {
        let offsets = items::<Int32Type>(self.offsets, row);
        let lengths = items::<UInt32Type>(self.lengths, row);
        if offsets.len() != lengths.len() {
            return Err("a histogram has not as many span offsets as lengths".to_owned());
        }
        let span = |(&offset, &length)| Span { offset, length };
        Ok(offsets.iter().zip(lengths).map(span).collect())
    }
}

fn deltas(counts: &[i64]) -> Vec<i64> {
    let mut previous = 0i64;
    let delta = |&count: &i64| count.wrapping_sub(std::mem::replace(&mut previous, count));
    counts.iter().map(delta).collect()
}

/// The list in `row`; a null list is empty.
fn items<T: ArrowPrimitiveType>(lists: &ListArray, row: usize) -> &[T::Native] {
    if lists.is_null(row) {
        return &[];
    }
    let values: &PrimitiveArray<T> = lists.values().as_primitive();
    let offsets = lists.value_offsets();
    &values.values()[offsets[row] as usize..offsets[row + 1] as usize]
}

fn column<'a>(batch: &'a RecordBatch, name: &str) -> &'a ArrayRef {
    batch
        .column_by_name(name)
        .expect("all columns are read, and their types were checked when the file was opened")
}

fn hint_text(hint: ResetHint) -> &'static str {
    match hint {
        ResetHint::Unknown => "unknown",
        ResetHint::Reset => "reset",
        ResetHint::NotReset => "not_reset",
        ResetHint::Gauge => "gauge",
    }
}

fn hint_of(text: &str) -> Option<ResetHint> {
    let all = [
        ResetHint::Unknown,
        ResetHint::Reset,
        ResetHint::NotReset,
        ResetHint::Gauge,
    ];
    all.into_iter().find(|hint| hint_text(*hint) == text)
}

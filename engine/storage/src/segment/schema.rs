//! Columns of the two Parquet files, and how each is encoded.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::metadata::SortingColumn;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder};
use parquet::schema::types::ColumnPath;

use super::histogram_columns;
use super::level::Level;

pub(super) const SERIES: &str = "series";
pub(super) const TIMESTAMP: &str = "timestamp";
pub(super) const SCALED: &str = "scaled";
pub(super) const DIVISOR: &str = "divisor";
pub(super) const VALUE: &str = "value";
pub(super) const START_TIMESTAMP: &str = "start_timestamp";

pub(super) const FIRST_ROW: &str = "first_row";
pub(super) const ROW_COUNT: &str = "row_count";
pub(super) const MIN_TIME: &str = "min_time";
pub(super) const MAX_TIME: &str = "max_time";
pub(super) const FIRST_HISTOGRAM: &str = "first_histogram";
pub(super) const HISTOGRAM_COUNT: &str = "histogram_count";
pub(super) const LABELS_REST: &str = "labels_rest";
/// Before a label's name in the name of its column, so that it never clashes with ours.
pub(super) const LABEL_PREFIX: &str = "l_";

/// A row group's rows: bounds the memory of a writer to some 10 MB a segment.
const ROW_GROUP_ROWS: usize = 1 << 20;

/// A page's rows at most. Pages of times and divisors are this long: the series of a target share their
/// times, so a page over several series compresses to a fraction of one over a single series. A read of
/// one series decodes whole pages, some 0.1 ms for the times of this many rows.
const PAGE_ROWS: usize = 64 << 10;
/// Encoded bytes of a page of integers as differences: some 20,000 rows, more where values hardly change.
const DELTA_PAGE_BYTES: usize = 24 << 10;
/// Encoded bytes of a page of plain numbers: 8,192 rows.
const PLAIN_PAGE_BYTES: usize = 64 << 10;

/// Series with fewer rows than this in a segment are short: blocks of differences hold 256 rows, and one
/// that crosses from a series to the next is as wide as the step between them.
const LONG_ROWS: u64 = 256;

/// How many rows the series of a segment have, which decides how their values are encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunLength {
    /// Tens: a cut, or a compaction of series that live for minutes.
    Short,
    /// Hundreds and more.
    Long,
}

impl RunLength {
    /// What to expect of a segment of `level` when nothing is known of its series.
    pub(super) fn usual(level: Level) -> Self {
        match level {
            Level::Cut => Self::Short,
            Level::TwoHours | Level::Day => Self::Long,
        }
    }

    /// What `samples` of `series` are.
    pub fn of(samples: u64, series: u64) -> Self {
        match samples / series.max(1) {
            0..LONG_ROWS => Self::Short,
            _ => Self::Long,
        }
    }
}

/// A row group's rows in `histograms.parquet`, which are some 10 to 100 times as wide.
const HISTOGRAM_GROUP_ROWS: usize = 1 << 16;

/// A page's rows in `histograms.parquet`.
const HISTOGRAM_PAGE_ROWS: usize = 512;

/// Milliseconds since the epoch, UTC.
pub(super) fn timestamp_type() -> DataType {
    DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into()))
}

/// Columns of `samples.parquet`.
pub(super) fn samples_schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new(SERIES, DataType::UInt32, false),
        Field::new(TIMESTAMP, timestamp_type(), false),
        Field::new(SCALED, DataType::Int64, true),
        Field::new(DIVISOR, DataType::Float64, false),
        Field::new(VALUE, DataType::Float64, true),
        Field::new(START_TIMESTAMP, timestamp_type(), true),
    ]))
}

/// Encodings of `samples.parquet`, chosen by measurement (`DECISIONS.md`).
pub(super) fn samples_properties(runs: RunLength) -> WriterProperties {
    let (scaled, page_bytes) = match runs {
        RunLength::Short => (Encoding::PLAIN, PLAIN_PAGE_BYTES),
        RunLength::Long => (Encoding::DELTA_BINARY_PACKED, DELTA_PAGE_BYTES),
    };
    let mut properties = base()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_dictionary_enabled(false)
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_data_page_row_count_limit(PAGE_ROWS)
        // Page bounds are kept where a reader can prune by them; values are not searched.
        .set_statistics_enabled(EnabledStatistics::None)
        .set_sorting_columns(Some(vec![ascending(0), ascending(1)]));
    for name in [SERIES, TIMESTAMP] {
        properties = properties.set_column_statistics_enabled(column(name), EnabledStatistics::Page);
    }
    for name in [SERIES, TIMESTAMP, START_TIMESTAMP] {
        properties = properties.set_column_encoding(column(name), Encoding::DELTA_BINARY_PACKED);
    }
    properties
        .set_column_encoding(column(SCALED), scaled)
        .set_column_data_page_size_limit(column(SCALED), page_bytes)
        .set_column_encoding(column(DIVISOR), Encoding::PLAIN)
        .set_column_encoding(column(VALUE), Encoding::PLAIN)
        .set_column_data_page_size_limit(column(VALUE), PLAIN_PAGE_BYTES)
        .build()
}

/// Encodings of `histograms.parquet`: whole counts as differences from bucket to bucket, floats as they
/// are, layouts and bounds by dictionary.
pub(super) fn histograms_properties() -> WriterProperties {
    let mut properties = base()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_max_row_group_row_count(Some(HISTOGRAM_GROUP_ROWS))
        .set_data_page_row_count_limit(HISTOGRAM_PAGE_ROWS)
        // Lists are long: a page is closed where it should be only when it is looked at often enough.
        .set_write_batch_size(HISTOGRAM_PAGE_ROWS)
        .set_statistics_enabled(EnabledStatistics::None)
        .set_sorting_columns(Some(vec![ascending(0), ascending(1)]));
    for name in [SERIES, TIMESTAMP] {
        properties = properties.set_column_statistics_enabled(column(name), EnabledStatistics::Page);
    }
    let times = [SERIES, TIMESTAMP, START_TIMESTAMP];
    let whole = times.into_iter().chain(histogram_columns::COUNTERS);
    let whole = whole.map(column);
    let whole_lists = histogram_columns::COUNT_LISTS.into_iter().map(list_column);
    for path in whole.chain(whole_lists) {
        properties = properties
            .set_column_dictionary_enabled(path.clone(), false)
            .set_column_encoding(path, Encoding::DELTA_BINARY_PACKED);
    }
    let floats = histogram_columns::FLOATS.into_iter().map(column);
    let float_lists = histogram_columns::FLOAT_LISTS.into_iter().map(list_column);
    for path in floats.chain(float_lists) {
        properties = properties.set_column_dictionary_enabled(path, false);
    }
    properties.build()
}

/// Encodings of `series.parquet`: labels by dictionary, numbers by delta.
pub(super) fn series_properties() -> WriterProperties {
    let mut properties = base()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_statistics_enabled(EnabledStatistics::Chunk);
    for name in [
        SERIES,
        FIRST_ROW,
        ROW_COUNT,
        MIN_TIME,
        MAX_TIME,
        FIRST_HISTOGRAM,
        HISTOGRAM_COUNT,
    ] {
        properties = properties
            .set_column_dictionary_enabled(column(name), false)
            .set_column_encoding(column(name), Encoding::DELTA_BINARY_PACKED);
    }
    properties.build()
}

fn base() -> WriterPropertiesBuilder {
    WriterProperties::builder().set_created_by(concat!("weir ", env!("CARGO_PKG_VERSION")).to_owned())
}

/// A column path of one part: names may contain dots.
fn column(name: &str) -> ColumnPath {
    ColumnPath::new(vec![name.to_owned()])
}

/// The items of a list.
fn list_column(name: &str) -> ColumnPath {
    ColumnPath::new(vec![name.to_owned(), "list".to_owned(), "element".to_owned()])
}

fn ascending(column_idx: i32) -> SortingColumn {
    SortingColumn {
        column_idx,
        descending: false,
        nulls_first: false,
    }
}

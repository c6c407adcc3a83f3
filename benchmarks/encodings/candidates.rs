//! The candidates for each column, tried on the columns of a stored segment.

use std::fs::File;
use std::path::Path;

use anyhow::{Context as _, Result};
use arrow::array::{Array as _, ArrayRef};
use arrow::compute::concat;
use arrow::datatypes::DataType;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression, Encoding, ZstdLevel};

use super::columns::Candidate;
use super::data::DataSet;
use super::segments::Written;
use crate::report::{Table, short};

const PAGE_ROWS: usize = 8192;

/// A table for each column of the samples, by metric and by target, and for each of the series.
pub(super) fn measure(segment: &Written, set: &DataSet) -> Result<Vec<(String, String)>> {
    let mut tables = Vec::new();
    let columns = columns(&segment.path.join("samples.parquet"))?;
    for (name, column) in &columns {
        if column.null_count() == column.len() {
            continue;
        }
        let mut table = Table::new(&["candidate", "B/sample", "write ns/row", "read ns/row"]);
        for (title, candidate) in candidates_for(name)? {
            add(&mut table, &title, &candidate, column, set.samples())?;
        }
        if let Some((title, candidate)) = reordered(name)? {
            add(
                &mut table,
                title,
                &candidate,
                &by_target(column, set)?,
                set.samples(),
            )?;
        }
        tables.push((format!("samples.parquet: {name}"), table.markdown()));
    }
    tables.push((
        "series.parquet".to_owned(),
        series_table(&segment.path.join("series.parquet"))?,
    ));
    Ok(tables)
}

fn add(table: &mut Table, title: &str, candidate: &Candidate, column: &ArrayRef, per: usize) -> Result<()> {
    let cost = candidate.cost(column).with_context(|| title.to_owned())?;
    table.row(vec![
        title.to_owned(),
        format!("{:.3}", cost.bytes as f64 / per as f64),
        short(cost.write_ns / column.len() as f64),
        short(cost.read_ns / column.len() as f64),
    ]);
    Ok(())
}

fn zstd(level: i32) -> Result<Compression> {
    Ok(Compression::ZSTD(ZstdLevel::try_new(level)?))
}

/// What is worth trying for the column of this name.
fn candidates_for(name: &str) -> Result<Vec<(String, Candidate)>> {
    let delta = Some(Encoding::DELTA_BINARY_PACKED);
    let split = Some(Encoding::BYTE_STREAM_SPLIT);
    let plain = Some(Encoding::PLAIN);
    let (none, snappy) = (Compression::UNCOMPRESSED, Compression::SNAPPY);
    let mut tried: Vec<(&str, Option<Encoding>, &str, Compression, usize)> = match name {
        "series" => vec![
            ("delta", delta, "none", none, PAGE_ROWS),
            ("delta", delta, "zstd 1", zstd(1)?, PAGE_ROWS),
            ("dictionary", None, "none", none, PAGE_ROWS),
            ("dictionary", None, "zstd 1", zstd(1)?, PAGE_ROWS),
        ],
        "divisor" => vec![
            ("dictionary", None, "none", none, PAGE_ROWS),
            ("dictionary", None, "zstd 1", zstd(1)?, PAGE_ROWS),
            ("plain", plain, "zstd 1", zstd(1)?, PAGE_ROWS),
        ],
        "value" => vec![
            ("plain", plain, "none", none, PAGE_ROWS),
            ("plain", plain, "zstd 1", zstd(1)?, PAGE_ROWS),
            ("plain", plain, "zstd 3", zstd(3)?, PAGE_ROWS),
            ("byte stream split", split, "zstd 1", zstd(1)?, PAGE_ROWS),
            ("byte stream split", split, "zstd 3", zstd(3)?, PAGE_ROWS),
        ],
        _ => vec![
            ("delta", delta, "none", none, PAGE_ROWS),
            ("delta", delta, "snappy", snappy, PAGE_ROWS),
            ("delta", delta, "zstd 1", zstd(1)?, PAGE_ROWS),
            ("delta", delta, "zstd 3", zstd(3)?, PAGE_ROWS),
            ("delta", delta, "zstd 9", zstd(9)?, PAGE_ROWS),
            ("delta", delta, "zstd 19", zstd(19)?, PAGE_ROWS),
            ("plain", plain, "zstd 3", zstd(3)?, PAGE_ROWS),
            ("byte stream split", split, "zstd 3", zstd(3)?, PAGE_ROWS),
            ("dictionary", None, "zstd 3", zstd(3)?, PAGE_ROWS),
        ],
    };
    if matches!(name, "timestamp" | "scaled") {
        for rows in [1024, 4 * PAGE_ROWS, 16 * PAGE_ROWS] {
            tried.push(("delta", delta, "zstd 1", zstd(1)?, rows));
        }
    }
    let named = tried
        .into_iter()
        .map(|(encoding, given, codec, compression, page_rows)| {
            let title = format!("{encoding}, {codec}, pages of {page_rows}");
            let candidate = Candidate {
                encoding: given,
                compression,
                page_rows,
            };
            (title, candidate)
        });
    Ok(named.collect())
}

/// The encoding in which rows by target are compared with rows by metric.
fn reordered(name: &str) -> Result<Option<(&'static str, Candidate)>> {
    Ok(match name {
        "timestamp" | "scaled" => Some((
            "rows by target, delta, zstd 1, pages of 8192",
            Candidate {
                encoding: Some(Encoding::DELTA_BINARY_PACKED),
                compression: zstd(1)?,
                page_rows: PAGE_ROWS,
            },
        )),
        _ => None,
    })
}

/// The column with its series ordered by their targets.
fn by_target(column: &ArrayRef, set: &DataSet) -> Result<ArrayRef> {
    let mut parts = Vec::with_capacity(set.series.len());
    let mut start = 0;
    for series in &set.series {
        parts.push((series.target, column.slice(start, series.timestamps.len())));
        start += series.timestamps.len();
    }
    parts.sort_by_key(|(target, _)| *target);
    let parts: Vec<_> = parts.iter().map(|(_, part)| part.as_ref()).collect();
    Ok(concat(&parts)?)
}

/// Bytes per series of each column of the table of series: as it is stored and with other codecs.
fn series_table(path: &Path) -> Result<String> {
    let mut table = Table::new(&[
        "column",
        "B/series, dictionary, zstd 1",
        "zstd 3",
        "zstd 9",
        "delta lengths or bytes, zstd 3",
    ]);
    for (name, column) in columns(path)? {
        if column.null_count() == column.len() || matches!(column.data_type(), DataType::Map(..)) {
            continue;
        }
        let text = matches!(column.data_type(), DataType::Utf8 | DataType::Dictionary(..));
        let encoding = match column.data_type() {
            DataType::FixedSizeBinary(_) => Some(Encoding::PLAIN),
            _ if text => None,
            _ => Some(Encoding::DELTA_BINARY_PACKED),
        };
        let other = text.then_some(Encoding::DELTA_BYTE_ARRAY).or(encoding);
        let mut cells = vec![name];
        for (encoding, level) in [(encoding, 1), (encoding, 3), (encoding, 9), (other, 3)] {
            let candidate = Candidate {
                encoding,
                compression: zstd(level)?,
                page_rows: 1 << 20,
            };
            cells.push(format!(
                "{:.2}",
                candidate.cost(&column)?.bytes as f64 / column.len() as f64
            ));
        }
        table.row(cells);
    }
    Ok(table.markdown())
}

/// The columns of a file, each in one piece.
fn columns(path: &Path) -> Result<Vec<(String, ArrayRef)>> {
    let file = File::open(path).with_context(|| path.display().to_string())?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(file)?;
    let schema = builder.schema().clone();
    let batches = builder.build()?.collect::<Result<Vec<_>, _>>()?;
    let mut columns = Vec::new();
    for (number, field) in schema.fields().iter().enumerate() {
        let parts: Vec<_> = batches
            .iter()
            .map(|batch| batch.column(number).as_ref())
            .collect();
        columns.push((field.name().clone(), concat(&parts)?));
    }
    Ok(columns)
}

//! Segments: immutable folders of two or three Parquet files and a manifest (`FORMAT.md`). Written in one pass,
//! published by a rename, read by row selection.

mod block_sums;
mod columns;
mod decimal;
mod duckdb;
mod durable;
mod error;
mod float_reader;
mod guard;
mod histogram_columns;
mod id;
mod index;
mod label_columns;
mod level;
mod manifest;
mod pages;
mod positioned;
mod read;
mod reader;
mod sample_rows;
mod scan;
mod schema;
mod series_file;
mod starts;
mod table_file;
mod table_writer;
#[cfg(test)]
pub(crate) mod tests;
mod verify;
mod writer;

pub(crate) use columns::column_bytes;
pub use duckdb::{HiddenRows, duckdb_view_sql};
pub use durable::TEMPORARY_SUFFIX;
pub(crate) use durable::remove_folder;
pub use error::SegmentError;
pub(crate) use float_reader::FloatReader;
pub use id::SegmentId;
pub(crate) use id::unique;
pub use index::RowRange;
pub use level::Level;
pub use manifest::SegmentHeader;
pub(crate) use pages::PageCache;
pub use reader::{Segment, SegmentInfo};
pub(crate) use scan::SegmentScan;
pub use schema::RunLength;
pub use verify::{VerifyReport, verify};
pub use writer::SegmentWriter;

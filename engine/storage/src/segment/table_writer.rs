//! One Parquet file of rows that is being written, with the checksums that its reader compares.

use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use parquet::arrow::ArrowWriter;
use parquet::file::metadata::{KeyValue, RowGroupMetaData};
use parquet::file::properties::WriterProperties;

use super::block_sums;
use super::durable::{self, Checksum, SummedFile};
use super::error::SegmentError;
use crate::disk::Disk;

/// A file under its final name in a folder that is not published yet.
#[derive(Debug)]
pub(super) struct TableWriter {
    path: PathBuf,
    writer: ArrowWriter<SummedFile>,
    rows: u64,
}

/// A file that is complete and synced.
#[derive(Debug, Clone, Copy)]
pub(super) struct WrittenTable {
    pub(super) rows: u64,
    pub(super) file: Checksum,
    /// From the page index on.
    pub(super) tail: Checksum,
}

impl TableWriter {
    pub(super) fn create(
        disk: &dyn Disk,
        path: PathBuf,
        schema: SchemaRef,
        properties: WriterProperties,
    ) -> Result<Self, SegmentError> {
        let file = SummedFile::create(disk, path)?;
        let path = file.path().to_owned();
        let writer = ArrowWriter::try_new(file, schema, Some(properties))
            .map_err(|e| SegmentError::parquet(&path, e))?;
        Ok(Self {
            path,
            writer,
            rows: 0,
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn write(&mut self, batch: &RecordBatch) -> Result<(), SegmentError> {
        self.rows += batch.num_rows() as u64;
        let written = self.writer.write(batch);
        written.map_err(|e| SegmentError::parquet(&self.path, e))
    }

    /// Bytes written, and those of the row group that is open, about.
    pub(super) fn bytes(&self) -> u64 {
        (self.writer.bytes_written() + self.writer.in_progress_size()) as u64
    }

    pub(super) fn finish(mut self) -> Result<WrittenTable, SegmentError> {
        let failed = |e| SegmentError::parquet(&self.path, e);
        self.writer.flush().map_err(failed)?;
        // All pages have passed now; what follows has a checksum in the manifest.
        self.writer.sync().map_err(SegmentError::io(&self.path))?;
        let sums = self.writer.inner().blocks().text();
        let key = block_sums::METADATA_KEY.to_owned();
        self.writer.append_key_value_metadata(KeyValue::new(key, sums));
        let pages_end = pages_end(self.writer.flushed_row_groups());
        let file = self.writer.into_inner().map_err(failed)?.finish()?;
        let tail = durable::checksum(&self.path, pages_end)?;
        Ok(WrittenTable {
            rows: self.rows,
            file,
            tail,
        })
    }
}

/// Where the pages end and the page index begins.
fn pages_end(groups: &[RowGroupMetaData]) -> u64 {
    let columns = groups.iter().flat_map(|group| group.columns());
    let ends = columns.map(|column| {
        let (start, length) = column.byte_range();
        start + length
    });
    ends.max().unwrap_or(0)
}

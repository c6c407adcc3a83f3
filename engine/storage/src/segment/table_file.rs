//! `samples.parquet` or `histograms.parquet`, open: footer and page index in memory, rows read by selection.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::{ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{Float64Type, Int64Type, Schema, TimestampMillisecondType, UInt32Type};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
    RowSelection,
};
use parquet::file::metadata::PageIndexPolicy;
use parquet::file::reader::{ChunkReader, Length};

use super::block_sums::{self, BlockSums};
use super::decimal::ValueColumns;
use super::error::SegmentError;
use super::guard::guarded;
use super::manifest::{self, FileEntry};
use super::positioned::PositionedFile;
use super::schema;

/// Files opened so far.
static OPENED: AtomicU64 = AtomicU64::new(0);

/// The open file.
#[derive(Debug)]
pub(super) struct TableFile {
    path: PathBuf,
    file: PositionedFile,
    metadata: ArrowReaderMetadata,
    /// Rows per batch at most: bounds a reader's memory.
    batch_rows: usize,
    /// First row of each row group, then the number of rows of all.
    group_starts: Vec<u64>,
    /// Which of all files that were opened it is.
    number: u64,
}

/// Where a page is, and which rows of the file it holds.
#[derive(Debug, Clone)]
pub(super) struct PagePlace {
    pub(super) offset: u64,
    pub(super) bytes: usize,
    pub(super) rows: Range<u64>,
}

impl TableFile {
    /// Opens the file that `entry` describes: its length, the checksum of its tail and the types of the
    /// columns of `expected` are compared.
    pub(super) fn open(
        path: &Path,
        entry: &FileEntry,
        expected: &Schema,
        batch_rows: usize,
    ) -> Result<Self, SegmentError> {
        let file = PositionedFile::open(path)?;
        if file.len() != entry.bytes {
            let what = format!("{} bytes instead of {}", file.len(), entry.bytes);
            return Err(SegmentError::corrupt(path, what));
        }
        if let Some(tail) = &entry.tail {
            let start = entry.bytes.saturating_sub(tail.bytes);
            let bytes = file.get_bytes(start, (entry.bytes - start) as usize);
            let bytes = bytes.map_err(|e| SegmentError::parquet(path, e))?;
            if manifest::crc_text(crc32fast::hash(&bytes)) != tail.crc32 {
                return Err(SegmentError::corrupt(path, "checksum of the tail differs"));
            }
        }
        // Only where pages lie is needed; their bounds are for other readers.
        let options = ArrowReaderOptions::new()
            .with_offset_index_policy(PageIndexPolicy::Required)
            .with_column_index_policy(PageIndexPolicy::Skip);
        let metadata = guarded(path, || {
            ArrowReaderMetadata::load(&file, options).map_err(|e| SegmentError::parquet(path, e))
        })?;
        check_columns(path, &metadata, expected)?;
        let file = match block_sums(path, &metadata)? {
            Some(sums) => file.with_sums(sums),
            None => file,
        };
        let mut group_starts = vec![0u64];
        for group in metadata.metadata().row_groups() {
            let rows = u64::try_from(group.num_rows()).ok();
            let end = rows.and_then(|rows| group_starts.last().and_then(|start| start.checked_add(rows)));
            group_starts.push(end.ok_or_else(|| SegmentError::corrupt(path, "impossible row count"))?);
        }
        Ok(Self {
            path: path.to_owned(),
            file,
            metadata,
            batch_rows,
            group_starts,
            number: OPENED.fetch_add(1, Ordering::Relaxed),
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn rows(&self) -> u64 {
        *self.group_starts.last().expect("starts with 0")
    }

    /// Bytes of memory that footer and page index hold, about.
    pub(super) fn memory_bytes(&self) -> usize {
        self.metadata.metadata().memory_size() + self.file.memory_bytes()
    }

    /// Whether the file is of a version whose pages [`pages`](super::pages) reads.
    pub(super) fn has_our_pages(&self) -> bool {
        self.file.has_sums()
    }

    /// A number that no other file of this process has had.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    pub(super) fn file(&self) -> &PositionedFile {
        &self.file
    }

    /// Whether the file has the column `name`.
    pub(super) fn has_column(&self, name: &str) -> bool {
        let columns = self.metadata.parquet_schema().columns();
        columns.iter().any(|column| column.name() == name)
    }

    /// Place of the column `name`, which was checked when the file was opened.
    pub(super) fn column(&self, name: &str) -> usize {
        let columns = self.metadata.parquet_schema().columns();
        let place = columns.iter().position(|column| column.name() == name);
        place.expect("its type was checked when the file was opened")
    }

    /// Whether rows of the column may be null.
    pub(super) fn is_nullable(&self, column: usize) -> bool {
        self.metadata.parquet_schema().column(column).max_def_level() > 0
    }

    /// The page of `column` that holds `row`; `None` where the page index says something impossible.
    pub(super) fn page(&self, column: usize, row: u64) -> Option<PagePlace> {
        let group = self
            .group_starts
            .partition_point(|&start| start <= row)
            .checked_sub(1)?;
        let (start, end) = (self.group_starts[group], *self.group_starts.get(group + 1)?);
        let pages = self
            .metadata
            .metadata()
            .offset_index()?
            .get(group)?
            .get(column)?
            .page_locations();
        let within = i64::try_from(row - start).ok()?;
        let page = pages
            .partition_point(|page| page.first_row_index <= within)
            .checked_sub(1)?;
        let first = u64::try_from(pages[page].first_row_index).ok()?;
        let next = match pages.get(page + 1) {
            Some(next) => start.checked_add(u64::try_from(next.first_row_index).ok()?)?,
            None => end,
        };
        Some(PagePlace {
            offset: u64::try_from(pages[page].offset).ok()?,
            bytes: usize::try_from(pages[page].compressed_page_size).ok()?,
            rows: start + first..next,
        })
    }

    /// Reads `columns` (names of whole columns) of the rows in `ranges`, which ascend, do not overlap and exist.
    pub(super) fn select(&self, ranges: &[Range<u64>], columns: &[&str]) -> Result<Batches, SegmentError> {
        let (groups, selection, selected) = self.selection(ranges);
        let schema = self.metadata.parquet_schema();
        let mask = ProjectionMask::columns(schema, columns.iter().copied());
        let reader = guarded(&self.path, || {
            ParquetRecordBatchReaderBuilder::new_with_metadata(self.file.clone(), self.metadata.clone())
                .with_projection(mask)
                .with_row_groups(groups)
                .with_row_selection(selection)
                .with_batch_size(selected.clamp(1, self.batch_rows))
                .build()
                .map_err(|e| SegmentError::parquet(&self.path, e))
        })?;
        Ok(Batches {
            path: self.path.clone(),
            reader,
        })
    }

    /// The row groups that `ranges` touch and the selection within them.
    fn selection(&self, ranges: &[Range<u64>]) -> (Vec<usize>, RowSelection, usize) {
        let mut groups = Vec::new();
        let mut within: Vec<Range<usize>> = Vec::with_capacity(ranges.len());
        let (mut rows_before, mut selected) = (0usize, 0usize);
        let mut next = 0;
        for (group, bounds) in self.group_starts.windows(2).enumerate() {
            let (start, end) = (bounds[0], bounds[1]);
            let mut touched = false;
            while let Some(range) = ranges.get(next).filter(|range| range.start < end) {
                let (from, until) = (range.start.max(start), range.end.min(end));
                if from < until {
                    touched = true;
                    let at = rows_before + (from - start) as usize;
                    let count = (until - from) as usize;
                    within.push(at..at + count);
                    selected += count;
                }
                if range.end > end {
                    break;
                }
                next += 1;
            }
            if touched {
                groups.push(group);
                rows_before += (end - start) as usize;
            }
        }
        let selection = RowSelection::from_consecutive_ranges(within.into_iter(), rows_before);
        (groups, selection, selected)
    }
}

/// Batches of selected rows; a decoder's panic is an error.
pub(super) struct Batches {
    path: PathBuf,
    reader: ParquetRecordBatchReader,
}

impl Batches {
    pub(super) fn next(&mut self) -> Result<Option<RecordBatch>, SegmentError> {
        let Self { path, reader } = self;
        guarded(path, || {
            reader
                .next()
                .transpose()
                .map_err(|e| SegmentError::parquet(path, e.into()))
        })
    }
}

/// Hands out the rows of a selection in order, across batches.
pub(super) struct ColumnReader {
    batches: Batches,
    batch: Option<RecordBatch>,
    at: usize,
}

impl ColumnReader {
    pub(super) fn new(batches: Batches) -> Self {
        Self {
            batches,
            batch: None,
            at: 0,
        }
    }

    /// Visits the next `rows` rows as pieces `(batch, from, until)`; the visitor says what is wrong with them.
    pub(super) fn take(
        &mut self,
        mut rows: u64,
        path: &Path,
        mut visit: impl FnMut(&RecordBatch, usize, usize) -> Result<(), String>,
    ) -> Result<(), SegmentError> {
        while rows > 0 {
            match &self.batch {
                Some(batch) if self.at < batch.num_rows() => {
                    let take = rows.min((batch.num_rows() - self.at) as u64) as usize;
                    let visited = visit(batch, self.at, self.at + take);
                    visited.map_err(|what| SegmentError::corrupt(path, what))?;
                    self.at += take;
                    rows -= take as u64;
                }
                _ => {
                    self.at = 0;
                    self.batch = self.batches.next()?;
                    if self.batch.is_none() {
                        return Err(SegmentError::corrupt(path, "rows are missing"));
                    }
                }
            }
        }
        Ok(())
    }
}

/// The sums that the footer holds; files of older versions have none.
fn block_sums(path: &Path, metadata: &ArrowReaderMetadata) -> Result<Option<BlockSums>, SegmentError> {
    let pairs = metadata.metadata().file_metadata().key_value_metadata();
    let pair = pairs.and_then(|pairs| pairs.iter().find(|pair| pair.key == block_sums::METADATA_KEY));
    let Some(pair) = pair else {
        return Ok(None);
    };
    let sums = pair.value.as_deref().and_then(BlockSums::parse);
    let broken = || SegmentError::corrupt(path, "checksums of its blocks that are none");
    sums.map(Some).ok_or_else(broken)
}

fn check_columns(path: &Path, metadata: &ArrowReaderMetadata, expected: &Schema) -> Result<(), SegmentError> {
    // Not in every file, and of one type where it is.
    if let Ok(starts) = metadata.schema().field_with_name(schema::START_TIMESTAMP)
        && *starts.data_type() != schema::timestamp_type()
    {
        let what = format!("column {} has type {}", starts.name(), starts.data_type());
        return Err(SegmentError::corrupt(path, what));
    }
    for expected in expected.fields() {
        match metadata.schema().field_with_name(expected.name()) {
            Ok(found) if found.data_type() == expected.data_type() => {}
            Ok(found) => {
                let what = format!("column {} has type {}", found.name(), found.data_type());
                return Err(SegmentError::corrupt(path, what));
            }
            Err(_) => {
                return Err(SegmentError::corrupt(
                    path,
                    format!("column {} is missing", expected.name()),
                ));
            }
        }
    }
    Ok(())
}

/// The time column of a batch.
pub(super) fn timestamps(batch: &RecordBatch) -> &[i64] {
    column(batch, schema::TIMESTAMP)
        .as_primitive::<TimestampMillisecondType>()
        .values()
}

/// The series numbers of a batch.
pub(super) fn series_numbers(batch: &RecordBatch) -> &[u32] {
    column(batch, schema::SERIES)
        .as_primitive::<UInt32Type>()
        .values()
}

/// The value columns of a batch.
pub(super) fn values(batch: &RecordBatch) -> ValueColumns<'_> {
    ValueColumns {
        scaled: column(batch, schema::SCALED).as_primitive::<Int64Type>(),
        divisor: column(batch, schema::DIVISOR).as_primitive::<Float64Type>(),
        value: column(batch, schema::VALUE).as_primitive::<Float64Type>(),
    }
}

fn column<'a>(batch: &'a RecordBatch, name: &str) -> &'a ArrayRef {
    batch
        .column_by_name(name)
        .expect("projected, and its type was checked when the file was opened")
}

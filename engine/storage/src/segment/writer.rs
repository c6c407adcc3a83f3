//! Writes a segment: series come in storage order, memory stays bounded apart from their labels.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{
    ArrayRef, Float64Array, Float64Builder, Int64Builder, RecordBatch, TimestampMillisecondArray,
    UInt32Array, new_null_array,
};
use arrow::datatypes::SchemaRef;
use engine_model::Labels;
use parquet::arrow::ArrowWriter;
use parquet::file::metadata::RowGroupMetaData;

use super::decimal;
use super::durable::{self, SummedFile, TemporaryFolder};
use super::error::SegmentError;
use super::id::{self, SegmentId};
use super::manifest::{self, Manifest, SegmentHeader, Written};
use super::reader::Segment;
use super::schema;
use super::series_file::{self, SeriesEntry};
use crate::disk::SharedDisk;

/// Rows per record batch handed to the Parquet writer: 40 bytes each.
const BATCH_ROWS: usize = 16 << 10;

/// A segment that is being written. Dropping it unfinished removes what it wrote.
#[derive(Debug)]
pub struct SegmentWriter {
    header: SegmentHeader,
    unique: String,
    samples: ArrowWriter<SummedFile>,
    samples_path: PathBuf,
    pending: Pending,
    series: Vec<SeriesEntry>,
    rows: u64,
    // Last, so that the file above is closed before the folder goes.
    folder: TemporaryFolder,
}

impl SegmentWriter {
    /// Starts a segment in the folder `dir`, which must exist.
    pub fn create(disk: SharedDisk, dir: &Path, header: SegmentHeader) -> Result<Self, SegmentError> {
        let unique = id::unique();
        let folder = TemporaryFolder::create(disk, dir, &format!("l{}-{unique}", header.level.number()))?;
        let schema = schema::samples_schema();
        let file = SummedFile::create(folder.disk(), folder.path().join(manifest::SAMPLES_FILE))?;
        let samples_path = file.path().to_owned();
        let properties = schema::samples_properties(header.level);
        let samples = ArrowWriter::try_new(file, schema.clone(), Some(properties))
            .map_err(|e| SegmentError::parquet(&samples_path, e))?;
        let pending = Pending::new(schema);
        Ok(Self {
            header,
            unique,
            samples,
            samples_path,
            pending,
            series: Vec::new(),
            rows: 0,
            folder,
        })
    }

    /// Appends one series. Series come in [`Labels::storage_cmp`] order, each once; timestamps are strictly
    /// ascending; a series without samples leaves no trace. Anything else is refused.
    pub fn push_series(
        &mut self,
        labels: &Labels,
        timestamps: &[i64],
        values: &[f64],
    ) -> Result<(), SegmentError> {
        let (Some(&min_time_ms), Some(&max_time_ms)) = (timestamps.first(), timestamps.last()) else {
            return Ok(());
        };
        self.check(labels, timestamps, values)?;
        let number = self.series.len() as u32;
        let divisor = decimal::choose_divisor(values);
        let (mut timestamps, mut values) = (timestamps, values);
        while !timestamps.is_empty() {
            let take = timestamps.len().min(BATCH_ROWS - self.pending.len());
            self.pending
                .push(number, divisor, &timestamps[..take], &values[..take]);
            (timestamps, values) = (&timestamps[take..], &values[take..]);
            if self.pending.len() == BATCH_ROWS {
                self.write_pending()?;
            }
        }
        let first_row = self
            .series
            .last()
            .map_or(0, |last| last.first_row + last.row_count);
        let row_count = self.rows + self.pending.len() as u64 - first_row;
        self.series.push(SeriesEntry {
            labels: labels.clone(),
            first_row,
            row_count,
            min_time_ms,
            max_time_ms,
        });
        Ok(())
    }

    /// Number of series so far.
    pub fn series_count(&self) -> usize {
        self.series.len()
    }

    /// Makes the segment durable under its final name and opens it. A segment without samples is refused.
    pub fn finish(mut self) -> Result<Segment, SegmentError> {
        if self.series.is_empty() {
            return Err(SegmentError::refused("a segment without samples"));
        }
        self.write_pending()?;
        let failed = |e| SegmentError::parquet(&self.samples_path, e);
        self.samples.flush().map_err(failed)?;
        let pages_end = pages_end(self.samples.flushed_row_groups());
        let samples_file = self.samples.into_inner().map_err(failed)?.finish()?;
        let samples_tail = durable::checksum(&self.samples_path, pages_end)?;
        let series_file = series_file::write(self.folder.disk(), self.folder.path(), &self.series)?;
        let (min, max) = self
            .series
            .iter()
            .fold((i64::MAX, i64::MIN), |(min, max), entry| {
                (min.min(entry.min_time_ms), max.max(entry.max_time_ms))
            });
        let id = SegmentId::compose(self.header.level, min, max, &self.unique);
        let written = Written {
            id: id.clone(),
            min_time_ms: min,
            max_time_ms: max,
            series: self.series.len() as u64,
            samples: self.rows,
            series_file,
            samples_file,
            samples_tail,
        };
        Manifest::new(&self.header, written).write(self.folder.disk(), self.folder.path())?;
        let path = self.folder.publish(id.as_str())?;
        Segment::open(&path)
    }

    fn check(&self, labels: &Labels, timestamps: &[i64], values: &[f64]) -> Result<(), SegmentError> {
        if timestamps.len() != values.len() {
            return Err(SegmentError::refused(format!(
                "{} timestamps with {} values for {labels}",
                timestamps.len(),
                values.len()
            )));
        }
        if !timestamps.is_sorted_by(|a, b| a < b) {
            return Err(SegmentError::refused(format!(
                "timestamps that do not ascend for {labels}"
            )));
        }
        if let Some(last) = self.series.last()
            && last.labels.storage_cmp(labels).is_ge()
        {
            return Err(SegmentError::refused(format!(
                "series {labels} after {}",
                last.labels
            )));
        }
        if self.series.len() >= u32::MAX as usize {
            return Err(SegmentError::refused(
                "more than 4,294,967,295 series in one segment",
            ));
        }
        Ok(())
    }

    fn write_pending(&mut self) -> Result<(), SegmentError> {
        let rows = self.pending.len() as u64;
        if rows > 0 {
            let written = self.pending.take().and_then(|batch| self.samples.write(&batch));
            written.map_err(|e| SegmentError::parquet(&self.samples_path, e))?;
            self.rows += rows;
        }
        Ok(())
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

/// Rows that are not yet handed to the Parquet writer.
#[derive(Debug)]
struct Pending {
    schema: SchemaRef,
    series: Vec<u32>,
    timestamps: Vec<i64>,
    divisors: Vec<f64>,
    scaled: Int64Builder,
    values: Float64Builder,
}

impl Pending {
    fn new(schema: SchemaRef) -> Self {
        Self {
            schema,
            series: Vec::with_capacity(BATCH_ROWS),
            timestamps: Vec::with_capacity(BATCH_ROWS),
            divisors: Vec::with_capacity(BATCH_ROWS),
            scaled: Int64Builder::with_capacity(BATCH_ROWS),
            values: Float64Builder::with_capacity(BATCH_ROWS),
        }
    }

    fn len(&self) -> usize {
        self.series.len()
    }

    fn push(&mut self, series: u32, divisor: f64, timestamps: &[i64], values: &[f64]) {
        let rows = self.len() + timestamps.len();
        self.series.resize(rows, series);
        self.divisors.resize(rows, divisor);
        self.timestamps.extend_from_slice(timestamps);
        for &value in values {
            let (scaled, value) = decimal::encode(value, divisor);
            self.scaled.append_option(scaled);
            self.values.append_option(value);
        }
    }

    fn take(&mut self) -> parquet::errors::Result<RecordBatch> {
        fn drain<T>(column: &mut Vec<T>) -> Vec<T> {
            std::mem::replace(column, Vec::with_capacity(BATCH_ROWS))
        }
        let rows = self.len();
        let timestamps = TimestampMillisecondArray::from(drain(&mut self.timestamps)).with_timezone("UTC");
        let columns: Vec<ArrayRef> = vec![
            Arc::new(UInt32Array::from(drain(&mut self.series))),
            Arc::new(timestamps),
            Arc::new(self.scaled.finish()),
            Arc::new(Float64Array::from(drain(&mut self.divisors))),
            Arc::new(self.values.finish()),
            new_null_array(&schema::timestamp_type(), rows),
        ];
        Ok(RecordBatch::try_new(self.schema.clone(), columns)?)
    }
}

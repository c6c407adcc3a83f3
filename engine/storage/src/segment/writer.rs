//! Writes a segment: series come in storage order, memory stays bounded apart from their labels.

use std::path::Path;

use engine_model::Labels;

use super::decimal;
use super::durable::TemporaryFolder;
use super::error::SegmentError;
use super::histogram_columns::{HistogramRows, histograms_schema};
use super::id::{self, SegmentId};
use super::manifest::{self, Manifest, SegmentHeader, Written};
use super::reader::Segment;
use super::sample_rows::{BATCH_ROWS, SampleRows};
use super::schema::{self, RunLength};
use super::series_file::{self, SeriesEntry};
use super::table_writer::TableWriter;
use crate::disk::SharedDisk;
use crate::series_samples::SeriesSamples;

/// Histograms per record batch handed to the Parquet writer: some hundred bytes to some kilobytes each.
const BATCH_HISTOGRAMS: usize = 1024;

/// A segment that is being written. Dropping it unfinished removes what it wrote.
#[derive(Debug)]
pub struct SegmentWriter {
    header: SegmentHeader,
    unique: String,
    part_of: Option<String>,
    samples: TableWriter,
    rows: SampleRows,
    /// Made when the first histogram comes.
    histograms: Option<HistogramWriter>,
    /// Whether histograms may say when what they count began.
    histogram_starts: bool,
    start_timestamps: u64,
    series: Vec<SeriesEntry>,
    label_bytes: usize,
    // Last, so that the files above are closed before the folder goes.
    folder: TemporaryFolder,
}

#[derive(Debug)]
struct HistogramWriter {
    table: TableWriter,
    rows: HistogramRows,
}

impl SegmentWriter {
    /// Starts a segment in the folder `dir`, which must exist.
    pub fn create(disk: SharedDisk, dir: &Path, header: SegmentHeader) -> Result<Self, SegmentError> {
        let runs = RunLength::usual(header.level);
        Self::create_for(disk, dir, header, runs)
    }

    /// Starts a segment whose series have as many rows as `runs` says; they may have any number.
    pub fn create_for(
        disk: SharedDisk,
        dir: &Path,
        header: SegmentHeader,
        runs: RunLength,
    ) -> Result<Self, SegmentError> {
        let unique = id::unique();
        let folder = TemporaryFolder::create(disk, dir, &format!("l{}-{unique}", header.level.number()))?;
        let schema = schema::samples_schema();
        let samples = TableWriter::create(
            folder.disk(),
            folder.path().join(manifest::SAMPLES_FILE),
            schema.clone(),
            schema::samples_properties(runs),
        )?;
        Ok(Self {
            header,
            unique,
            part_of: None,
            samples,
            rows: SampleRows::new(schema),
            histograms: None,
            histogram_starts: false,
            start_timestamps: 0,
            series: Vec::new(),
            label_bytes: 0,
            folder,
        })
    }

    /// Makes room for start timestamps of histograms when `with` says so, which takes a column; those of floats have
    /// one in any case.
    #[must_use]
    pub fn with_histogram_starts(mut self, with: bool) -> Self {
        self.histogram_starts = with;
        self
    }

    /// Appends one series of floats. Series come in [`Labels::storage_cmp`] order, each once; timestamps
    /// are strictly ascending; a series without samples leaves no trace. Anything else is refused.
    pub fn push_series(
        &mut self,
        labels: &Labels,
        timestamps: &[i64],
        values: &[f64],
    ) -> Result<(), SegmentError> {
        let Some(range) = ends(timestamps) else {
            return Ok(());
        };
        self.check(labels, timestamps, values)?;
        let mut entry = self.entry(labels, range);
        self.write_floats(&mut entry, timestamps, values, &[])?;
        self.end_series(entry);
        Ok(())
    }

    /// Appends one series with its floats and histograms, by the rules of [`push_series`](Self::push_series).
    pub fn push_series_samples(&mut self, series: &SeriesSamples) -> Result<(), SegmentError> {
        let SeriesSamples {
            labels,
            timestamps,
            values,
            histograms,
            starts,
        } = series;
        let Some(range) = series.time_range() else {
            return Ok(());
        };
        self.check(labels, timestamps, values)?;
        if !histograms.is_sorted_by(|a, b| a.0 < b.0) {
            return Err(SegmentError::refused(format!(
                "histograms that do not ascend for {labels}"
            )));
        }
        let mut entry = self.entry(labels, range);
        self.write_floats(&mut entry, timestamps, values, starts)?;
        for (timestamp, histogram) in histograms {
            let start_ms = start_at(starts, *timestamp);
            if start_ms.is_some() && !self.histogram_starts {
                return Err(SegmentError::refused(format!(
                    "start timestamps of histograms for {labels} in a segment without room for them"
                )));
            }
            self.start_timestamps += u64::from(start_ms.is_some());
            let writer = self.histogram_writer()?;
            writer.rows.push(entry.number, *timestamp, start_ms, histogram);
            if writer.rows.len() == BATCH_HISTOGRAMS {
                writer.write_pending()?;
            }
            entry.histogram_count += 1;
        }
        self.end_series(entry);
        Ok(())
    }

    /// Says that the segment is one of several that hold different series of one window and belong
    /// together under the name `set`.
    pub(crate) fn set_part_of(&mut self, set: &str) {
        self.part_of = Some(set.to_owned());
    }

    /// Bytes of memory that the labels of the series so far take, about.
    pub(crate) fn label_bytes(&self) -> usize {
        self.label_bytes + self.series.len() * size_of::<SeriesEntry>()
    }

    /// Number of series so far.
    pub fn series_count(&self) -> usize {
        self.series.len()
    }

    /// Bytes of the files so far, about; the table of series is counted as the bytes of its labels.
    pub fn bytes(&self) -> u64 {
        let histograms = self.histograms.as_ref().map_or(0, |writer| writer.table.bytes());
        self.samples.bytes() + histograms + self.label_bytes as u64
    }

    /// Makes the segment durable under its final name and opens it. A segment without samples is refused.
    pub fn finish(mut self) -> Result<Segment, SegmentError> {
        if self.series.is_empty() {
            return Err(SegmentError::refused("a segment without samples"));
        }
        self.write_rows()?;
        let samples = self.samples.finish()?;
        let histograms = match self.histograms {
            Some(mut writer) => {
                writer.write_pending()?;
                Some(writer.table.finish()?)
            }
            None => None,
        };
        let series_file = series_file::write(
            self.folder.disk(),
            self.folder.path(),
            &self.series,
            histograms.is_some(),
        )?;
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
            series_file,
            samples,
            histograms,
            start_timestamps: self.start_timestamps,
            part_of: self.part_of,
        };
        Manifest::new(&self.header, written).write(self.folder.disk(), self.folder.path())?;
        let path = self.folder.publish(id.as_str())?;
        Segment::open(&path)
    }

    fn entry(&self, labels: &Labels, (min_time_ms, max_time_ms): (i64, i64)) -> SeriesEntry {
        let last = self.series.last();
        SeriesEntry {
            number: self.series.len() as u32,
            labels: labels.clone(),
            first_row: last.map_or(0, |last| last.first_row + last.row_count),
            row_count: 0,
            first_histogram: last.map_or(0, |last| last.first_histogram + last.histogram_count),
            histogram_count: 0,
            min_time_ms,
            max_time_ms,
            divisor: 1.0,
        }
    }

    fn end_series(&mut self, entry: SeriesEntry) {
        self.label_bytes += entry.labels.encoded().len();
        self.series.push(entry);
    }

    fn write_floats(
        &mut self,
        entry: &mut SeriesEntry,
        mut timestamps: &[i64],
        mut values: &[f64],
        starts: &[(i64, i64)],
    ) -> Result<(), SegmentError> {
        entry.row_count = timestamps.len() as u64;
        let divisor = decimal::choose_divisor(values);
        entry.divisor = divisor;
        while !timestamps.is_empty() {
            let take = timestamps.len().min(BATCH_ROWS - self.rows.len());
            let first = self.rows.len();
            self.rows
                .push(entry.number, divisor, &timestamps[..take], &values[..take]);
            if !starts.is_empty() {
                for (row, &timestamp) in timestamps[..take].iter().enumerate() {
                    if let Some(start_ms) = start_at(starts, timestamp) {
                        self.rows.set_start(first + row, start_ms);
                        self.start_timestamps += 1;
                    }
                }
            }
            (timestamps, values) = (&timestamps[take..], &values[take..]);
            if self.rows.len() == BATCH_ROWS {
                self.write_rows()?;
            }
        }
        Ok(())
    }

    fn histogram_writer(&mut self) -> Result<&mut HistogramWriter, SegmentError> {
        if self.histograms.is_none() {
            let table = TableWriter::create(
                self.folder.disk(),
                self.folder.path().join(manifest::HISTOGRAMS_FILE),
                histograms_schema(self.histogram_starts),
                schema::histograms_properties(),
            )?;
            let rows = HistogramRows::new(self.histogram_starts);
            self.histograms = Some(HistogramWriter { table, rows });
        }
        Ok(self.histograms.as_mut().expect("just made"))
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

    fn write_rows(&mut self) -> Result<(), SegmentError> {
        if self.rows.len() == 0 {
            return Ok(());
        }
        let batch = self.rows.take();
        let batch = batch.map_err(|e| SegmentError::parquet(self.samples.path(), e.into()))?;
        self.samples.write(&batch)
    }
}

impl HistogramWriter {
    fn write_pending(&mut self) -> Result<(), SegmentError> {
        if self.rows.len() == 0 {
            return Ok(());
        }
        let batch = self.rows.take();
        let batch = batch.map_err(|e| SegmentError::parquet(self.table.path(), e.into()))?;
        self.table.write(&batch)
    }
}

/// The start of the sample at `timestamp`.
fn start_at(starts: &[(i64, i64)], timestamp: i64) -> Option<i64> {
    let found = starts.binary_search_by_key(&timestamp, |(time, _)| *time);
    found.ok().map(|place| starts[place].1)
}

fn ends(timestamps: &[i64]) -> Option<(i64, i64)> {
    timestamps.first().copied().zip(timestamps.last().copied())
}

//! An open segment: its table of series in memory, its samples read on demand.

use std::collections::BTreeSet;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use engine_model::{Labels, Matcher};

use super::error::SegmentError;
use super::id::SegmentId;
use super::index::{self, RowRange, SeriesIndex};
use super::level::Level;
use super::manifest::{self, Manifest};
use super::samples_file::{self, SamplesFile};
use super::scan::SegmentScan;
use super::schema;
use crate::series_samples::SeriesSamples;

/// An immutable segment. Clones share one open file; it stays readable after its folder is removed.
#[derive(Debug, Clone)]
pub struct Segment(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    id: SegmentId,
    path: PathBuf,
    level: Level,
    bytes: u64,
    manifest: Manifest,
    index: SeriesIndex,
    samples: SamplesFile,
}

/// What compaction and retention decide by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentInfo {
    /// Name.
    pub id: SegmentId,
    /// Level.
    pub level: Level,
    /// Order of acceptance: the lower wins where samples collide.
    pub sequence: u64,
    /// Time of the oldest sample, ms since the epoch.
    pub min_time_ms: i64,
    /// Time of the newest sample, ms since the epoch.
    pub max_time_ms: i64,
    /// Bytes of its files.
    pub bytes: u64,
}

impl Segment {
    /// Opens the segment in folder `path`. Everything is checked but the content of the samples, which
    /// [`verify`](super::verify()) reads: manifest, lengths, the table of series and its checksum, footers.
    pub fn open(path: &Path) -> Result<Self, SegmentError> {
        fs::metadata(path).map_err(SegmentError::io(path))?;
        let manifest = Manifest::read(path)?;
        let level = Level::from_number(manifest.level).expect("checked when the manifest is read");
        let series_path = path.join(manifest::SERIES_FILE);
        let series_bytes = fs::read(&series_path).map_err(SegmentError::missing_or_io(&series_path))?;
        let expected = manifest.file(path, manifest::SERIES_FILE)?;
        if manifest::crc_text(crc32fast::hash(&series_bytes)) != expected.crc32 {
            return Err(SegmentError::corrupt(&series_path, "checksum differs"));
        }
        let index = index::load(&series_path, Bytes::from(series_bytes))?;
        let samples_path = path.join(manifest::SAMPLES_FILE);
        let samples = SamplesFile::open(&samples_path, manifest.file(path, manifest::SAMPLES_FILE)?)?;
        check_counts(path, &manifest, &index, &samples)?;
        let name = path
            .file_name()
            .map_or_else(|| manifest.id.clone(), |n| n.to_string_lossy().into_owned());
        let bytes = manifest.files.values().map(|file| file.bytes).sum();
        let (id, path) = (SegmentId::new(name), path.to_owned());
        Ok(Self(Arc::new(Inner {
            id,
            path,
            level,
            bytes,
            manifest,
            index,
            samples,
        })))
    }

    /// Name of the segment.
    pub fn id(&self) -> &SegmentId {
        &self.0.id
    }

    /// Folder of the segment.
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// Level.
    pub fn level(&self) -> Level {
        self.0.level
    }

    /// Order of acceptance: where two segments have a sample of one series at one time, the lower wins.
    pub fn sequence(&self) -> u64 {
        self.0.manifest.sequence
    }

    /// Time of the oldest sample, ms since the epoch.
    pub fn min_time(&self) -> i64 {
        self.0.manifest.min_time_ms
    }

    /// Time of the newest sample, ms since the epoch.
    pub fn max_time(&self) -> i64 {
        self.0.manifest.max_time_ms
    }

    /// Number of series.
    pub fn series_count(&self) -> u32 {
        self.0.index.series_count()
    }

    /// Number of samples, staleness markers included.
    pub fn sample_count(&self) -> u64 {
        self.0.index.sample_count()
    }

    /// Bytes of the data files on disk.
    pub fn bytes(&self) -> u64 {
        self.0.bytes
    }

    /// Bytes of memory that the open segment holds: table of series and page index, about.
    pub fn memory_bytes(&self) -> usize {
        self.0.index.memory_bytes() + self.0.samples.memory_bytes()
    }

    /// Segments that this one was compacted from.
    pub fn sources(&self) -> impl Iterator<Item = SegmentId> {
        self.0.manifest.provenance.sources.iter().map(SegmentId::new)
    }

    /// What compaction and retention decide by.
    pub fn info(&self) -> SegmentInfo {
        SegmentInfo {
            id: self.id().clone(),
            level: self.level(),
            sequence: self.sequence(),
            min_time_ms: self.min_time(),
            max_time_ms: self.max_time(),
            bytes: self.bytes(),
        }
    }

    /// Numbers of the series that satisfy all matchers, ascending.
    pub fn matching(&self, matchers: &[Matcher]) -> Vec<u32> {
        self.0.index.matching(matchers)
    }

    /// Numbers of all series, which are in [`Labels::storage_cmp`] order.
    pub fn all_rows(&self) -> Range<u32> {
        0..self.series_count()
    }

    /// Labels of series `row`. Panics when there is no such series.
    pub fn labels(&self, row: u32) -> Labels {
        self.0.index.labels(row)
    }

    /// Where the samples of series `row` are. Panics when there is no such series.
    pub fn row_range(&self, row: u32) -> RowRange {
        self.0.index.row_range(row)
    }

    /// Label names of the series `rows`, which ascend.
    pub fn label_names(&self, rows: &[u32]) -> BTreeSet<String> {
        self.0.index.label_names(rows)
    }

    /// Values of label `name` of the series `rows`, which ascend.
    pub fn label_values(&self, name: &str, rows: &[u32]) -> BTreeSet<String> {
        self.0.index.label_values(name, rows)
    }

    /// Samples of the series `rows`, which ascend, between two times, both inclusive. Series without a
    /// sample there are left out.
    pub fn read(
        &self,
        rows: &[u32],
        min_time_ms: i64,
        max_time_ms: i64,
    ) -> Result<Vec<SeriesSamples>, SegmentError> {
        let ascending = rows.is_sorted_by(|a, b| a < b);
        if !ascending || rows.last().is_some_and(|&last| last >= self.series_count()) {
            return Err(SegmentError::refused("rows that do not ascend or do not exist"));
        }
        let overlapping: Vec<(u32, RowRange)> = rows
            .iter()
            .map(|&row| (row, self.row_range(row)))
            .filter(|(_, range)| range.min_time_ms <= max_time_ms && range.max_time_ms >= min_time_ms)
            .collect();
        if overlapping.is_empty() {
            return Ok(Vec::new());
        }
        let clipped = self.clip(&overlapping, min_time_ms, max_time_ms)?;
        self.read_values(clipped)
    }

    /// Reads all series one after the other with a fixed amount of memory besides the largest series.
    pub(crate) fn scan(&self) -> Result<SegmentScan, SegmentError> {
        let all = 0..self.0.samples.rows();
        let columns = [
            schema::SERIES,
            schema::TIMESTAMP,
            schema::SCALED,
            schema::DIVISOR,
            schema::VALUE,
        ];
        Ok(SegmentScan::new(
            self.clone(),
            self.0.samples.select(&[all], &columns)?,
        ))
    }

    /// File of the samples, for errors.
    pub(super) fn samples_path(&self) -> &Path {
        self.0.samples.path()
    }

    pub(super) fn manifest(&self) -> &Manifest {
        &self.0.manifest
    }

    /// Reads the time column and keeps the rows between the two times.
    fn clip(
        &self,
        series: &[(u32, RowRange)],
        min_time_ms: i64,
        max_time_ms: i64,
    ) -> Result<Vec<Clipped>, SegmentError> {
        let ranges: Vec<Range<u64>> = series.iter().map(|(_, range)| rows_of(range)).collect();
        let mut reader = ColumnReader::new(self.0.samples.select(&ranges, &[schema::TIMESTAMP])?);
        let mut clipped = Vec::with_capacity(series.len());
        for &(row, range) in series {
            let mut timestamps = Vec::with_capacity(range.row_count as usize);
            reader.take(range.row_count, self.samples_path(), |batch, from, until| {
                timestamps.extend_from_slice(&samples_file::timestamps(batch)[from..until]);
            })?;
            let from = timestamps.partition_point(|&t| t < min_time_ms);
            let until = timestamps.partition_point(|&t| t <= max_time_ms);
            if from < until {
                timestamps.truncate(until);
                timestamps.drain(..from);
                clipped.push(Clipped {
                    row,
                    first_row: range.first_row + from as u64,
                    timestamps,
                });
            }
        }
        Ok(clipped)
    }

    /// Reads the value columns of just the rows that were kept.
    fn read_values(&self, clipped: Vec<Clipped>) -> Result<Vec<SeriesSamples>, SegmentError> {
        let ranges: Vec<Range<u64>> = clipped
            .iter()
            .map(|c| c.first_row..c.first_row + c.timestamps.len() as u64)
            .collect();
        let columns = [schema::SCALED, schema::DIVISOR, schema::VALUE];
        let mut reader = ColumnReader::new(self.0.samples.select(&ranges, &columns)?);
        let mut series = Vec::with_capacity(clipped.len());
        for Clipped { row, timestamps, .. } in clipped {
            let mut values = Vec::with_capacity(timestamps.len());
            reader.take(
                timestamps.len() as u64,
                self.samples_path(),
                |batch, from, until| {
                    samples_file::values(batch).decode(from, until, &mut values);
                },
            )?;
            series.push(SeriesSamples {
                labels: self.labels(row),
                timestamps,
                values,
                histograms: Vec::new(),
            });
        }
        Ok(series)
    }
}

/// The rows of one series that lie in a time range.
struct Clipped {
    row: u32,
    first_row: u64,
    timestamps: Vec<i64>,
}

/// Hands out the rows of a selection in order, across batches.
pub(super) struct ColumnReader {
    batches: samples_file::Batches,
    batch: Option<arrow::array::RecordBatch>,
    at: usize,
}

impl ColumnReader {
    pub(super) fn new(batches: samples_file::Batches) -> Self {
        Self {
            batches,
            batch: None,
            at: 0,
        }
    }

    /// Visits the next `rows` rows as pieces `(batch, from, until)`.
    pub(super) fn take(
        &mut self,
        mut rows: u64,
        path: &Path,
        mut visit: impl FnMut(&arrow::array::RecordBatch, usize, usize),
    ) -> Result<(), SegmentError> {
        while rows > 0 {
            match &self.batch {
                Some(batch) if self.at < batch.num_rows() => {
                    let take = rows.min((batch.num_rows() - self.at) as u64) as usize;
                    visit(batch, self.at, self.at + take);
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

fn rows_of(range: &RowRange) -> Range<u64> {
    range.first_row..range.first_row + range.row_count
}

fn check_counts(
    path: &Path,
    manifest: &Manifest,
    index: &SeriesIndex,
    samples: &SamplesFile,
) -> Result<(), SegmentError> {
    let damaged = |what: &str| Err(SegmentError::corrupt(&path.join(manifest::MANIFEST_FILE), what));
    if u64::from(index.series_count()) != manifest.series {
        return damaged("number of series differs from the table of series");
    }
    if index.sample_count() != manifest.samples || samples.rows() != manifest.samples {
        return damaged("number of samples differs from the tables");
    }
    if index.time_range() != Some((manifest.min_time_ms, manifest.max_time_ms)) {
        return damaged("time range differs from the table of series");
    }
    Ok(())
}

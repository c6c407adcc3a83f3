//! An open segment: its table of series in memory, its samples read on demand.

use std::collections::BTreeSet;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use engine_model::{Labels, Matcher};

use super::error::SegmentError;
use super::float_reader::FloatReader;
use super::histogram_columns::histograms_schema;
use super::id::SegmentId;
use super::index::{self, RowRange, SeriesIndex};
use super::level::Level;
use super::manifest::{self, Manifest};
use super::pages::PageCache;
use super::read::{self, Clipped, SeriesRows, TimedHistograms};
use super::scan::SegmentScan;
use super::schema;
use super::starts;
use super::table_file::TableFile;
use crate::series_samples::SeriesSamples;

/// Rows per batch of floats: bounds the memory of a reader to some 2 MB.
const SAMPLE_BATCH_ROWS: usize = 32 << 10;
/// Rows per batch of histograms, which take some kilobytes each.
const HISTOGRAM_BATCH_ROWS: usize = 1024;

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
    samples: TableFile,
    /// Where the segment has native histograms.
    histograms: Option<TableFile>,
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
    /// Segments with the same name here hold different series of one window.
    pub part_of: Option<String>,
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
        let samples = TableFile::open(
            &samples_path,
            manifest.file(path, manifest::SAMPLES_FILE)?,
            &schema::samples_schema(),
            SAMPLE_BATCH_ROWS,
        )?;
        let histograms = open_histograms(path, &manifest)?;
        check_counts(path, &manifest, &index, &samples, histograms.as_ref())?;
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
            histograms,
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

    /// Number of samples of both kinds, staleness markers included.
    pub fn sample_count(&self) -> u64 {
        self.0.index.sample_count() + self.0.index.histogram_count()
    }

    /// Number of native histograms among the samples.
    pub fn histogram_count(&self) -> u64 {
        self.0.index.histogram_count()
    }

    /// Bytes of the data files on disk.
    pub fn bytes(&self) -> u64 {
        self.0.bytes
    }

    /// Names and lengths of the Parquet files.
    pub fn files(&self) -> impl Iterator<Item = (String, u64)> {
        let files = self.0.manifest.files.iter();
        files.map(|(name, entry)| (name.clone(), entry.bytes))
    }

    /// Bytes of memory that the open segment holds: table of series and page index, about.
    pub fn memory_bytes(&self) -> usize {
        let histograms = self.0.histograms.as_ref().map_or(0, TableFile::memory_bytes);
        self.0.index.memory_bytes() + self.0.samples.memory_bytes() + histograms
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
            part_of: self.0.manifest.part_of.clone(),
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
        let mut found = self.read_rows(rows, min_time_ms, max_time_ms, false)?;
        for (row, samples) in &mut found {
            samples.labels = self.labels(*row);
        }
        Ok(found.into_iter().map(|(_, samples)| samples).collect())
    }

    /// As [`read`](Self::read), each series by its number and without its labels; with `starts` the samples say when
    /// what they count began, where they can.
    pub(crate) fn read_rows(
        &self,
        rows: &[u32],
        min_time_ms: i64,
        max_time_ms: i64,
        starts: bool,
    ) -> Result<Vec<(u32, SeriesSamples)>, SegmentError> {
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
        let rows_of = |of: fn(&RowRange) -> (u64, u64)| -> Vec<SeriesRows> {
            let rows = overlapping.iter().map(|(series, range)| {
                let (first, count) = of(range);
                let series = *series;
                SeriesRows { series, first, count }
            });
            rows.filter(|rows| rows.count > 0).collect()
        };
        let floats = self.read_floats(&overlapping, (min_time_ms, max_time_ms), starts)?;
        let Some(table) = &self.0.histograms else {
            return Ok(floats);
        };
        let clipped = rows_of(|range| (range.first_histogram, range.histogram_count));
        let clipped = read::clip(table, &clipped, min_time_ms, max_time_ms)?;
        let histograms = read::read_histograms(table, &clipped)?;
        let mut told = Vec::with_capacity(clipped.len());
        if starts && table.has_column(schema::START_TIMESTAMP) && !clipped.is_empty() {
            let rows: Vec<Range<u64>> = clipped.iter().map(Clipped::rows).collect();
            starts::of_rows(table, &rows, |said| told.push(said))?;
        }
        told.resize_with(clipped.len(), Vec::new);
        let series = clipped.iter().map(|clipped| clipped.series);
        Ok(join(floats, series.zip(histograms.into_iter().zip(told))))
    }

    fn read_floats(
        &self,
        rows: &[(u32, RowRange)],
        range_ms: (i64, i64),
        starts: bool,
    ) -> Result<Vec<(u32, SeriesSamples)>, SegmentError> {
        let mut reader = self.float_reader(None, starts);
        let mut found = Vec::with_capacity(rows.len());
        for (series, range) in rows {
            let mut samples = SeriesSamples::new(Labels::empty());
            let (timestamps, values) = (&mut samples.timestamps, &mut samples.values);
            reader.read(&self.0.samples, range, range_ms, timestamps, values)?;
            if !samples.is_empty() {
                self.append_starts(&mut reader, &samples.timestamps, &mut samples.starts)?;
                found.push((*series, samples));
            }
        }
        Ok(found)
    }

    /// A reader of the floats of series, best in ascending order of rows, by way of `cache`; `starts` says whether
    /// [`append_starts`](Self::append_starts) will be asked for.
    pub(crate) fn float_reader(&self, cache: Option<&Arc<PageCache>>, starts: bool) -> FloatReader {
        let starts = starts && self.start_timestamp_count() > 0;
        FloatReader::new(&self.0.samples, cache, starts)
    }

    /// Whether the floats of series `row` are read without a look at the file.
    pub(crate) fn has_cached(&self, reader: &FloatReader, row: u32) -> bool {
        reader.has_cached(&self.0.samples, &self.row_range(row))
    }

    /// Appends the floats of series `row` between two times, both inclusive, to `timestamps` and `values`.
    pub(crate) fn append_floats(
        &self,
        reader: &mut FloatReader,
        row: u32,
        range_ms: (i64, i64),
        timestamps: &mut Vec<i64>,
        values: &mut Vec<f64>,
    ) -> Result<(), SegmentError> {
        reader.read(
            &self.0.samples,
            &self.row_range(row),
            range_ms,
            timestamps,
            values,
        )
    }

    /// Appends time and start of those floats that the reader read last, which are at `times`, that say when what they
    /// count began.
    pub(crate) fn append_starts(
        &self,
        reader: &mut FloatReader,
        times: &[i64],
        starts: &mut Vec<(i64, i64)>,
    ) -> Result<(), SegmentError> {
        reader.read_starts(&self.0.samples, times, starts)
    }

    /// Reads all series one after the other with a fixed amount of memory besides the largest series.
    pub(crate) fn scan(&self) -> Result<SegmentScan, SegmentError> {
        let all = 0..self.0.samples.rows();
        let mut columns = vec![
            schema::SERIES,
            schema::TIMESTAMP,
            schema::SCALED,
            schema::DIVISOR,
            schema::VALUE,
        ];
        if self.start_timestamp_count() > 0 {
            columns.push(schema::START_TIMESTAMP);
        }
        let samples = self.0.samples.select(&[all], &columns)?;
        let histograms = match &self.0.histograms {
            Some(table) => Some(read::all_histograms(table)?),
            None => None,
        };
        Ok(SegmentScan::new(self.clone(), samples, histograms))
    }

    /// File of the histograms, for errors.
    pub(super) fn histograms_path(&self) -> &Path {
        self.0.histograms.as_ref().unwrap_or(&self.0.samples).path()
    }

    #[cfg(test)]
    pub(super) fn samples_table(&self) -> &TableFile {
        &self.0.samples
    }

    /// File of the samples, for errors.
    pub(super) fn samples_path(&self) -> &Path {
        self.0.samples.path()
    }

    pub(super) fn manifest(&self) -> &Manifest {
        &self.0.manifest
    }
}

/// Brings floats and histograms, which have their starts beside them, together, a series each.
fn join(
    floats: Vec<(u32, SeriesSamples)>,
    histograms: impl Iterator<Item = (u32, (TimedHistograms, Vec<(i64, i64)>))>,
) -> Vec<(u32, SeriesSamples)> {
    let unnamed = SeriesSamples::new(Labels::empty());
    let mut joined = Vec::with_capacity(floats.len());
    let mut histograms = histograms.peekable();
    let only_histograms = |(series, (histograms, starts))| {
        let samples = SeriesSamples {
            histograms,
            starts,
            ..unnamed.clone()
        };
        (series, samples)
    };
    for (float, mut samples) in floats {
        while let Some(before) = histograms.next_if(|(series, _)| *series < float) {
            joined.push(only_histograms(before));
        }
        if let Some((_, (found, mut starts))) = histograms.next_if(|(series, _)| *series == float) {
            samples.histograms = found;
            samples.starts.append(&mut starts);
            samples.starts.sort_unstable();
        }
        joined.push((float, samples));
    }
    joined.extend(histograms.map(only_histograms));
    joined
}

fn open_histograms(path: &Path, manifest: &Manifest) -> Result<Option<TableFile>, SegmentError> {
    if manifest.histograms == 0 {
        return Ok(None);
    }
    let file = path.join(manifest::HISTOGRAMS_FILE);
    let entry = manifest.file(path, manifest::HISTOGRAMS_FILE)?;
    TableFile::open(&file, entry, &histograms_schema(false), HISTOGRAM_BATCH_ROWS).map(Some)
}

fn check_counts(
    path: &Path,
    manifest: &Manifest,
    index: &SeriesIndex,
    samples: &TableFile,
    histograms: Option<&TableFile>,
) -> Result<(), SegmentError> {
    let damaged = |what: &str| Err(SegmentError::corrupt(&path.join(manifest::MANIFEST_FILE), what));
    if u64::from(index.series_count()) != manifest.series {
        return damaged("number of series differs from the table of series");
    }
    if index.sample_count() != manifest.samples || samples.rows() != manifest.samples {
        return damaged("number of samples differs from the tables");
    }
    let rows = histograms.map_or(0, TableFile::rows);
    if index.histogram_count() != manifest.histograms || rows != manifest.histograms {
        return damaged("number of histograms differs from the tables");
    }
    if index.time_range() != Some((manifest.min_time_ms, manifest.max_time_ms)) {
        return damaged("time range differs from the table of series");
    }
    Ok(())
}

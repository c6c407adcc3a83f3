//! Samples of many series at once, as queries take them: the floats of all series one after the other, written
//! once to where they stay. A reader is used for neighbours one after the other: the pages that it has open
//! hold the samples of the next ones too.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::mem;
use std::sync::Arc;

use engine_model::Labels;
use engine_model::histogram::Histogram;

use super::error::StoreError;
use super::pinned::{PinnedVersion, SelectedSeries};
use crate::segment::{FloatReader, RowRange};
use crate::series_samples::SeriesSamples;

/// Samples of series, in the order in which they were asked for; staleness markers are included.
#[derive(Debug, Default)]
pub struct SeriesColumns {
    /// Times of the floats, ms since the epoch, ascending within a series.
    pub timestamps: Vec<i64>,
    /// Their values, with the payloads of NaN.
    pub values: Vec<f64>,
    /// Where the floats of each series end.
    pub ends: Vec<usize>,
    /// The native histograms of each series with their times; empty where no series has any.
    pub histograms: Vec<Vec<(i64, Arc<Histogram>)>>,
    /// Times of samples of each series and when what they count began, both in ms, by time; empty where no series
    /// says so, or nobody asked.
    pub starts: Vec<Vec<(i64, i64)>>,
}

impl SeriesColumns {
    /// Number of samples of both kinds.
    pub fn sample_count(&self) -> usize {
        self.timestamps.len() + self.histograms.iter().map(Vec::len).sum::<usize>()
    }

    /// The same samples, a series after the other.
    pub fn from_series(series: Vec<SeriesSamples>) -> Self {
        let floats = series.iter().map(|one| one.timestamps.len()).sum();
        let mut columns = Self {
            timestamps: Vec::with_capacity(floats),
            values: Vec::with_capacity(floats),
            ends: Vec::with_capacity(series.len()),
            histograms: Vec::new(),
            starts: Vec::new(),
        };
        if series.iter().any(|one| !one.starts.is_empty()) {
            columns.starts.reserve_exact(series.len());
        }
        if series.iter().any(|one| !one.histograms.is_empty()) {
            columns.histograms.reserve_exact(series.len());
        }
        for one in series {
            columns.timestamps.extend_from_slice(&one.timestamps);
            columns.values.extend_from_slice(&one.values);
            columns.ends.push(columns.timestamps.len());
            if columns.histograms.capacity() > 0 {
                columns.histograms.push(one.histograms);
            }
            if columns.starts.capacity() > 0 {
                columns.starts.push(one.starts);
            }
        }
        columns
    }

    /// The floats of the series at `place`.
    fn floats(&self, place: usize) -> (&[i64], &[f64]) {
        let from = place.checked_sub(1).map_or(0, |before| self.ends[before]);
        let range = from..self.ends[place];
        (&self.timestamps[range.clone()], &self.values[range])
    }

    /// Appends floats that were accepted after those from position `first` on, which are of the same series.
    fn merge(&mut self, first: usize, timestamps: &[i64], values: &[f64]) {
        let mut one = SeriesSamples::new(Labels::empty());
        let follows = |last: &i64| timestamps.first().is_none_or(|next| last < next);
        if self.timestamps.len() == first || self.timestamps.last().is_none_or(follows) {
            self.timestamps.extend_from_slice(timestamps);
            self.values.extend_from_slice(values);
            return;
        }
        one.timestamps = self.timestamps.split_off(first);
        one.values = self.values.split_off(first);
        one.merge(timestamps, values);
        self.timestamps.append(&mut one.timestamps);
        self.values.append(&mut one.values);
    }
}

/// Reads samples of one version in one time range.
#[derive(Debug)]
pub struct ColumnsReader<'a> {
    version: &'a PinnedVersion,
    range_ms: (i64, i64),
    /// By the position of the segment.
    readers: HashMap<u32, FloatReader, foldhash::fast::RandomState>,
    /// Pieces of series that are not yet where they belong.
    scratch: SeriesSamples,
}

/// What the head is expected to have of a series: an hour at 15 s, as a guess.
const HEAD_SAMPLES: i64 = 240;
const HEAD_STEP_MS: i64 = 15_000;

/// About how many of a series' rows lie in a time range, as if they were evenly spread.
fn rows_inside(range: &RowRange, (min_ms, max_ms): (i64, i64)) -> u64 {
    let inside = range.max_time_ms.min(max_ms) as f64 - range.min_time_ms.max(min_ms) as f64;
    let whole = (range.max_time_ms as f64 - range.min_time_ms as f64).max(1.0);
    (range.row_count as f64 * (inside / whole).clamp(0.0, 1.0)) as u64 + 1
}

impl PinnedVersion {
    /// A reader of samples in `[min_ms, max_ms]`.
    pub fn columns(&self, min_ms: i64, max_ms: i64) -> ColumnsReader<'_> {
        ColumnsReader {
            version: self,
            range_ms: (min_ms, max_ms),
            readers: HashMap::default(),
            scratch: SeriesSamples::new(Labels::empty()),
        }
    }
}

impl ColumnsReader<'_> {
    /// Samples of `selected`, one entry a series in the given order. Series without a sample in the range
    /// come back empty.
    pub fn read(&mut self, selected: &[SelectedSeries]) -> Result<SeriesColumns, StoreError> {
        self.version.check_gate()?;
        // Asked first: what is read whole needs no look at the head of its own.
        if selected.iter().any(|series| self.is_rare(series)) {
            return self.whole(selected);
        }
        if self.version.reads_starts() {
            return self.with_starts(selected);
        }
        let head = self.head(selected);
        if selected.iter().all(|series| series.segments().is_empty()) {
            return Ok(head);
        }
        if !head.histograms.is_empty() {
            return self.whole(selected);
        }
        let floats = head.timestamps.len() + self.rows_at_most(selected);
        let mut columns = SeriesColumns {
            timestamps: Vec::with_capacity(floats),
            values: Vec::with_capacity(floats),
            ends: Vec::with_capacity(selected.len()),
            histograms: Vec::new(),
            starts: Vec::new(),
        };
        for (place, series) in selected.iter().enumerate() {
            let first = columns.timestamps.len();
            self.append_segments(series, first, &mut columns)?;
            let (timestamps, values) = head.floats(place);
            columns.merge(first, timestamps, values);
            columns.ends.push(columns.timestamps.len());
        }
        Ok(columns)
    }

    /// Whether [`read`](Self::read) of `selected` finds everything in memory, and no more than about `most` samples: a
    /// file may be on a slow disk.
    pub fn is_at_hand(&mut self, selected: &[SelectedSeries], most: u64) -> bool {
        let (min_ms, max_ms) = self.range_ms;
        let of_head = (max_ms.saturating_sub(min_ms) / HEAD_STEP_MS + 1).clamp(1, HEAD_SAMPLES) as u64;
        let mut samples = 0;
        for series in selected {
            if self.is_rare(series) {
                return false;
            }
            samples += series.in_head().map_or(0, |_| of_head);
            for &(position, row) in series.segments() {
                let segment = &self.version.segments()[position as usize];
                samples += rows_inside(&segment.row_range(row), self.range_ms);
                if samples > most || !segment.has_cached(self.reader(position), row) {
                    return false;
                }
            }
            if samples > most {
                return false;
            }
        }
        true
    }

    /// The samples of series of which there is more than floats.
    fn whole(&self, selected: &[SelectedSeries]) -> Result<SeriesColumns, StoreError> {
        let (min_ms, max_ms) = self.range_ms;
        Ok(SeriesColumns::from_series(
            self.version.read(selected, min_ms, max_ms)?,
        ))
    }

    /// The samples and when what they count began: where samples of several places are merged, a start goes with its
    /// sample.
    fn with_starts(&mut self, selected: &[SelectedSeries]) -> Result<SeriesColumns, StoreError> {
        let mut read = Vec::with_capacity(selected.len());
        for series in selected {
            let mut samples = SeriesSamples::new(Labels::empty());
            for (position, row) in self.pieces(series).0 {
                let mut piece = SeriesSamples::new(Labels::empty());
                self.append(position, row, &mut piece.timestamps, &mut piece.values)?;
                let segment = &self.version.segments()[position as usize];
                let told = segment.append_starts(self.reader(position), &piece.timestamps, &mut piece.starts);
                self.version.healthy(segment, told)?;
                samples.absorb(piece);
            }
            read.push(samples);
        }
        let ((min_ms, max_ms), head) = (self.range_ms, self.version.head());
        for (series, samples) in selected.iter().zip(&mut read) {
            if let Some(in_head) = series.in_head() {
                let mut newer = SeriesSamples::new(Labels::empty());
                head.read(in_head, min_ms, max_ms, self.version.seen(), &mut newer);
                samples.absorb(newer);
            }
        }
        Ok(SeriesColumns::from_series(read))
    }

    /// What the head has of each series.
    fn head(&mut self, selected: &[SelectedSeries]) -> SeriesColumns {
        let mut columns = SeriesColumns::default();
        columns.ends.reserve_exact(selected.len());
        let head = self.version.head();
        for series in selected {
            let scratch = &mut self.scratch;
            scratch.timestamps.clear();
            scratch.values.clear();
            scratch.starts.clear();
            if let Some(in_head) = series.in_head() {
                let (min_ms, max_ms) = self.range_ms;
                head.read(in_head, min_ms, max_ms, self.version.seen(), scratch);
            }
            columns.timestamps.extend_from_slice(&scratch.timestamps);
            columns.values.extend_from_slice(&scratch.values);
            if !scratch.histograms.is_empty() {
                columns.histograms.resize_with(columns.ends.len(), Vec::new);
            }
            columns.ends.push(columns.timestamps.len());
            if !columns.histograms.is_empty() || !scratch.histograms.is_empty() {
                columns.histograms.push(mem::take(&mut scratch.histograms));
            }
        }
        columns
    }

    /// Whether segments have something else of the series than floats that are all there.
    fn is_rare(&self, series: &SelectedSeries) -> bool {
        series.segments().iter().any(|&(position, row)| {
            let segment = &self.version.segments()[position as usize];
            self.version.hides(segment) || segment.row_range(row).histogram_count > 0
        })
    }

    fn rows_at_most(&self, selected: &[SelectedSeries]) -> usize {
        let places = selected.iter().flat_map(SelectedSeries::segments);
        let rows = places.map(|&(position, row)| {
            let range = self.version.segments()[position as usize].row_range(row);
            let inside = range.max_time_ms >= self.range_ms.0 && range.min_time_ms <= self.range_ms.1;
            if inside { range.row_count as usize } else { 0 }
        });
        rows.sum()
    }

    fn append_segments(
        &mut self,
        series: &SelectedSeries,
        first: usize,
        columns: &mut SeriesColumns,
    ) -> Result<(), StoreError> {
        let (pieces, apart) = self.pieces(series);
        if apart {
            for (position, row) in pieces {
                self.append(position, row, &mut columns.timestamps, &mut columns.values)?;
            }
            return Ok(());
        }
        for (position, row) in pieces {
            let mut piece = mem::replace(&mut self.scratch, SeriesSamples::new(Labels::empty()));
            piece.timestamps.clear();
            piece.values.clear();
            self.append(position, row, &mut piece.timestamps, &mut piece.values)?;
            columns.merge(first, &piece.timestamps, &piece.values);
            self.scratch = piece;
        }
        Ok(())
    }

    /// Where segments have the series: in the order of time where the pieces are apart (true), otherwise in the order of
    /// acceptance, which decides between samples of one time.
    fn pieces(&self, series: &SelectedSeries) -> (Vec<(u32, u32)>, bool) {
        let mut times: Vec<(i64, i64, u32, u32)> = Vec::with_capacity(series.segments().len());
        for &(position, row) in series.segments() {
            let range = self.version.segments()[position as usize].row_range(row);
            times.push((range.min_time_ms, range.max_time_ms, position, row));
        }
        times.sort_unstable();
        if times.windows(2).any(|pair| pair[0].1 >= pair[1].0) {
            return (series.segments().to_vec(), false);
        }
        (
            times
                .into_iter()
                .map(|(_, _, position, row)| (position, row))
                .collect(),
            true,
        )
    }

    fn append(
        &mut self,
        position: u32,
        row: u32,
        timestamps: &mut Vec<i64>,
        values: &mut Vec<f64>,
    ) -> Result<(), StoreError> {
        let (segment, range_ms) = (&self.version.segments()[position as usize], self.range_ms);
        let read = segment.append_floats(self.reader(position), row, range_ms, timestamps, values);
        self.version.healthy(segment, read)
    }

    fn reader(&mut self, position: u32) -> &mut FloatReader {
        match self.readers.entry(position) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => {
                let segment = &self.version.segments()[position as usize];
                let starts = self.version.tells_starts();
                entry.insert(segment.float_reader(self.version.page_cache(), starts))
            }
        }
    }
}

//! Reading one version: which series match, then their samples, a few series at a time.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ops::Deref;
use std::sync::Arc;

use engine_model::{Labels, Matcher, SeriesRef};

use super::Shared;
use super::error::StoreError;
use super::quarantine::quarantine;
use super::version::Version;
use crate::head::{Head, Pin};
use crate::segment::{PageCache, Segment, SegmentError};
use crate::series_samples::SeriesSamples;

/// A series that a select found, and where its samples are.
#[derive(Debug, Clone)]
pub struct SelectedSeries {
    labels: Labels,
    head: Option<SeriesRef>,
    /// Position in the version's segment list, and row in that segment's series table.
    segments: Vec<(u32, u32)>,
}

impl SelectedSeries {
    fn new(labels: Labels) -> Self {
        Self {
            labels,
            head: None,
            segments: Vec::new(),
        }
    }

    /// The series' identity.
    pub fn labels(&self) -> &Labels {
        &self.labels
    }

    pub(super) fn in_head(&self) -> Option<SeriesRef> {
        self.head
    }

    /// Positions of segments in the version, ascending, each with the series' row there.
    pub(super) fn segments(&self) -> &[(u32, u32)] {
        &self.segments
    }
}

/// One moment of the store. Holding it keeps the samples that it sees from being dropped.
#[derive(Debug)]
pub struct PinnedVersion {
    shared: Arc<Shared>,
    version: Arc<Version>,
}

impl PinnedVersion {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        // Registered under the head's lock, so that no commit slips between loading and registering.
        let head = shared.head.read();
        let version = shared.version.load();
        head.pins.acquire(Pin {
            generation: version.generation,
            commit: version.commit,
        });
        drop(head);
        Self { shared, version }
    }

    /// Whether reads bring the start timestamps of samples that have one.
    pub fn tells_starts(&self) -> bool {
        self.shared.config.reads_starts
    }

    /// Whether there may be start timestamps, and reads bring them.
    pub(super) fn reads_starts(&self) -> bool {
        let has_starts = |segment: &Segment| segment.start_timestamp_count() > 0;
        self.tells_starts() && (self.head().has_starts() || self.segments().iter().any(has_starts))
    }

    /// Newest commit that this version sees.
    pub fn commit(&self) -> u64 {
        self.version.commit
    }

    /// The segments that this version reads, oldest first.
    pub fn segments(&self) -> &[Segment] {
        &self.version.segments
    }

    /// Number of segments that this version reads.
    pub fn segment_count(&self) -> usize {
        self.version.segments.len()
    }

    /// Fails while what is committed is not all readable yet.
    pub(super) fn check_gate(&self) -> Result<(), StoreError> {
        self.shared.gate.check()
    }

    pub(super) fn head(&self) -> impl Deref<Target = Head> + '_ {
        self.shared.head.read()
    }

    /// Pages that were read lately, unless none are kept.
    pub(super) fn page_cache(&self) -> Option<&Arc<PageCache>> {
        self.shared.pages.as_ref()
    }

    /// Commit and generation, by which the head tells what this version sees.
    pub(super) fn seen(&self) -> (u64, u64) {
        (self.version.commit, self.version.generation)
    }

    /// Whether something is deleted in `segment`.
    pub(super) fn hides(&self, segment: &Segment) -> bool {
        self.version.tombstones.marks(segment.id()).is_some()
    }

    /// Series that satisfy all `matchers` and may have a sample in `[min_ms, max_ms]`, in Prometheus's
    /// order of labels.
    pub fn select(
        &self,
        matchers: &[Matcher],
        min_ms: i64,
        max_ms: i64,
    ) -> Result<Vec<SelectedSeries>, StoreError> {
        let mut selected = self.select_unordered(matchers, min_ms, max_ms)?;
        selected.sort_unstable_by(|a, b| a.labels.cmp(&b.labels));
        Ok(selected)
    }

    /// As [`select`](Self::select), in an order that says nothing and is the same for each call: sorting
    /// many series costs more than finding them.
    pub fn select_unordered(
        &self,
        matchers: &[Matcher],
        min_ms: i64,
        max_ms: i64,
    ) -> Result<Vec<SelectedSeries>, StoreError> {
        self.check_gate()?;
        let Version {
            commit, generation, ..
        } = *self.version;
        let in_head = self
            .shared
            .head
            .read()
            .matching(matchers, min_ms, max_ms, commit, generation);
        let places = self.places(matchers, min_ms, max_ms);
        let series_max = in_head
            .len()
            .max(places.iter().map(|(_, rows)| rows.len()).max().unwrap_or(0));
        let mut selected: Vec<SelectedSeries> = Vec::with_capacity(series_max);
        if let ([(position, rows)], true) = (places.as_slice(), in_head.is_empty()) {
            // Nothing to compare with: a segment has each series once.
            let segment = &self.version.segments[*position as usize];
            selected.extend(rows.iter().map(|&row| SelectedSeries {
                segments: vec![(*position, row)],
                ..SelectedSeries::new(segment.labels(row))
            }));
            return Ok(selected);
        }
        if places.is_empty() {
            // Likewise the head.
            selected.extend(in_head.into_iter().map(|(series, labels)| SelectedSeries {
                head: Some(series),
                ..SelectedSeries::new(labels)
            }));
            return Ok(selected);
        }
        let mut found: HashMap<Labels, usize, foldhash::fast::RandomState> = HashMap::default();
        found.reserve(series_max);
        for (position, rows) in places {
            let segment = &self.version.segments[position as usize];
            for row in rows {
                let place_in = match found.entry(segment.labels(row)) {
                    Entry::Occupied(entry) => *entry.get(),
                    Entry::Vacant(entry) => {
                        selected.push(SelectedSeries::new(entry.key().clone()));
                        *entry.insert(selected.len() - 1)
                    }
                };
                selected[place_in].segments.push((position, row));
            }
        }
        for (series, labels) in in_head {
            match found.get(&labels) {
                Some(&place) => selected[place].head = Some(series),
                None => selected.push(SelectedSeries {
                    head: Some(series),
                    ..SelectedSeries::new(labels)
                }),
            }
        }
        Ok(selected)
    }

    /// Positions of segments with the rows that satisfy all `matchers` and may have a sample in the range.
    pub(super) fn places(&self, matchers: &[Matcher], min_ms: i64, max_ms: i64) -> Vec<(u32, Vec<u32>)> {
        let mut places = Vec::new();
        for (position, segment) in (0..).zip(self.segments()) {
            if segment.max_time() < min_ms || segment.min_time() > max_ms {
                continue;
            }
            let mut rows = segment.matching(matchers);
            let hidden = self.version.tombstones.marks(segment.id());
            rows.retain(|&row| {
                let range = segment.row_range(row);
                let inside = range.max_time_ms >= min_ms && range.min_time_ms <= max_ms;
                inside && !hidden.is_some_and(|marks| marks.hide_all(row, range, min_ms, max_ms))
            });
            if !rows.is_empty() {
                places.push((position, rows));
            }
        }
        places
    }

    /// Samples of `selected` in `[min_ms, max_ms]`, one entry per series in the given order. Series
    /// without a sample in the range come back empty.
    pub fn read(
        &self,
        selected: &[SelectedSeries],
        min_ms: i64,
        max_ms: i64,
    ) -> Result<Vec<SeriesSamples>, StoreError> {
        self.check_gate()?;
        let mut read: Vec<SeriesSamples> = selected
            .iter()
            .map(|series| SeriesSamples::new(series.labels.clone()))
            .collect();
        self.read_segments(selected, min_ms, max_ms, &mut read)?;
        let Version {
            commit, generation, ..
        } = *self.version;
        let head = self.shared.head.read();
        for (series, samples) in selected.iter().zip(&mut read) {
            if let Some(in_head) = series.head {
                if samples.is_empty() {
                    head.read(in_head, min_ms, max_ms, (commit, generation), samples);
                    continue;
                }
                let mut newer = SeriesSamples::new(samples.labels.clone());
                head.read(in_head, min_ms, max_ms, (commit, generation), &mut newer);
                samples.absorb(newer);
            }
        }
        if !self.tells_starts() && head.has_starts() {
            read.iter_mut().for_each(|samples| samples.starts.clear());
        }
        Ok(read)
    }

    fn read_segments(
        &self,
        selected: &[SelectedSeries],
        min_ms: i64,
        max_ms: i64,
        read: &mut [SeriesSamples],
    ) -> Result<(), StoreError> {
        // Rows by segment, each with the place of its series in `read`.
        let mut rows: Vec<Vec<(u32, usize)>> = vec![Vec::new(); self.version.segments.len()];
        for (place, series) in selected.iter().enumerate() {
            for &(segment, row) in &series.segments {
                rows[segment as usize].push((row, place));
            }
        }
        let read_from = rows.into_iter().enumerate().filter(|(_, rows)| !rows.is_empty());
        let mut read_from: Vec<(&Segment, Vec<(u32, usize)>)> = read_from
            .map(|(segment, rows)| (&self.version.segments[segment], rows))
            .collect();
        in_time_order_if_apart(&mut read_from);
        for (segment, mut rows) in read_from {
            rows.sort_unstable();
            let wanted: Vec<u32> = rows.iter().map(|&(row, _)| row).collect();
            // Series without a sample in the range are left out; the others come in the order of rows.
            let found = segment.read_rows(&wanted, min_ms, max_ms, self.tells_starts());
            let mut found = self.healthy(segment, found)?.into_iter().peekable();
            let hidden = self.version.tombstones.marks(segment.id());
            for (row, place) in rows {
                if let Some((_, mut samples)) = found.next_if(|(number, _)| *number == row) {
                    if let Some(hidden) = hidden {
                        hidden.apply(row, &mut samples);
                    }
                    read[place].absorb(samples);
                }
            }
        }
        Ok(())
    }

    /// What was read of `segment`. When it is damaged this query fails, saying where; later ones go on
    /// without the segment.
    pub(super) fn healthy<T>(
        &self,
        segment: &Segment,
        read: Result<T, SegmentError>,
    ) -> Result<T, StoreError> {
        read.map_err(|error| {
            if error.is_corrupt()
                && let Err(failed) = quarantine(&self.shared, segment, &error)
            {
                let failed = crate::error_chain(&failed);
                tracing::error!(segment = %segment.id(), error = %failed, "cannot quarantine");
            }
            error.into()
        })
    }
}

/// Segments come in the order of acceptance, which decides between samples of one time. Where no two of
/// them share a time it decides nothing, and reading them in the order of time appends and never merges.
fn in_time_order_if_apart<T>(segments: &mut [(&Segment, T)]) {
    let mut times: Vec<(i64, i64)> = segments
        .iter()
        .map(|(s, _)| (s.min_time(), s.max_time()))
        .collect();
    times.sort_unstable();
    if times.windows(2).all(|pair| pair[0].1 < pair[1].0) {
        segments.sort_by_key(|(segment, _)| segment.min_time());
    }
}

impl Drop for PinnedVersion {
    fn drop(&mut self) {
        let pins = Arc::clone(&self.shared.head.read().pins);
        pins.release(Pin {
            generation: self.version.generation,
            commit: self.version.commit,
        });
    }
}

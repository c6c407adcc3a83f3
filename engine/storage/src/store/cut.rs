//! Cutting the head: segments first, then the checkpoint, then the new version, then the old log.
//! A crash between any two steps leaves samples twice, never nowhere; reads drop the second copy. The head's
//! lock is taken for slices of series, so that appends go on meanwhile.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use engine_model::{Labels, SeriesRef};

use super::committer::CutStart;
use super::error::StoreError;
use super::{Shared, Store};
use crate::head::{CutPlan, Head, Trimmed};
use crate::segment::{Level, Segment, SegmentHeader, SegmentWriter, remove_folder};
use crate::series_samples::SeriesSamples;
use crate::wal::checkpoint::{CheckpointWriter, checkpoint_exists};
use crate::wal::record::{put_checkpoint_exemplar, put_image};
use crate::wal::writer::delete_covered;

/// A level-0 segment never crosses one of these UTC borders.
pub(crate) const LEVEL_0_MS: i64 = 30 * 60 * 1000;
/// The head keeps samples at least this long, so that recent queries and rules read memory.
const HEAD_KEEPS_MS: i64 = LEVEL_0_MS;
/// What it keeps under memory pressure: twice the lookback of queries.
const HEAD_KEEPS_LEAST_MS: i64 = 10 * 60 * 1000;
/// Series that are looked at under one hold of the head's lock: some 100 µs.
const SLICE_SERIES: usize = 512;
/// Windows that are written in one pass over the series: each holds an open writer of some 10 MB. A head that
/// spans more (a push of history) is passed over again, each time reading the samples of the next eight.
const WINDOWS_A_PASS: i64 = 8;
/// A log file that has grown to this is replaced by a checkpoint, so that a restart stays short.
const LOG_BYTES_MAX: u64 = 256 << 20;

/// What a cut did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FlushReport {
    /// Segments that were written.
    pub segments: usize,
    /// Samples in them.
    pub samples: u64,
}

impl Store {
    /// Cuts every sample of the head into segments and returns when they are durable.
    pub async fn flush(&self) -> Result<FlushReport, StoreError> {
        self.cut_before(i64::MAX).await
    }

    /// Cuts what is due at `now_ms`: whole half hours that ended at least half an hour ago; all but ten
    /// minutes when the head is over its budget; nothing but a checkpoint when the log has grown long.
    pub async fn cut_due(&self, now_ms: i64) -> Result<Option<FlushReport>, StoreError> {
        if self.shared.gate.check().is_err() {
            return Ok(None);
        }
        match self.due_before(now_ms) {
            Some(before_ms) => self.cut_before(before_ms).await.map(Some),
            None => Ok(None),
        }
    }

    /// Samples before this time are to be cut at `now_ms`; the least number when only a checkpoint is due.
    fn due_before(&self, now_ms: i64) -> Option<i64> {
        let head = self.shared.head.read();
        let is_pressed =
            self.shared.config.head_bytes_max != 0 && head.memory_bytes() > self.shared.config.head_bytes_max;
        let border_ms = due_border(now_ms);
        if head.has_before(border_ms) {
            Some(border_ms)
        } else if is_pressed && head.has_before(now_ms - HEAD_KEEPS_LEAST_MS) {
            Some(now_ms - HEAD_KEEPS_LEAST_MS)
        } else if self.shared.logged_bytes() > LOG_BYTES_MAX.max(head.memory_bytes() as u64) {
            Some(i64::MIN)
        } else {
            None
        }
    }

    pub(super) async fn cut_before(&self, before_ms: i64) -> Result<FlushReport, StoreError> {
        self.shared.gate.wait().await?;
        let committer = Arc::clone(&self.committer);
        let shared = Arc::clone(&self.shared);
        let cut = tokio::task::spawn_blocking(move || {
            // Begun under the lock, so that checkpoints follow each other in the log's order.
            let _maintenance = shared.maintenance.lock();
            run(&shared, committer.begin_cut(before_ms)?)
        });
        cut.await.map_err(|_| StoreError::Closed)?
    }
}

/// Samples before this half-hour border are due to leave the head.
fn due_border(now_ms: i64) -> i64 {
    (now_ms - HEAD_KEEPS_MS).div_euclid(LEVEL_0_MS) * LEVEL_0_MS
}

/// Cuts what is planned; the log files that were closed for it are replaced by a checkpoint.
fn run(shared: &Shared, CutStart { closed, plan }: CutStart) -> Result<FlushReport, StoreError> {
    let started = std::time::Instant::now();
    let mut written = Unpublished {
        shared,
        segments: Vec::new(),
    };
    write_segments(shared, &plan, &mut written.segments)?;
    let report = FlushReport {
        segments: written.segments.len(),
        samples: written.segments.iter().map(Segment::sample_count).sum(),
    };
    let checkpoint = write_checkpoint(shared, &plan, closed);
    // Once it has its name, a start looks for the cut samples in the segments alone, also when its folder could
    // not be synced. Then the name may be lost with the power, so the log files that it replaces stay.
    if checkpoint.is_ok() || checkpoint_exists(&shared.wal_dir, closed) {
        publish(shared, &plan, std::mem::take(&mut written.segments));
        trim(shared);
    }
    checkpoint?;
    delete_covered(&*shared.config.disk, &shared.wal_dir, closed)?;
    shared.counters.cuts.add(1);
    tracing::info!(
        segments = report.segments,
        samples = report.samples,
        elapsed_ms = started.elapsed().as_millis() as u64,
        "head cut"
    );
    Ok(report)
}

/// Segments of a cut that is not done yet. When it fails they are removed: the head still has their samples,
/// and a delete that does not know them would be undone by the next start, which would find them.
struct Unpublished<'a> {
    shared: &'a Shared,
    segments: Vec<Segment>,
}

impl Drop for Unpublished<'_> {
    fn drop(&mut self) {
        for segment in &self.segments {
            if let Err(error) = remove_folder(&*self.shared.config.disk, segment.path()) {
                let path = segment.path().display();
                tracing::warn!(%path, error = %crate::error_chain(&error), "cannot remove a segment of a failed cut");
            }
        }
    }
}

/// Writes the planned samples, and then those that came late, in segments of their own.
fn write_segments(shared: &Shared, plan: &CutPlan, written: &mut Vec<Segment>) -> Result<(), StoreError> {
    let mut series = Vec::new();
    let mut from = Some(SeriesRef(0));
    while let Some(next) = from {
        from = shared
            .head
            .read()
            .planned_series(plan, next, SLICE_SERIES, &mut series);
    }
    let newest = shared.version.load().segments.iter().map(Segment::sequence).max();
    let mut output = Output {
        shared,
        sequence: newest.map_or(0, |newest| newest + 1),
        written,
    };
    output.write(
        series,
        |head, (series, _), from_ms| head.cut_first(plan, *series, from_ms),
        |head, (series, labels), range| {
            let mut samples = SeriesSamples::new(labels.clone());
            head.cut_samples(plan, *series, range, &mut samples);
            samples
        },
    )?;
    // Late samples are few: all of a series are collected, and those of the range are kept.
    let late = |head: &Head, (series, labels): &PlannedSeries, (from_ms, until_ms)| {
        let late = head.cut_late(plan, *series);
        let late = late.unwrap_or_else(|| SeriesSamples::new(labels.clone()));
        late.between(from_ms, until_ms)
    };
    let series = shared.head.read().late_series();
    output.write(
        series,
        |head, series, from_ms| {
            late(head, series, (from_ms, i64::MAX))
                .time_range()
                .map(|(first, _)| first)
        },
        late,
    )
}

/// A series that a cut takes samples of.
type PlannedSeries = (SeriesRef, Labels);

/// Segments of a cut.
struct Output<'a> {
    shared: &'a Shared,
    sequence: u64,
    written: &'a mut Vec<Segment>,
}

impl Output<'_> {
    /// Writes the samples of each series, a segment for each 30-minute window, the oldest first: `first` tells
    /// the time of the first one at or after another, `read` gives those of `[from, until)`.
    fn write(
        &mut self,
        mut series: Vec<PlannedSeries>,
        first: impl Fn(&Head, &PlannedSeries, i64) -> Option<i64>,
        read: impl Fn(&Head, &PlannedSeries, (i64, i64)) -> SeriesSamples,
    ) -> Result<(), StoreError> {
        series.sort_unstable_by(|a, b| a.1.storage_cmp(&b.1));
        let mut next: Vec<Option<i64>> = Vec::with_capacity(series.len());
        for slice in series.chunks(SLICE_SERIES) {
            let head = self.shared.head.read();
            next.extend(slice.iter().map(|series| first(&head, series, i64::MIN)));
        }
        while let Some(oldest) = next.iter().flatten().min() {
            let start = oldest.div_euclid(LEVEL_0_MS) * LEVEL_0_MS;
            let end = start.saturating_add(WINDOWS_A_PASS * LEVEL_0_MS);
            let mut writers: BTreeMap<i64, SegmentWriter> = BTreeMap::new();
            for (slice, next) in series.chunks(SLICE_SERIES).zip(next.chunks_mut(SLICE_SERIES)) {
                let mut samples: Vec<SeriesSamples> = Vec::new();
                let head = self.shared.head.read();
                for (series, next) in slice.iter().zip(next) {
                    if next.is_some_and(|next| next < end) {
                        samples.push(read(&head, series, (start, end)));
                        *next = first(&head, series, end);
                    }
                }
                drop(head);
                for (window, part) in samples.iter().flat_map(windows) {
                    let writer = match writers.entry(window) {
                        Entry::Occupied(entry) => entry.into_mut(),
                        Entry::Vacant(entry) => {
                            let number = (window - start) / LEVEL_0_MS;
                            entry.insert(self.writer(self.sequence + number as u64)?)
                        }
                    };
                    writer.push_series_samples(&part)?;
                }
            }
            for writer in writers.into_values() {
                self.written.push(writer.finish()?);
            }
            self.sequence += WINDOWS_A_PASS as u64;
        }
        Ok(())
    }

    fn writer(&self, sequence: u64) -> Result<SegmentWriter, StoreError> {
        // Whatever the cut takes was applied before it was planned.
        let with_starts = self.shared.head.read().has_starts();
        let header = SegmentHeader {
            level: Level::Cut,
            sequence,
            created_ms: engine_model::time::now_ms(),
            sources: Vec::new(),
        };
        let shared = self.shared;
        let writer = SegmentWriter::create(shared.config.disk.clone(), &shared.segments_dir, header)?;
        Ok(writer.with_histogram_starts(with_starts))
    }
}

/// A series' samples by the 30-minute windows in which they are.
fn windows(series: &SeriesSamples) -> Vec<(i64, SeriesSamples)> {
    let window = |time: i64| time.div_euclid(LEVEL_0_MS) * LEVEL_0_MS;
    let mut parts: Vec<(i64, SeriesSamples)> = Vec::new();
    if let Some((first, last)) = series.time_range()
        && window(first) == window(last)
    {
        return vec![(window(first), series.clone())];
    }
    for (time, value) in series.timestamps.iter().zip(&series.values) {
        let part = part_of(&mut parts, window(*time), &series.labels);
        part.timestamps.push(*time);
        part.values.push(*value);
    }
    for (time, histogram) in &series.histograms {
        let part = part_of(&mut parts, window(*time), &series.labels);
        part.histograms.push((*time, Arc::clone(histogram)));
    }
    for start in &series.starts {
        part_of(&mut parts, window(start.0), &series.labels)
            .starts
            .push(*start);
    }
    parts
}

fn part_of<'a>(
    parts: &'a mut Vec<(i64, SeriesSamples)>,
    window: i64,
    labels: &Labels,
) -> &'a mut SeriesSamples {
    let place = match parts.iter().rposition(|(start, _)| *start == window) {
        Some(place) => place,
        None => {
            parts.push((window, SeriesSamples::new(labels.clone())));
            parts.len() - 1
        }
    };
    &mut parts[place].1
}

fn write_checkpoint(shared: &Shared, plan: &CutPlan, closed: u64) -> Result<(), StoreError> {
    // Appends move on meanwhile; what is in the checkpoint and in a later log file is skipped by a replay.
    let commit = shared.version.load().commit;
    let disk = shared.config.disk.clone();
    let mut checkpoint = CheckpointWriter::create(disk, &shared.wal_dir, closed, shared.own_run, commit)?;
    let mut buffer = Vec::new();
    let mut from = Some(SeriesRef(0));
    while let Some(next) = from {
        buffer.clear();
        from = shared
            .head
            .read()
            .put_images(plan, next, SLICE_SERIES, |put| put_image(&mut buffer, put));
        checkpoint.write(&buffer)?;
    }
    buffer.clear();
    for (labels, exemplar) in shared.head.read().exemplars.iter() {
        put_checkpoint_exemplar(&mut buffer, labels, exemplar);
    }
    checkpoint.write(&buffer)?;
    checkpoint.finish(commit)?;
    Ok(())
}

/// Swaps the version: from here on the cut samples are read from their segments.
fn publish(shared: &Shared, plan: &CutPlan, written: Vec<Segment>) {
    let mut head = shared.head.write();
    let generation = shared.version.load().generation + 1;
    head.publish_cut(plan, generation);
    shared.version.update(|version| {
        version.generation = generation;
        let mut segments = Vec::clone(&version.segments);
        segments.extend(written);
        version.segments = Arc::new(segments);
    });
}

/// Drops what no reader finds in the head any more.
fn trim(shared: &Shared) {
    let mut trimmed = Trimmed::default();
    let mut from = Some(SeriesRef(0));
    let generation = shared.version.load().generation;
    let oldest = |head: &Head| head.pins.oldest().map_or(generation, |pin| pin.generation);
    while let Some(next) = from {
        let mut head = shared.head.write();
        let oldest_read = oldest(&head);
        from = head.trim(oldest_read, next, SLICE_SERIES, &mut trimmed);
    }
    let mut head = shared.head.write();
    let oldest_read = oldest(&head);
    head.finish_trim(oldest_read, trimmed);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_keeps_between_half_an_hour_and_an_hour() {
        for (minute, border) in [(0, -30), (29, -30), (30, 0), (59, 0), (61, 30), (125, 90)] {
            assert_eq!(due_border(minute * 60_000), border * 60_000, "minute {minute}");
        }
    }
}

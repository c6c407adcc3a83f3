//! Cutting the head: segments first, then the checkpoint, then the new version, then the old log.
//! A crash between any two steps leaves samples twice, never nowhere; reads drop the second copy.

use std::sync::Arc;

use engine_model::Labels;

use super::error::StoreError;
use super::version::Version;
use super::{Shared, Store};
use crate::head::CutPlan;
use crate::segment::{Level, Segment, SegmentHeader, SegmentWriter};
use crate::wal::checkpoint::CheckpointWriter;
use crate::wal::writer::delete_covered;

/// A level-0 segment never crosses one of these UTC borders.
pub(crate) const LEVEL_0_MS: i64 = 30 * 60 * 1000;
/// A cut that spans more windows than this writes them as one run of segments in time order; the bound
/// keeps a batch with a wild timestamp from making a million folders.
const WINDOWS_MAX: usize = 10_000;

/// What a cut did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FlushReport {
    /// Segments that were written.
    pub segments: usize,
    /// Samples in them.
    pub samples: u64,
}

/// The head keeps samples at least this long, so that recent queries and rules read memory.
const HEAD_KEEPS_MS: i64 = LEVEL_0_MS;

impl Store {
    /// Cuts every sample of the head into segments and returns when they are durable.
    pub async fn flush(&self) -> Result<FlushReport, StoreError> {
        self.cut_before(i64::MAX).await
    }

    /// Cuts whole half hours that ended at least half an hour before `now_ms`, if the head holds any.
    pub async fn cut_due(&self, now_ms: i64) -> Result<Option<FlushReport>, StoreError> {
        let border_ms = due_border(now_ms);
        let version = self.shared.version.load();
        if !self.shared.head.read().has_before(border_ms, version.generation) {
            return Ok(None);
        }
        self.cut_before(border_ms).await.map(Some)
    }

    async fn cut_before(&self, before_ms: i64) -> Result<FlushReport, StoreError> {
        let closed = self.committer.roll().await?;
        let shared = Arc::clone(&self.shared);
        let cut = tokio::task::spawn_blocking(move || run(&shared, closed, before_ms)).await;
        cut.map_err(|_| StoreError::Closed)?
    }
}

/// Samples before this half-hour border are due to leave the head.
fn due_border(now_ms: i64) -> i64 {
    (now_ms - HEAD_KEEPS_MS).div_euclid(LEVEL_0_MS) * LEVEL_0_MS
}

/// Cuts samples older than `before_ms`; log files up to `closed` are replaced by a checkpoint.
pub(super) fn run(shared: &Arc<Shared>, closed: u64, before_ms: i64) -> Result<FlushReport, StoreError> {
    let _maintenance = shared.maintenance.lock();
    let started = std::time::Instant::now();
    let version = shared.version.load();
    let plan = shared.head.read().plan_cut(before_ms, version.generation);
    let written = write_segments(shared, &plan)?;
    let report = FlushReport {
        segments: written.len(),
        samples: written.iter().map(Segment::sample_count).sum(),
    };
    write_checkpoint(shared, &plan, closed, &version)?;
    publish(shared, &plan, written);
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

/// Writes the planned samples, one segment for each 30-minute window that they touch.
fn write_segments(shared: &Shared, plan: &CutPlan) -> Result<Vec<Segment>, StoreError> {
    let mut written = Vec::new();
    let newest = shared.version.load().segments.iter().map(Segment::sequence).max();
    let first_sequence = newest.map_or(0, |newest| newest + 1);
    for (sequence, window) in (first_sequence..).zip(windows(shared, plan)) {
        let header = SegmentHeader {
            level: Level::Cut,
            sequence,
            created_ms: engine_model::time::now_ms(),
            sources: Vec::new(),
        };
        let mut writer = SegmentWriter::create(shared.config.disk.clone(), &shared.segments_dir, header)?;
        for cut in &plan.series {
            let (labels, timestamps, values) = window_samples(shared, cut, window);
            if !timestamps.is_empty() {
                writer.push_series(&labels, &timestamps, &values)?;
            }
        }
        written.push(writer.finish()?);
    }
    Ok(written)
}

/// Starts of the 30-minute windows in which `plan` has samples, ascending.
fn windows(shared: &Shared, plan: &CutPlan) -> Vec<i64> {
    let head = shared.head.read();
    let mut windows = std::collections::BTreeSet::new();
    for cut in &plan.series {
        let (timestamps, _) = head.cut_samples(cut);
        let mut from = 0;
        while let Some(&timestamp) = timestamps.get(from) {
            let start = timestamp.div_euclid(LEVEL_0_MS) * LEVEL_0_MS;
            windows.insert(start);
            from += timestamps[from..].partition_point(|&t| t < start + LEVEL_0_MS);
        }
        if windows.len() > WINDOWS_MAX {
            tracing::warn!(
                windows = windows.len(),
                "the head spans very many half-hour windows"
            );
        }
    }
    windows.into_iter().collect()
}

fn window_samples(
    shared: &Shared,
    cut: &crate::head::CutSeries,
    window: i64,
) -> (Labels, Vec<i64>, Vec<f64>) {
    let head = shared.head.read();
    let (timestamps, values) = head.cut_samples(cut);
    let from = timestamps.partition_point(|&t| t < window);
    let until = timestamps.partition_point(|&t| t < window + LEVEL_0_MS);
    (
        cut.labels.clone(),
        timestamps[from..until].to_vec(),
        values[from..until].to_vec(),
    )
}

fn write_checkpoint(
    shared: &Shared,
    plan: &CutPlan,
    closed: u64,
    version: &Version,
) -> Result<(), StoreError> {
    let mut checkpoint = CheckpointWriter::create(shared.config.disk.clone(), &shared.wal_dir, closed)?;
    let head = shared.head.read();
    // Appends may have moved on since the log was rolled; what is here twice is skipped by a replay.
    let (commit, next_ref) = (shared.version.load().commit, shared.table.next_ref());
    head.checkpoint(plan, version.generation, |record| checkpoint.push(&record))?;
    drop(head);
    checkpoint.finish(commit, next_ref)?;
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
    let oldest_read = head.pins.oldest().map_or(generation, |pin| pin.generation);
    head.trim(oldest_read);
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

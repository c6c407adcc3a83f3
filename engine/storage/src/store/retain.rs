//! Retention carried out: segments are dropped, or written again without the series that are past.

use std::sync::Arc;

use super::error::StoreError;
use super::rewrite::rewrite;
use super::upkeep::remove_segments;
use super::{Shared, Store};
use crate::retention::{DropReason, RetentionPolicy, SegmentView, plan};
use crate::segment::Segment;

/// What retention did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RetainReport {
    /// Segments that were removed because they are too old.
    pub dropped_by_time: usize,
    /// Segments that were removed because the store is too large.
    pub dropped_by_size: usize,
    /// Segments that were written again without series that are past.
    pub rewritten: usize,
    /// Bytes of the segments that were removed.
    pub freed_bytes: u64,
}

impl Store {
    /// Removes what the policy does not keep at `now_ms`. Time is measured from the newest sample, or from
    /// `now_ms` if that is earlier.
    pub async fn retain(&self, now_ms: i64) -> Result<RetainReport, StoreError> {
        let shared = Arc::clone(&self.shared);
        let run = tokio::task::spawn_blocking(move || run(&shared, now_ms)).await;
        run.map_err(|_| StoreError::Closed)?
    }

    /// Replaces the retention policy, as a reload of the configuration does.
    pub fn set_retention(&self, policy: RetentionPolicy) {
        *self.shared.retention.write() = Arc::new(policy);
    }

    /// The retention policy that holds.
    pub fn retention(&self) -> Arc<RetentionPolicy> {
        Arc::clone(&self.shared.retention.read())
    }
}

/// The time that ages are measured from.
pub(super) fn reference(shared: &Shared, now_ms: i64) -> i64 {
    let segments = Arc::clone(&shared.version.load().segments);
    let in_segments = segments.iter().map(Segment::max_time).max();
    let newest = in_segments.max(shared.head.read().newest_ms());
    newest.map_or(now_ms, |newest| newest.min(now_ms))
}

fn run(shared: &Shared, now_ms: i64) -> Result<RetainReport, StoreError> {
    let _rewriting = shared.upkeep.rewriting.lock();
    let policy = Arc::clone(&shared.retention.read());
    let reference_ms = reference(shared, now_ms);
    let segments = Arc::clone(&shared.version.load().segments);
    let view: Vec<SegmentView> = segments
        .iter()
        .map(|segment| SegmentView {
            info: segment.info(),
            past: past_series(segment, &policy, reference_ms),
        })
        .collect();
    let disk_bytes = match policy.percentage {
        Some(_) => Some(disk_bytes(shared)?),
        None => None,
    };
    let limit = policy.bytes_limit(disk_bytes);
    let plan = plan(&view, &policy, reference_ms, log_bytes(shared)?, limit);
    let find = |id: &crate::segment::SegmentId| segments.iter().find(|s| s.id() == id).cloned();
    let mut report = RetainReport::default();
    let gone: Vec<Segment> = plan.drops.iter().filter_map(|(id, _)| find(id)).collect();
    if !gone.is_empty() {
        report.freed_bytes = gone.iter().map(Segment::bytes).sum();
        remove_segments(shared, &gone)?;
    }
    for (id, reason) in &plan.drops {
        tracing::info!(segment = %id, ?reason, "segment removed by retention");
        match reason {
            DropReason::Time => report.dropped_by_time += 1,
            DropReason::Size => report.dropped_by_size += 1,
        }
    }
    let counts = &shared.upkeep.counts;
    counts.dropped_by_time.add(report.dropped_by_time as u64);
    counts.dropped_by_size.add(report.dropped_by_size as u64);
    for segment in plan.rewrites.iter().filter_map(find) {
        if rewrite(shared, std::slice::from_ref(&segment), segment.level(), now_ms)? {
            counts.rewritten.add(1);
            report.rewritten += 1;
        }
    }
    Ok(report)
}

/// Number of series, and of those whose time is over for the whole segment. Labels are matched only where a
/// rule may be past.
fn past_series(segment: &Segment, policy: &RetentionPolicy, now_ms: i64) -> (u64, u64) {
    let series = u64::from(segment.series_count());
    let is_past = |keep_ms: i64| segment.max_time() < now_ms.saturating_sub(keep_ms);
    let others_past = policy.time_ms.is_some_and(is_past);
    if !others_past && !policy.rules.iter().any(|rule| is_past(rule.keep_ms)) {
        return (series, 0);
    }
    let mut claimed = vec![false; series as usize];
    let mut past = 0;
    for rule in &policy.rules {
        let over = is_past(rule.keep_ms);
        for row in segment.matching(&rule.matchers) {
            let first = !std::mem::replace(&mut claimed[row as usize], true);
            past += u64::from(first && over);
        }
    }
    if others_past {
        past += claimed.iter().filter(|claimed| !**claimed).count() as u64;
    }
    (series, past)
}

/// Bytes of the log's files.
fn log_bytes(shared: &Shared) -> Result<u64, StoreError> {
    let failed = |source| StoreError::Directory {
        action: "measure",
        path: shared.wal_dir.clone(),
        source,
    };
    let mut bytes = 0;
    for entry in std::fs::read_dir(&shared.wal_dir).map_err(failed)? {
        // A file that a cut has just removed takes no space.
        bytes += entry.map_err(failed)?.metadata().map_or(0, |file| file.len());
    }
    Ok(bytes)
}

/// Size of the file system that holds the store.
fn disk_bytes(shared: &Shared) -> Result<u64, StoreError> {
    let path = &shared.config.path;
    let stat = rustix::fs::statvfs(path).map_err(|error| StoreError::Directory {
        action: "measure the disk of",
        path: path.clone(),
        source: error.into(),
    })?;
    Ok(stat.f_blocks.saturating_mul(stat.f_frsize))
}

//! Deletes: everything that exists is made into segments, then the matching series in them are hidden.

use std::sync::Arc;

use engine_model::Matcher;

use super::error::StoreError;
use super::{Shared, Store};
use crate::disk;
use crate::segment::Segment;
use crate::tombstones::{self, Tombstone, matching_rows};

/// What a delete hides.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DeleteReport {
    /// Segments with such samples.
    pub segments: usize,
    /// Series with such samples, counted per segment.
    pub series: u64,
}

impl Store {
    /// Deletes the samples in `[start_ms, end_ms]` of the series that satisfy all matchers of one of the
    /// sets. Only what exists now is deleted: later samples of the same series are kept, whatever their
    /// time. Durable when it returns. Versions that were pinned before still see the samples; they leave
    /// the disk with the next compaction or [`clean_tombstones`](Self::clean_tombstones).
    pub async fn delete(
        &self,
        matcher_sets: Vec<Vec<Matcher>>,
        start_ms: i64,
        end_ms: i64,
        now_ms: i64,
    ) -> Result<DeleteReport, StoreError> {
        self.flush().await?;
        let tombstone = Tombstone {
            name: tombstones::new_name(now_ms),
            created_ms: now_ms,
            segments: Vec::new(),
            matcher_sets,
            start_ms,
            end_ms,
        };
        let shared = Arc::clone(&self.shared);
        let run = tokio::task::spawn_blocking(move || run(&shared, tombstone)).await;
        run.map_err(|_| StoreError::Closed)?
    }
}

fn run(shared: &Shared, mut tombstone: Tombstone) -> Result<DeleteReport, StoreError> {
    let _deletes = shared.upkeep.deletes.lock();
    let version = shared.version.load();
    let mut report = DeleteReport::default();
    let mut named: Vec<Segment> = Vec::new();
    for segment in version.segments.iter() {
        if segment.max_time() < tombstone.start_ms || segment.min_time() > tombstone.end_ms {
            continue;
        }
        let rows = matching_rows(segment, &tombstone);
        if !rows.is_empty() {
            report.segments += 1;
            report.series += rows.len() as u64;
            tombstone.segments.push(segment.id().clone());
            named.push(segment.clone());
        }
    }
    if named.is_empty() {
        return Ok(report);
    }
    let (disk, dir) = (&*shared.config.disk, &shared.upkeep.tombstones_dir);
    disk::create_dir_all(disk, dir).map_err(|source| StoreError::Directory {
        action: "create",
        path: dir.clone(),
        source,
    })?;
    tombstones::save(disk, dir, &tombstone)?;
    let with = version.tombstones.with(tombstone, &named);
    shared
        .version
        .update(|version| version.tombstones = Arc::new(with));
    shared.upkeep.counts.deletes.add(1);
    Ok(report)
}

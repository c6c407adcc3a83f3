//! What cuts, compactions, retention, deletes and snapshots share: locks, the folder of tombstones, counts.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;

use super::Shared;
use super::error::StoreError;
use super::stats::Counter;
use crate::disk;
use crate::segment::{Segment, SegmentId, remove_folder};
use crate::tombstones::{self, Tombstones};

/// Locks are taken in the order of the fields.
#[derive(Debug)]
pub(super) struct Upkeep {
    /// One compaction, cleaning or retention at a time. A cut does not wait for it.
    pub(super) rewriting: Mutex<()>,
    /// Held while a delete is made durable and visible, and while a rewrite takes over what was deleted
    /// since it began.
    pub(super) deletes: Mutex<()>,
    /// Held while folders of segments are removed, moved away or linked.
    pub(super) folders: Mutex<()>,
    pub(super) tombstones_dir: PathBuf,
    pub(super) counts: UpkeepCounts,
}

#[derive(Debug, Default)]
pub(super) struct UpkeepCounts {
    pub(super) failed: Counter,
    pub(super) quarantined: Counter,
    pub(super) deletes: Counter,
    pub(super) dropped_by_time: Counter,
    pub(super) dropped_by_size: Counter,
    pub(super) rewritten: Counter,
    pub(super) written_bytes: Counter,
    pub(super) busy_ms: Counter,
}

/// Compaction, retention and deletes at a glance; counts are since the start.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UpkeepStats {
    /// Compactions and rewrites that failed.
    pub failed: u64,
    /// Segments that were moved to `quarantine/`.
    pub quarantined: u64,
    /// Deletes.
    pub deletes: u64,
    /// Deletes that still hide samples in some segment.
    pub tombstones: usize,
    /// Segments that retention by time removed.
    pub dropped_by_time: u64,
    /// Segments that retention by size removed.
    pub dropped_by_size: u64,
    /// Segments that were written again without what was deleted or past.
    pub rewritten: u64,
    /// Bytes that compactions and rewrites wrote.
    pub written_bytes: u64,
    /// Time that compactions and rewrites took, rests included, ms.
    pub busy_ms: u64,
}

impl Upkeep {
    pub(super) fn new(root: &Path, quarantined: u64) -> Self {
        let counts = UpkeepCounts::default();
        counts.quarantined.add(quarantined);
        Self {
            rewriting: Mutex::new(()),
            deletes: Mutex::new(()),
            folders: Mutex::new(()),
            tombstones_dir: root.join("tombstones"),
            counts,
        }
    }

    pub(super) fn stats(&self, tombstones: &Tombstones) -> UpkeepStats {
        let counts = &self.counts;
        UpkeepStats {
            failed: counts.failed.get(),
            quarantined: counts.quarantined.get(),
            deletes: counts.deletes.get(),
            tombstones: tombstones.len(),
            dropped_by_time: counts.dropped_by_time.get(),
            dropped_by_size: counts.dropped_by_size.get(),
            rewritten: counts.rewritten.get(),
            written_bytes: counts.written_bytes.get(),
            busy_ms: counts.busy_ms.get(),
        }
    }
}

/// Reads the tombstones of a store that is being opened; those that hide nothing any more are removed.
pub(super) fn open_tombstones(
    disk: &dyn disk::Disk,
    root: &Path,
    segments: &[Segment],
) -> Result<Tombstones, StoreError> {
    let dir = root.join("tombstones");
    tombstones::remove_unfinished(disk, &dir)?;
    let list = tombstones::load(&dir)?.into_iter().map(Arc::new).collect();
    let (tombstones, forgotten) = Tombstones::attach(list, segments);
    for name in forgotten {
        tombstones::remove(disk, &dir, &name)?;
    }
    Ok(tombstones)
}

/// Takes segments out of the version, then off the disk, then forgets deletes that named only them. In
/// this order, so that a crash never shows a deleted sample again.
pub(super) fn remove_segments(shared: &Shared, gone: &[Segment]) -> Result<(), StoreError> {
    let ids: Vec<&SegmentId> = gone.iter().map(Segment::id).collect();
    let mut forgotten = Vec::new();
    shared.version.update(|version| {
        let left = version.segments.iter().filter(|s| !ids.contains(&s.id()));
        version.segments = Arc::new(left.cloned().collect());
        let (tombstones, names) = version.tombstones.retained(&version.segments);
        version.tombstones = Arc::new(tombstones);
        forgotten = names;
    });
    remove_files(shared, gone, &forgotten)
}

/// Removes the folders of segments that no new version reads, then the tombstones called `forgotten`.
pub(super) fn remove_files(
    shared: &Shared,
    gone: &[Segment],
    forgotten: &[String],
) -> Result<(), StoreError> {
    let disk = &*shared.config.disk;
    let folders = shared.upkeep.folders.lock();
    for segment in gone {
        // Open readers keep the files' content; only the names go. A quarantined one has gone already.
        if segment.path().exists() {
            remove_folder(disk, segment.path())?;
        }
    }
    drop(folders);
    for name in forgotten {
        tombstones::remove(disk, &shared.upkeep.tombstones_dir, name)?;
    }
    Ok(())
}

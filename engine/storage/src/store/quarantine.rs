//! Damaged segments: moved aside under their name, never deleted, so that the rest serves and somebody can
//! look at them.

use std::path::Path;
use std::sync::Arc;

use super::Shared;
use super::error::StoreError;
use crate::disk::{self, Disk};
use crate::segment::{Segment, SegmentError};

/// Takes a segment that turned out to be damaged out of the version and moves it aside.
pub(super) fn quarantine(shared: &Shared, segment: &Segment, error: &SegmentError) -> Result<(), StoreError> {
    let _folders = shared.upkeep.folders.lock();
    let mut was_there = false;
    shared.version.update(|version| {
        was_there = version.segments.iter().any(|s| s.id() == segment.id());
        let left = version.segments.iter().filter(|s| s.id() != segment.id());
        version.segments = Arc::new(left.cloned().collect());
    });
    if !was_there {
        // Another reader met the same page, or a compaction has replaced the segment since.
        return Ok(());
    }
    shared.upkeep.counts.quarantined.add(1);
    move_aside(&*shared.config.disk, &shared.segments_dir, segment.path(), error)
}

/// Moves the folder `path` of a segment to `quarantine/` beside `segments_dir`.
pub(super) fn move_aside(
    disk: &dyn Disk,
    segments_dir: &Path,
    path: &Path,
    error: &SegmentError,
) -> Result<(), StoreError> {
    let directory = |action, path: &Path| {
        let path = path.to_owned();
        move |source| StoreError::Directory { action, path, source }
    };
    let quarantine = segments_dir.with_file_name("quarantine");
    disk::create_dir_all(disk, &quarantine).map_err(directory("create", &quarantine))?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    // A loss of power may have left it here and there.
    let numbered = std::iter::once(name.to_string()).chain((2..).map(|n| format!("{name}-{n}")));
    let free = numbered.map(|name| quarantine.join(name)).find(|p| !p.exists());
    let target = free.unwrap_or_else(|| quarantine.join(&*name));
    disk.rename(path, &target)
        .and_then(|()| disk.sync_dir(&quarantine))
        .and_then(|()| disk.sync_dir(segments_dir))
        .map_err(directory("quarantine", path))?;
    tracing::error!(
        segment = %path.display(), moved_to = %target.display(), error = %crate::error_chain(error),
        "segment is damaged and is quarantined; its samples are missing from answers"
    );
    Ok(())
}

//! Snapshots: a folder that can be opened as a store, made of links to the segments' files.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use engine_model::time::format_rfc3339_ms;

use super::error::StoreError;
use super::{Shared, Store};
use crate::disk::{self, Disk};
use crate::segment::{TEMPORARY_SUFFIX, unique};

impl Store {
    /// Makes a snapshot below `snapshots/` and returns its name, `<YYYYMMDDTHHMMSSZ>-<16 hex digits>`. It
    /// holds all that is committed, or with `skip_head` only what is in segments already. Durable when it
    /// returns.
    pub async fn snapshot(&self, skip_head: bool, now_ms: i64) -> Result<String, StoreError> {
        if !skip_head {
            self.flush().await?;
        }
        let shared = Arc::clone(&self.shared);
        let run = tokio::task::spawn_blocking(move || run(&shared, now_ms)).await;
        run.map_err(|_| StoreError::Closed)?
    }

    /// Folder that holds the snapshots.
    pub fn snapshots_dir(&self) -> PathBuf {
        self.shared.config.path.join("snapshots")
    }
}

fn run(shared: &Shared, now_ms: i64) -> Result<String, StoreError> {
    let disk = &*shared.config.disk;
    let name = format!("{}-{}", compact_time(now_ms), unique());
    let snapshots = shared.config.path.join("snapshots");
    let unfinished = snapshots.join(format!("{name}{TEMPORARY_SUFFIX}"));
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| StoreError::Directory {
            action: "write snapshot",
            path,
            source,
        }
    };
    disk::create_dir_all(disk, &unfinished.join("segments")).map_err(failed(&unfinished))?;
    let filled = fill(shared, &unfinished);
    let finished = filled.and_then(|()| {
        let target = snapshots.join(&name);
        disk.sync_dir(&unfinished)?;
        disk.rename(&unfinished, &target)?;
        disk.sync_dir(&snapshots)
    });
    if finished.is_err()
        && let Err(error) = disk.remove_dir_all(&unfinished)
    {
        tracing::warn!(path = %unfinished.display(), %error, "cannot remove an unfinished snapshot");
    }
    finished.map_err(failed(&unfinished))?;
    Ok(name)
}

/// `20260102T030405Z`.
fn compact_time(ms: i64) -> String {
    let text = format_rfc3339_ms(ms);
    let seconds = text.split('.').next().unwrap_or_default();
    let mut compact: String = seconds.chars().filter(|c| !matches!(c, '-' | ':')).collect();
    compact.push('Z');
    compact
}

/// Links the files of one version; nothing is removed or moved away meanwhile.
fn fill(shared: &Shared, target: &Path) -> io::Result<()> {
    let disk = &*shared.config.disk;
    let _deletes = shared.upkeep.deletes.lock();
    let _folders = shared.upkeep.folders.lock();
    let version = shared.version.load();
    let segments = target.join("segments");
    for segment in version.segments.iter() {
        let folder = segments.join(segment.id().as_str());
        disk.create_dir(&folder)?;
        link_files(disk, segment.path(), &folder)?;
    }
    disk.sync_dir(&segments)?;
    if version.tombstones.len() > 0 {
        let tombstones = target.join("tombstones");
        disk.create_dir(&tombstones)?;
        link_files(disk, &shared.upkeep.tombstones_dir, &tombstones)?;
    }
    Ok(())
}

/// Gives all files of `from` a second name in `to`, or a copy where the file system has no links.
fn link_files(disk: &dyn Disk, from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let source = entry?.path();
        let Some(name) = source.file_name().filter(|_| source.is_file()) else {
            continue;
        };
        let target = to.join(name);
        if disk.hard_link(&source, &target).is_err() {
            let mut copy = disk.create_new(&target)?;
            io::copy(&mut fs::File::open(&source)?, &mut copy)?;
            copy.flush()?;
            copy.sync_all()?;
        }
    }
    disk.sync_dir(to)
}

//! Names of the files in the log's directory.

use std::path::{Path, PathBuf};

use super::error::WalError;
use crate::disk::Disk;

/// What a directory of the log holds, ascending.
#[derive(Debug, Default)]
pub(super) struct Listing {
    pub(super) logs: Vec<u64>,
    pub(super) checkpoints: Vec<u64>,
    pub(super) temporary: Vec<PathBuf>,
}

pub(super) fn log_path(dir: &Path, sequence: u64) -> PathBuf {
    dir.join(format!("{sequence:08}.wal"))
}

pub(super) fn checkpoint_path(dir: &Path, sequence: u64) -> PathBuf {
    dir.join(format!("{sequence:08}.checkpoint"))
}

pub(super) fn list(dir: &Path) -> Result<Listing, WalError> {
    let mut listing = Listing::default();
    let entries = std::fs::read_dir(dir).map_err(WalError::io("list", dir))?;
    for entry in entries {
        let path = entry.map_err(WalError::io("list", dir))?.path();
        let sequence = path
            .file_stem()
            .and_then(|s| s.to_str())
            .and_then(|s| s.parse::<u64>().ok());
        match (path.extension().and_then(|e| e.to_str()), sequence) {
            (Some("wal"), Some(sequence)) => listing.logs.push(sequence),
            (Some("checkpoint"), Some(sequence)) => listing.checkpoints.push(sequence),
            (Some("tmp"), _) => listing.temporary.push(path),
            _ => tracing::warn!(path = %path.display(), "unknown file in the write-ahead log is left alone"),
        }
    }
    listing.logs.sort_unstable();
    listing.checkpoints.sort_unstable();
    Ok(listing)
}

/// Makes names that were created, renamed or deleted in `dir` durable.
pub(super) fn sync_dir(disk: &dyn Disk, dir: &Path) -> Result<(), WalError> {
    disk.sync_dir(dir).map_err(WalError::io("fsync", dir))
}

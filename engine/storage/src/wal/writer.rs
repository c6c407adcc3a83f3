//! Appends records to the newest log file.

use std::path::{Path, PathBuf};

use super::error::WalError;
use super::file_name::{list, log_path, sync_dir};
use super::record::{MAGIC, put_start};
use crate::disk::{Disk, DiskFile, SharedDisk};

/// The open end of the log. One thread owns it.
#[derive(Debug)]
pub(crate) struct WalWriter {
    disk: SharedDisk,
    dir: PathBuf,
    /// Number of the first file that this process writes.
    run: u64,
    sequence: u64,
    file: Box<dyn DiskFile>,
    path: PathBuf,
    /// End of the last whole record.
    whole_bytes: u64,
    unsynced: bool,
    poisoned: bool,
}

impl WalWriter {
    /// Starts a run of the log in `dir` with a new file numbered `sequence`; `commit` is the newest commit
    /// number that earlier runs can have used.
    pub(crate) fn create(disk: SharedDisk, dir: &Path, sequence: u64, commit: u64) -> Result<Self, WalError> {
        let (file, path, whole_bytes) = create_file(&*disk, dir, sequence, sequence, commit)?;
        Ok(Self {
            disk,
            dir: dir.to_owned(),
            run: sequence,
            sequence,
            file,
            path,
            whole_bytes,
            unsynced: false,
            poisoned: false,
        })
    }

    /// Hands whole records to the kernel. After an error nothing of `records` is in the file.
    pub(crate) fn write(&mut self, records: &[u8]) -> Result<(), WalError> {
        if self.poisoned {
            return Err(WalError::Poisoned);
        }
        if let Err(source) = self.file.write_all(records) {
            let error = WalError::Io {
                action: "write",
                path: self.path.clone(),
                source,
            };
            self.cut_back();
            return Err(error);
        }
        self.whole_bytes += records.len() as u64;
        self.unsynced = true;
        Ok(())
    }

    /// Makes everything written so far survive a loss of power.
    pub(crate) fn sync(&mut self) -> Result<(), WalError> {
        if self.poisoned {
            return Err(WalError::Poisoned);
        }
        if !self.unsynced {
            return Ok(());
        }
        if let Err(source) = self.file.sync_data() {
            self.poisoned = true;
            return Err(WalError::Io {
                action: "fsync",
                path: self.path.clone(),
                source,
            });
        }
        self.unsynced = false;
        Ok(())
    }

    /// Whether something was written since the last fsync.
    pub(crate) fn is_unsynced(&self) -> bool {
        self.unsynced
    }

    /// Closes the current file and starts the next, after `commit`. Returns the number of the closed one.
    pub(crate) fn roll(&mut self, commit: u64) -> Result<u64, WalError> {
        self.sync()?;
        let closed = self.sequence;
        let (file, path, whole_bytes) = create_file(&*self.disk, &self.dir, closed + 1, self.run, commit)?;
        self.sequence = closed + 1;
        self.file = file;
        self.path = path;
        self.whole_bytes = whole_bytes;
        Ok(closed)
    }

    /// Number of the run's first file.
    pub(crate) fn run(&self) -> u64 {
        self.run
    }

    /// The current file and the end of its last whole record.
    pub(crate) fn end(&self) -> (&Path, u64) {
        (&self.path, self.whole_bytes)
    }

    /// Removes a half-written record. If even that fails, writing on would hide later records behind
    /// the damage, so the log is poisoned.
    fn cut_back(&mut self) {
        if let Err(error) = self.file.set_len(self.whole_bytes) {
            tracing::error!(path = %self.path.display(), %error, "cannot cut back the write-ahead log");
            self.poisoned = true;
        }
    }
}

/// Deletes the log files and checkpoints that the checkpoint numbered `covered` replaces.
pub(crate) fn delete_covered(disk: &dyn Disk, dir: &Path, covered: u64) -> Result<(), WalError> {
    let listing = list(dir)?;
    for sequence in listing.logs.into_iter().filter(|&s| s <= covered) {
        let path = log_path(dir, sequence);
        disk.remove_file(&path).map_err(WalError::io("remove", &path))?;
    }
    for sequence in listing.checkpoints.into_iter().filter(|&s| s < covered) {
        let path = super::file_name::checkpoint_path(dir, sequence);
        disk.remove_file(&path).map_err(WalError::io("remove", &path))?;
    }
    sync_dir(disk, dir)
}

fn create_file(
    disk: &dyn Disk,
    dir: &Path,
    sequence: u64,
    run: u64,
    commit: u64,
) -> Result<(Box<dyn DiskFile>, PathBuf, u64), WalError> {
    let path = log_path(dir, sequence);
    let mut file = disk.create(&path).map_err(WalError::io("create", &path))?;
    let mut head = MAGIC.to_vec();
    put_start(&mut head, run, commit);
    file.write_all(&head).map_err(WalError::io("write", &path))?;
    file.sync_all().map_err(WalError::io("fsync", &path))?;
    sync_dir(disk, dir)?;
    Ok((file, path, head.len() as u64))
}

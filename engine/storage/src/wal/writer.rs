//! Appends records to the newest log file.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::error::WalError;
use super::file_name::{list, log_path, sync_dir};
use super::record::MAGIC;

/// The open end of the log. One thread owns it.
#[derive(Debug)]
pub(crate) struct WalWriter {
    dir: PathBuf,
    sequence: u64,
    file: File,
    path: PathBuf,
    /// End of the last whole record.
    whole_bytes: u64,
    unsynced: bool,
    poisoned: bool,
}

impl WalWriter {
    /// Starts a new log file numbered `sequence` in `dir`.
    pub(crate) fn create(dir: &Path, sequence: u64) -> Result<Self, WalError> {
        let (file, path) = create_file(dir, sequence)?;
        Ok(Self {
            dir: dir.to_owned(),
            sequence,
            file,
            path,
            whole_bytes: MAGIC.len() as u64,
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

    /// Closes the current file and starts the next. Returns the number of the closed one.
    pub(crate) fn roll(&mut self) -> Result<u64, WalError> {
        self.sync()?;
        let closed = self.sequence;
        let (file, path) = create_file(&self.dir, closed + 1)?;
        self.sequence = closed + 1;
        self.file = file;
        self.path = path;
        self.whole_bytes = MAGIC.len() as u64;
        Ok(closed)
    }

    /// Bytes of the current file.
    #[cfg(test)]
    pub(crate) fn file_bytes(&self) -> u64 {
        self.whole_bytes
    }

    /// Removes a half-written record. If even that fails, writing on would hide later records behind
    /// the damage, so the log is poisoned.
    fn cut_back(&mut self) {
        let cut = self
            .file
            .set_len(self.whole_bytes)
            .and_then(|()| self.file.seek(SeekFrom::Start(self.whole_bytes)).map(|_| ()));
        if let Err(error) = cut {
            tracing::error!(path = %self.path.display(), %error, "cannot cut back the write-ahead log");
            self.poisoned = true;
        }
    }
}

/// Deletes the log files and checkpoints that the checkpoint numbered `covered` replaces.
pub(crate) fn delete_covered(dir: &Path, covered: u64) -> Result<(), WalError> {
    let listing = list(dir)?;
    for sequence in listing.logs.into_iter().filter(|&s| s <= covered) {
        let path = log_path(dir, sequence);
        std::fs::remove_file(&path).map_err(WalError::io("remove", &path))?;
    }
    for sequence in listing.checkpoints.into_iter().filter(|&s| s < covered) {
        let path = super::file_name::checkpoint_path(dir, sequence);
        std::fs::remove_file(&path).map_err(WalError::io("remove", &path))?;
    }
    sync_dir(dir)
}

fn create_file(dir: &Path, sequence: u64) -> Result<(File, PathBuf), WalError> {
    let path = log_path(dir, sequence);
    let mut file = File::options()
        .write(true)
        .create(true)
        .truncate(true)
        .open(&path)
        .map_err(WalError::io("create", &path))?;
    file.write_all(&MAGIC).map_err(WalError::io("write", &path))?;
    file.sync_all().map_err(WalError::io("fsync", &path))?;
    sync_dir(dir)?;
    Ok((file, path))
}

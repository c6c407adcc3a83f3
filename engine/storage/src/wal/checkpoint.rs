//! A checkpoint: the head's series with the pieces that are in no segment yet, so that the log files before
//! it can be deleted and a restart copies pieces rather than replaying every commit.

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use super::error::WalError;
use super::file_name::{checkpoint_path, sync_dir};
use super::record::{MAGIC, put_end, put_start};
use crate::disk::{DiskFile, SharedDisk};

/// Whether the checkpoint that replaces log files up to `sequence` has its final name.
pub(crate) fn checkpoint_exists(dir: &Path, sequence: u64) -> bool {
    checkpoint_path(dir, sequence).exists()
}

/// A checkpoint being written. Dropped unfinished, it leaves a `*.tmp` which the next replay deletes.
pub(crate) struct CheckpointWriter {
    disk: SharedDisk,
    dir: PathBuf,
    sequence: u64,
    temporary: PathBuf,
    output: BufWriter<Box<dyn DiskFile>>,
}

impl CheckpointWriter {
    /// Starts the checkpoint that replaces log files up to `sequence`. Its references are those of the run
    /// that began with file `run`; `commit` is the newest commit when it is begun.
    pub(crate) fn create(
        disk: SharedDisk,
        dir: &Path,
        sequence: u64,
        run: u64,
        commit: u64,
    ) -> Result<Self, WalError> {
        let temporary = dir.join(format!("{sequence:08}.checkpoint.tmp"));
        let file = disk
            .create(&temporary)
            .map_err(WalError::io("create", &temporary))?;
        let mut writer = Self {
            disk,
            dir: dir.to_owned(),
            sequence,
            temporary,
            output: BufWriter::with_capacity(1 << 20, file),
        };
        let mut head = MAGIC.to_vec();
        put_start(&mut head, run, commit);
        writer.write(&head)?;
        Ok(writer)
    }

    /// Adds framed records.
    pub(crate) fn write(&mut self, records: &[u8]) -> Result<(), WalError> {
        self.output
            .write_all(records)
            .map_err(WalError::io("write", &self.temporary))
    }

    /// Makes the checkpoint durable under its final name.
    pub(crate) fn finish(mut self, commit: u64) -> Result<(), WalError> {
        let mut end = Vec::new();
        put_end(&mut end, commit);
        self.write(&end)?;
        let file = self
            .output
            .into_inner()
            .map_err(|e| WalError::io("write", &self.temporary)(e.into_error()))?;
        file.sync_all().map_err(WalError::io("fsync", &self.temporary))?;
        let path = checkpoint_path(&self.dir, self.sequence);
        self.disk
            .rename(&self.temporary, &path)
            .map_err(WalError::io("rename", &path))?;
        sync_dir(&*self.disk, &self.dir)
    }
}

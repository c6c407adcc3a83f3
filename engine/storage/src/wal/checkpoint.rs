//! A checkpoint: the head's series and the samples that are in no segment yet, so that the log files
//! before it can be deleted and a restart reads series rather than every commit.

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use engine_model::SeriesRef;

use super::error::WalError;
use super::file_name::{checkpoint_path, sync_dir};
use super::record::{MAGIC, SeriesRecord, put_end, put_series};
use crate::disk::{DiskFile, SharedDisk};

/// A checkpoint being written. Dropped unfinished, it leaves a `*.tmp` which the next replay deletes.
pub(crate) struct CheckpointWriter {
    disk: SharedDisk,
    dir: PathBuf,
    sequence: u64,
    temporary: PathBuf,
    output: BufWriter<Box<dyn DiskFile>>,
    buffer: Vec<u8>,
}

impl CheckpointWriter {
    /// Starts the checkpoint that replaces log files up to `sequence`.
    pub(crate) fn create(disk: SharedDisk, dir: &Path, sequence: u64) -> Result<Self, WalError> {
        let temporary = dir.join(format!("{sequence:08}.checkpoint.tmp"));
        let file = disk
            .create(&temporary)
            .map_err(WalError::io("create", &temporary))?;
        let mut output = BufWriter::with_capacity(1 << 20, file);
        output
            .write_all(&MAGIC)
            .map_err(WalError::io("write", &temporary))?;
        Ok(Self {
            disk,
            dir: dir.to_owned(),
            sequence,
            temporary,
            output,
            buffer: Vec::new(),
        })
    }

    /// Adds a series.
    pub(crate) fn push(&mut self, record: &SeriesRecord) -> Result<(), WalError> {
        self.buffer.clear();
        put_series(&mut self.buffer, record);
        self.output
            .write_all(&self.buffer)
            .map_err(WalError::io("write", &self.temporary))
    }

    /// Makes the checkpoint durable under its final name.
    pub(crate) fn finish(mut self, commit: u64, next_ref: SeriesRef) -> Result<(), WalError> {
        self.buffer.clear();
        put_end(&mut self.buffer, commit, next_ref);
        self.output
            .write_all(&self.buffer)
            .map_err(WalError::io("write", &self.temporary))?;
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

//! What must survive a restart, in one append-only file: known alerts and what receivers were told.
//!
//! The file is text, one record a line: eight hexadecimal digits (CRC-32 of the rest), a space, JSON.
//! The first record names the format. A change is written and synced before it is acted upon; the
//! file is rewritten from the state when it has grown. A line that is damaged is left out and counted:
//! what it said is told again or posted again, which is the lesser harm.

mod record;
#[cfg(test)]
mod tests;

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::dispatch::{Change, Restored};

use record::{Record, Replay};

/// Name of the file within its folder.
const FILE_NAME: &str = "alert-router.journal";
/// A file below this size is not rewritten: reading it back takes milliseconds.
const REWRITE_BYTES_MIN: u64 = 4 << 20;
/// A file is rewritten when it has grown to this many times its size after the last rewrite.
const REWRITE_GROWTH: u64 = 4;

/// Why the file cannot be used; the path is in the text.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The folder or file cannot be opened, read or written.
    #[error("cannot use the alert router's journal {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        #[source]
        source: io::Error,
    },
    /// It was written by a later version.
    #[error("the alert router's journal {} has format {found}, and this version knows {known}; move it away to start without it", path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// Format of the file.
        found: u64,
        /// Newest format that is understood.
        known: u64,
    },
}

/// The open file.
#[derive(Debug)]
pub(crate) struct Journal {
    path: PathBuf,
    file: File,
    bytes: u64,
    bytes_after_rewrite: u64,
}

/// A journal that was opened, with what it held.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) journal: Journal,
    pub(crate) restored: Restored,
    /// Lines that could not be read, a torn last one included.
    pub(crate) damaged_lines: usize,
}

impl Journal {
    /// Opens the journal of a folder, which is made if it is missing, and reads it.
    pub(crate) fn open(folder: &Path) -> Result<Opened, JournalError> {
        let path = folder.join(FILE_NAME);
        let failed = |source| JournalError::Io {
            path: path.clone(),
            source,
        };
        std::fs::create_dir_all(folder).map_err(failed)?;
        let text = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(failed(error)),
        };
        let mut replay = Replay::default();
        for line in text.split_inclusive(|byte| *byte == b'\n') {
            replay.line(line);
        }
        if let Some(found) = replay.version.filter(|version| *version > record::VERSION) {
            return Err(JournalError::Version {
                path,
                found,
                known: record::VERSION,
            });
        }
        let damaged_lines = replay.damaged_lines;
        let restored = replay.finish();
        // A fresh file leaves torn and outdated lines behind.
        let (file, bytes) = write_whole(&path, &restored).map_err(failed)?;
        Ok(Opened {
            journal: Self {
                path,
                file,
                bytes,
                bytes_after_rewrite: bytes,
            },
            restored,
            damaged_lines,
        })
    }

    /// Makes changes durable: when this returns, they survive a crash.
    pub(crate) fn append(&mut self, changes: &[Change]) -> Result<(), JournalError> {
        let mut text = Vec::new();
        for change in changes {
            record::write_line(&mut text, &Record::from(change));
        }
        let written = self.file.write_all(&text).and_then(|()| self.file.sync_data());
        self.bytes += text.len() as u64;
        written.map_err(|source| self.error(source))
    }

    /// Whether the file should be rewritten.
    pub(crate) fn has_grown(&self) -> bool {
        self.bytes > REWRITE_BYTES_MIN.max(self.bytes_after_rewrite.saturating_mul(REWRITE_GROWTH))
    }

    /// Replaces the file by one that holds just the state.
    pub(crate) fn rewrite(&mut self, state: &Restored) -> Result<(), JournalError> {
        let (file, bytes) = write_whole(&self.path, state).map_err(|source| self.error(source))?;
        self.file = file;
        self.bytes = bytes;
        self.bytes_after_rewrite = bytes;
        Ok(())
    }

    fn error(&self, source: io::Error) -> JournalError {
        JournalError::Io {
            path: self.path.clone(),
            source,
        }
    }
}

/// Writes the state beside the file, then puts it in its place; a crash leaves the old or the new one.
fn write_whole(path: &Path, state: &Restored) -> io::Result<(File, u64)> {
    let mut text = Vec::new();
    record::write_line(&mut text, &Record::version());
    for record in Record::all(state) {
        record::write_line(&mut text, &record);
    }
    let temporary = path.with_extension("journal.tmp");
    let mut file = OpenOptions::new()
        .create(true)
        .truncate(true)
        .write(true)
        .open(&temporary)?;
    file.write_all(&text)?;
    file.sync_all()?;
    std::fs::rename(&temporary, path)?;
    if let Some(folder) = path.parent() {
        File::open(folder)?.sync_all()?;
    }
    Ok((file, text.len() as u64))
}

//! Reads the log back: which files there are and who wrote them, then record by record.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::error::WalError;
use super::file_name::{checkpoint_path, list, log_path};
use super::record::{FRAME_BYTES, MAGIC, RECORD_BYTES_MAX, Record, VERSION, decode};
use super::seal::{is_seal, is_sealed, seal};
use super::version_1;
use crate::disk::Disk;

/// Magic and first record are no longer than this.
const START_BYTES_MAX: u64 = 64;

/// One file of the log.
#[derive(Debug, Clone)]
pub(crate) struct LogFile {
    pub(crate) path: PathBuf,
    pub(crate) bytes: u64,
    pub(crate) is_checkpoint: bool,
    /// The run that wrote it; `None` for a file that was torn in its first record.
    pub(crate) run: Option<u64>,
    /// Last commit before the file, where its first record tells.
    start_commit: Option<u64>,
    /// Whether a torn tail is what a crash leaves: no other file of the same run follows.
    pub(crate) may_be_torn: bool,
}

/// What a log directory holds, in the order of replay.
#[derive(Debug, Default)]
pub(crate) struct Survey {
    pub(crate) files: Vec<LogFile>,
    /// Number of the log file to write next.
    pub(crate) next_sequence: u64,
}

impl Survey {
    /// Bytes of all files.
    pub(crate) fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }

    /// A killed process may have left records in the newest log file that were never synced. They are about to
    /// be relied upon: the series that they define, and the order in which the log survives.
    pub(crate) fn sync_newest(&self, disk: &dyn Disk) -> Result<(), WalError> {
        let Some(file) = self.files.iter().rfind(|file| !file.is_checkpoint) else {
            return Ok(());
        };
        let opened = disk.open(&file.path).map_err(WalError::io("open", &file.path))?;
        opened.sync_all().map_err(WalError::io("fsync", &file.path))
    }

    /// A commit number that no record of the files is above. A record is longer than one byte, so a file
    /// cannot have more commits than bytes.
    pub(crate) fn commit_bound(&self) -> Result<u64, WalError> {
        let mut bound = 0u64;
        for file in self.files.iter().rev() {
            bound = bound.saturating_add(file.bytes);
            if let Some(commit) = file.start_commit {
                return Ok(bound.saturating_add(commit));
            }
            if file.run == Some(version_1::RUN) {
                bound = bound.saturating_add(last_commit(file)?);
            }
        }
        Ok(bound)
    }
}

/// The newest commit of a file of version 1, found by reading it: once, when a directory is first opened
/// by this version.
fn last_commit(file: &LogFile) -> Result<u64, WalError> {
    let mut reader = FileReader::open(&file.path, file.bytes)?;
    let mut last = 0;
    while let Some(record) = reader.next()? {
        match record {
            Record::Batch(batch) => last = last.max(batch.commit),
            Record::End { commit } => last = last.max(commit),
            _ => {}
        }
    }
    Ok(last)
}

/// Lists the newest checkpoint and the log files after it. Left-overs of an interrupted checkpoint are
/// deleted.
pub(crate) fn survey(disk: &dyn Disk, dir: &Path) -> Result<Survey, WalError> {
    let listing = list(dir)?;
    for path in &listing.temporary {
        disk.remove_file(path).map_err(WalError::io("remove", path))?;
    }
    let mut survey = look_at(dir)?;
    let runs: Vec<Option<u64>> = survey.files.iter().map(|file| file.run).collect();
    for (i, file) in survey.files.iter_mut().enumerate() {
        let followed = runs
            .get(i + 1)
            .is_some_and(|next| next.is_some() && *next == file.run);
        file.may_be_torn = !file.is_checkpoint && !followed;
    }
    Ok(survey)
}

/// The files of a log directory, changing nothing.
fn look_at(dir: &Path) -> Result<Survey, WalError> {
    let listing = list(dir)?;
    let mut survey = Survey::default();
    let checkpoint = listing.checkpoints.last().copied();
    if let Some(sequence) = checkpoint {
        survey
            .files
            .push(LogFile::of(checkpoint_path(dir, sequence), sequence, true)?);
        survey.next_sequence = sequence + 1;
    }
    for sequence in listing
        .logs
        .into_iter()
        .filter(|&s| checkpoint.is_none_or(|c| s > c))
    {
        survey
            .files
            .push(LogFile::of(log_path(dir, sequence), sequence, false)?);
        survey.next_sequence = sequence + 1;
    }
    Ok(survey)
}

impl LogFile {
    fn of(path: PathBuf, sequence: u64, is_checkpoint: bool) -> Result<Self, WalError> {
        let bytes = std::fs::metadata(&path)
            .map_err(WalError::io("read", &path))?
            .len();
        let mut reader = FileReader::open(&path, bytes)?;
        let (run, start_commit) = match reader.version {
            None => (None, None),
            Some(version_1::VERSION) => (Some(version_1::RUN), None),
            Some(_) => match reader.next()? {
                // A run is named after its first file. One that is yet to begin would pass for this process's
                // own, whose references are taken as they are.
                Some(Record::Start { run, .. }) if run > sequence => {
                    return Err(WalError::Damaged {
                        path,
                        offset: MAGIC.len() as u64,
                    });
                }
                Some(Record::Start { run, commit }) => (Some(run), Some(commit)),
                _ => (None, None),
            },
        };
        Ok(Self {
            path,
            bytes,
            is_checkpoint,
            run,
            start_commit,
            may_be_torn: false,
        })
    }

    /// What it means that the file's records end before the file does. A torn tail is cut off; its length
    /// is returned.
    pub(crate) fn end_at(&self, disk: &dyn Disk, whole_bytes: u64) -> Result<u64, WalError> {
        let torn_bytes = self.bytes - whole_bytes;
        if torn_bytes == 0 {
            return Ok(0);
        }
        if !self.may_be_torn || is_sealed(&self.path, self.bytes)? {
            return Err(WalError::Damaged {
                path: self.path.clone(),
                offset: whole_bytes,
            });
        }
        let mut file = disk.open(&self.path).map_err(WalError::io("open", &self.path))?;
        file.set_len(whole_bytes)
            .map_err(WalError::io("truncate", &self.path))?;
        file.sync_all().map_err(WalError::io("fsync", &self.path))?;
        tracing::warn!(
            path = %self.path.display(), offset = whole_bytes, bytes = torn_bytes,
            "a log file's end is torn and was cut off; nothing in it was acknowledged as durable"
        );
        Ok(torn_bytes)
    }

    /// Says in the file that it ends at `whole_bytes`, so that from now on a shorter end is damage. Does
    /// nothing to files in which no later record can be missing, or which have no records.
    pub(crate) fn seal(&self, disk: &dyn Disk, whole_bytes: u64) -> Result<(), WalError> {
        if self.may_be_torn && self.start_commit.is_some() {
            seal(disk, &self.path, whole_bytes)?;
        }
        Ok(())
    }
}

/// Reads the records of one file.
pub(crate) struct FileReader {
    path: PathBuf,
    input: BufReader<File>,
    /// End of the last whole record.
    offset: u64,
    limit: u64,
    body: Vec<u8>,
    /// The format version; `None` for a file that is too short to have one.
    version: Option<u8>,
}

impl FileReader {
    /// Opens a file to read its first `limit` bytes.
    pub(crate) fn open(path: &Path, limit: u64) -> Result<Self, WalError> {
        let file = File::open(path).map_err(WalError::io("open", path))?;
        let mut reader = Self {
            path: path.to_owned(),
            input: BufReader::with_capacity(1 << 20, file),
            offset: 0,
            limit,
            body: Vec::new(),
            version: None,
        };
        if limit >= MAGIC.len() as u64 {
            let mut magic = [0; MAGIC.len()];
            reader
                .input
                .read_exact(&mut magic)
                .map_err(WalError::io("read", path))?;
            // The first record is synced before anything follows it; the power may go before that.
            let is_torn = |(found, wanted): (&u8, &u8)| *found == 0 || found == wanted;
            if magic[..7] != MAGIC[..7] && limit <= START_BYTES_MAX && magic.iter().zip(&MAGIC).all(is_torn) {
                return Ok(reader);
            }
            let [name @ .., version] = magic;
            if name[..] != MAGIC[..MAGIC.len() - 1] || !(version_1::VERSION..=VERSION).contains(&version) {
                return Err(WalError::Format {
                    path: path.to_owned(),
                    expected: VERSION,
                });
            }
            reader.version = Some(version);
            reader.offset = MAGIC.len() as u64;
        }
        Ok(reader)
    }

    /// End of the last whole record that was read.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// More of the file is there to be read.
    pub(crate) fn extend(&mut self, limit: u64) -> Result<(), WalError> {
        self.limit = limit;
        self.input
            .seek(SeekFrom::Start(self.offset))
            .map_err(WalError::io("read", &self.path))?;
        Ok(())
    }

    /// The next record, or `None` where the file ends or stops being made of whole records.
    pub(crate) fn next(&mut self) -> Result<Option<Record>, WalError> {
        let rest_bytes = self.limit - self.offset;
        if self.version.is_none() || rest_bytes < FRAME_BYTES as u64 {
            return Ok(None);
        }
        let failed = |source| WalError::io("read", &self.path)(source);
        let mut header = [0; FRAME_BYTES];
        self.input.read_exact(&mut header).map_err(failed)?;
        let [a, b, c, d, e, f, g, h] = header;
        let length = u32::from_le_bytes([a, b, c, d]) as usize;
        let crc = u32::from_le_bytes([e, f, g, h]);
        if length == 0 || length > RECORD_BYTES_MAX || length as u64 > rest_bytes - FRAME_BYTES as u64 {
            return Ok(None);
        }
        self.body.resize(length, 0);
        self.input.read_exact(&mut self.body).map_err(failed)?;
        if crc32fast::hash(&self.body) != crc {
            return Ok(None);
        }
        let record = decode(&self.body);
        if record.is_some() || is_seal(&self.body, self.offset) {
            self.offset += (FRAME_BYTES + length) as u64;
        }
        Ok(record)
    }
}

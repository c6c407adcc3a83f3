//! Reads a log directory back: the newest whole checkpoint, then every log file after it.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use super::error::WalError;
use super::file_name::{checkpoint_path, list, log_path};
use super::record::{FRAME_BYTES, MAGIC, RECORD_BYTES_MAX, Record, VERSION, decode};
use crate::disk::Disk;

/// What a replay found.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Replay {
    /// Number of the log file to write next.
    pub(crate) next_sequence: u64,
    /// Records handed out.
    pub(crate) records: u64,
    /// Bytes of a torn tail that were cut off the newest file.
    pub(crate) torn_bytes: u64,
}

/// Hands every whole record to `visit` in the order in which it was written, and makes all of them durable.
/// Left-overs of an interrupted checkpoint are deleted, a torn tail of the newest file is cut off.
pub(crate) fn replay(disk: &dyn Disk, dir: &Path, mut visit: impl FnMut(Record)) -> Result<Replay, WalError> {
    let listing = list(dir)?;
    for path in &listing.temporary {
        disk.remove_file(path).map_err(WalError::io("remove", path))?;
    }
    let mut found = Replay::default();
    let checkpoint = listing.checkpoints.last().copied();
    if let Some(sequence) = checkpoint {
        let path = checkpoint_path(dir, sequence);
        let end = read_file(&path, &mut |record| {
            found.records += 1;
            visit(record);
        })?;
        if end.torn_bytes > 0 {
            return Err(WalError::Damaged {
                path,
                offset: end.whole_bytes,
            });
        }
        found.next_sequence = sequence + 1;
    }
    let newest = listing.logs.last().copied();
    for sequence in listing
        .logs
        .into_iter()
        .filter(|&s| checkpoint.is_none_or(|c| s > c))
    {
        let path = log_path(dir, sequence);
        let end = read_file(&path, &mut |record| {
            found.records += 1;
            visit(record);
        })?;
        if end.torn_bytes > 0 {
            if Some(sequence) != newest {
                return Err(WalError::Damaged {
                    path,
                    offset: end.whole_bytes,
                });
            }
            cut_tail(disk, &path, end.whole_bytes)?;
            found.torn_bytes = end.torn_bytes;
        }
        if Some(sequence) == newest {
            // A killed process may have left records that were never synced. They are about to be relied
            // upon: the series that they define, and the order in which the log survives.
            sync(disk, &path)?;
        }
        found.next_sequence = sequence + 1;
    }
    Ok(found)
}

struct FileEnd {
    whole_bytes: u64,
    torn_bytes: u64,
}

fn read_file(path: &Path, visit: &mut impl FnMut(Record)) -> Result<FileEnd, WalError> {
    let file = File::open(path).map_err(WalError::io("open", path))?;
    let file_bytes = file.metadata().map_err(WalError::io("read", path))?.len();
    let mut input = BufReader::with_capacity(1 << 20, file);
    let mut magic = [0; MAGIC.len()];
    if file_bytes < MAGIC.len() as u64 {
        return Ok(FileEnd {
            whole_bytes: 0,
            torn_bytes: file_bytes,
        });
    }
    input.read_exact(&mut magic).map_err(WalError::io("read", path))?;
    if magic != MAGIC {
        return Err(WalError::Format {
            path: path.to_owned(),
            expected: VERSION,
        });
    }
    let mut offset = MAGIC.len() as u64;
    let mut body = Vec::new();
    while offset < file_bytes {
        let Some(record) = next_record(&mut input, file_bytes - offset, &mut body, path)? else {
            break;
        };
        offset += (FRAME_BYTES + body.len()) as u64;
        visit(record);
    }
    Ok(FileEnd {
        whole_bytes: offset,
        torn_bytes: file_bytes - offset,
    })
}

/// The next record, or `None` where the file stops being made of whole records.
fn next_record(
    input: &mut impl Read,
    rest_bytes: u64,
    body: &mut Vec<u8>,
    path: &Path,
) -> Result<Option<Record>, WalError> {
    let mut header = [0; FRAME_BYTES];
    if rest_bytes < FRAME_BYTES as u64 {
        return Ok(None);
    }
    input
        .read_exact(&mut header)
        .map_err(WalError::io("read", path))?;
    let [a, b, c, d, e, f, g, h] = header;
    let length = u32::from_le_bytes([a, b, c, d]) as usize;
    let crc = u32::from_le_bytes([e, f, g, h]);
    if length == 0 || length > RECORD_BYTES_MAX || length as u64 > rest_bytes - FRAME_BYTES as u64 {
        return Ok(None);
    }
    body.resize(length, 0);
    input.read_exact(body).map_err(WalError::io("read", path))?;
    if crc32fast::hash(body) != crc {
        return Ok(None);
    }
    Ok(decode(body))
}

fn cut_tail(disk: &dyn Disk, path: &Path, whole_bytes: u64) -> Result<(), WalError> {
    let mut file = disk.open(path).map_err(WalError::io("open", path))?;
    file.set_len(whole_bytes).map_err(WalError::io("truncate", path))
}

fn sync(disk: &dyn Disk, path: &Path) -> Result<(), WalError> {
    let file = disk.open(path).map_err(WalError::io("open", path))?;
    file.sync_all().map_err(WalError::io("fsync", path))
}

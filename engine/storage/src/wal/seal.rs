//! The last record of a log file that nobody will write to again. A file without one may end in a torn
//! record; behind one, whatever cannot be read is damage, and an error instead of a tail to cut off.

use std::fs::File;
use std::io::{Seek, SeekFrom};
use std::path::Path;

use super::error::WalError;
use super::record::{FRAME_BYTES, frame};
use crate::disk::Disk;

/// Kind of the record.
const KIND_SEAL: u8 = 9;
/// Kind and the byte at which the record begins, so that no other bytes are taken for one.
const BODY_BYTES: usize = 9;
const SEAL_BYTES: u64 = (FRAME_BYTES + BODY_BYTES) as u64;

fn seal_at(offset: u64) -> Vec<u8> {
    let mut out = Vec::with_capacity(SEAL_BYTES as usize);
    frame(&mut out, KIND_SEAL, |out| {
        out.extend_from_slice(&offset.to_le_bytes())
    });
    out
}

/// Whether `body` is that of the seal of a file whose records end at `offset`.
pub(super) fn is_seal(body: &[u8], offset: u64) -> bool {
    let parts = body.split_first();
    parts.is_some_and(|(kind, end)| *kind == KIND_SEAL && *end == offset.to_le_bytes())
}

/// Whether the file of `bytes` bytes ends with a seal.
pub(super) fn is_sealed(path: &Path, bytes: u64) -> Result<bool, WalError> {
    let Some(start) = bytes.checked_sub(SEAL_BYTES) else {
        return Ok(false);
    };
    let mut found = [0; SEAL_BYTES as usize];
    let read = File::open(path).and_then(|mut file| {
        file.seek(SeekFrom::Start(start))?;
        std::io::Read::read_exact(&mut file, &mut found)
    });
    read.map_err(WalError::io("read", path))?;
    Ok(found[..] == seal_at(start))
}

/// Seals a file whose whole records end at `end`, which is its end. Once is enough.
pub(super) fn seal(disk: &dyn Disk, path: &Path, end: u64) -> Result<(), WalError> {
    if is_sealed(path, end)? {
        return Ok(());
    }
    let mut file = disk.open(path).map_err(WalError::io("open", path))?;
    file.write_all(&seal_at(end))
        .map_err(WalError::io("write", path))?;
    file.sync_all().map_err(WalError::io("fsync", path))
}

//! Folders made of fuzzed bytes, with checksums that are right, so that the decoders behind them are reached.

use std::fs;
use std::path::Path;

use connectors_formats_fuzz as _;
use serde_json::Value;

/// Files of a segment, in the order in which an input has them.
pub const SEGMENT_FILES: [&str; 4] = [
    "segment.json",
    "series.parquet",
    "samples.parquet",
    "histograms.parquet",
];
/// Bytes of the magic of a log file, and of a record before its body.
const MAGIC_BYTES: usize = 8;
const FRAME_BYTES: usize = 8;

/// Writes the log of a store below `root`. The first byte chooses whether it is a checkpoint and whether its
/// checksums are made right; the rest is the file.
pub fn write_log(root: &Path, data: &[u8]) -> bool {
    let Some((choice, file)) = data.split_first() else {
        return false;
    };
    let mut file = file.to_vec();
    if choice & 1 == 0 {
        correct_frames(&mut file);
    }
    let name = if choice & 2 == 0 {
        "00000001.wal"
    } else {
        "00000001.checkpoint"
    };
    let wal = root.join("wal");
    fs::create_dir_all(&wal)
        .and_then(|()| fs::write(wal.join(name), file))
        .expect("a folder in memory");
    true
}

/// Makes the checksum of each record right, as far as lengths lead from one to the next.
fn correct_frames(file: &mut [u8]) {
    let mut at = MAGIC_BYTES;
    while let Some(&[a, b, c, d]) = file.get(at..at + 4) {
        let body = at + FRAME_BYTES;
        let end = body.saturating_add(u32::from_le_bytes([a, b, c, d]) as usize);
        let Some(bytes) = file.get(body..end) else {
            return;
        };
        let crc = crc32fast::hash(bytes).to_le_bytes();
        file[at + 4..body].copy_from_slice(&crc);
        at = end;
    }
}

/// The input of the segment target that stands for the files in `folder`.
pub fn pack_segment(folder: &Path) -> Vec<u8> {
    let mut out = vec![0];
    for name in SEGMENT_FILES {
        let bytes = fs::read(folder.join(name)).unwrap_or_default();
        out.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
        out.extend_from_slice(&bytes);
    }
    out
}

/// Writes the files of a segment to `folder`. The first byte chooses whether the manifest is made to fit them.
pub fn write_segment(folder: &Path, data: &[u8]) -> bool {
    let Some((choice, mut rest)) = data.split_first() else {
        return false;
    };
    let mut files: Vec<Vec<u8>> = Vec::new();
    for _ in SEGMENT_FILES {
        let Some((length, bytes)) = rest.split_at_checked(4) else {
            return false;
        };
        let length = u32::from_le_bytes([length[0], length[1], length[2], length[3]]) as usize;
        let (file, after) = bytes.split_at(length.min(bytes.len()));
        files.push(file.to_vec());
        rest = after;
    }
    if choice & 1 == 0 {
        if let Some(manifest) = fitting(&files) {
            files[0] = manifest;
        }
    }
    fs::create_dir_all(folder).expect("a folder in memory");
    for (name, file) in SEGMENT_FILES
        .iter()
        .zip(&files)
        .filter(|(_, file)| !file.is_empty())
    {
        fs::write(folder.join(name), file).expect("a folder in memory");
    }
    true
}

/// The manifest with lengths and checksums of the files as they are.
fn fitting(files: &[Vec<u8>]) -> Option<Vec<u8>> {
    let mut manifest: Value = serde_json::from_slice(&files[0]).ok()?;
    for (name, file) in SEGMENT_FILES.iter().zip(files).skip(1) {
        let Some(entry) = manifest.get_mut("files").and_then(|all| all.get_mut(*name)) else {
            continue;
        };
        let entry = entry.as_object_mut()?;
        entry.insert("bytes".to_owned(), file.len().into());
        entry.insert("crc32".to_owned(), checksum(file).into());
        if let Some(tail) = entry.get_mut("tail").and_then(Value::as_object_mut) {
            let bytes = tail
                .get("bytes")
                .and_then(Value::as_u64)
                .unwrap_or(0)
                .min(file.len() as u64);
            tail.insert("bytes".to_owned(), bytes.into());
            tail.insert(
                "crc32".to_owned(),
                checksum(&file[file.len() - bytes as usize..]).into(),
            );
        }
    }
    serde_json::to_vec(&manifest).ok()
}

fn checksum(bytes: &[u8]) -> String {
    format!("{:08x}", crc32fast::hash(bytes))
}

/// A folder in memory.
pub fn folder() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").expect("a folder in memory")
}

//! Files that are complete or absent: written beside their place, checksummed on the way, fsynced and
//! renamed together with their folder.

use std::fs::File;
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::block_sums::BlockSummer;
use super::error::SegmentError;
use crate::disk::{Disk, DiskFile, SharedDisk};

/// Ending of folders that are still being written. A start may remove what it finds with it.
pub const TEMPORARY_SUFFIX: &str = ".tmp";

/// Length and CRC-32 (ISO-HDLC) of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Checksum {
    pub(super) bytes: u64,
    pub(super) crc32: u32,
}

/// A file that is summed while it is written.
#[derive(Debug)]
pub(super) struct SummedFile {
    path: PathBuf,
    file: BufWriter<Box<dyn DiskFile>>,
    hasher: crc32fast::Hasher,
    blocks: BlockSummer,
    bytes: u64,
}

impl SummedFile {
    pub(super) fn create(disk: &dyn Disk, path: PathBuf) -> Result<Self, SegmentError> {
        let file = disk.create_new(&path).map_err(SegmentError::io(&path))?;
        Ok(Self {
            path,
            file: BufWriter::with_capacity(256 << 10, file),
            hasher: crc32fast::Hasher::new(),
            blocks: BlockSummer::default(),
            bytes: 0,
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The sums of what was written so far.
    pub(super) fn blocks(&self) -> &BlockSummer {
        &self.blocks
    }

    /// Flushes and fsyncs.
    pub(super) fn finish(mut self) -> Result<Checksum, SegmentError> {
        self.file
            .flush()
            .and_then(|()| self.file.get_ref().sync_all())
            .map_err(SegmentError::io(&self.path))?;
        Ok(Checksum {
            bytes: self.bytes,
            crc32: self.hasher.finalize(),
        })
    }
}

impl Write for SummedFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        self.blocks.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Sums a file that exists from byte `start` on, with a fixed amount of memory.
pub(super) fn checksum(path: &Path, start: u64) -> Result<Checksum, SegmentError> {
    let mut file = File::open(path).map_err(SegmentError::io(path))?;
    file.seek(SeekFrom::Start(start))
        .map_err(SegmentError::io(path))?;
    let mut sink = SumOnly {
        hasher: crc32fast::Hasher::new(),
    };
    let bytes = io::copy(&mut file, &mut sink).map_err(SegmentError::io(path))?;
    Ok(Checksum {
        bytes,
        crc32: sink.hasher.finalize(),
    })
}

struct SumOnly {
    hasher: crc32fast::Hasher,
}

impl Write for SumOnly {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.hasher.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A folder under a temporary name; dropping it before [`publish`](Self::publish) removes it.
#[derive(Debug)]
pub(super) struct TemporaryFolder {
    disk: SharedDisk,
    path: PathBuf,
    published: bool,
}

impl TemporaryFolder {
    /// Creates `<parent>/<name>.tmp`.
    pub(super) fn create(disk: SharedDisk, parent: &Path, name: &str) -> Result<Self, SegmentError> {
        let path = parent.join(format!("{name}{TEMPORARY_SUFFIX}"));
        disk.create_dir(&path).map_err(SegmentError::io(&path))?;
        Ok(Self {
            disk,
            path,
            published: false,
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn disk(&self) -> &dyn Disk {
        &*self.disk
    }

    /// Fsyncs the folder, renames it to `<parent>/<name>` and fsyncs the parent.
    pub(super) fn publish(mut self, name: &str) -> Result<PathBuf, SegmentError> {
        let parent = self.path.parent().expect("created inside a parent");
        let target = parent.join(name);
        sync_folder(&*self.disk, &self.path)?;
        // A rename onto an empty folder would succeed silently; the name must be new.
        if target.exists() {
            let exists = io::Error::from(io::ErrorKind::AlreadyExists);
            return Err(SegmentError::io(&target)(exists));
        }
        self.disk
            .rename(&self.path, &target)
            .map_err(SegmentError::io(&target))?;
        if let Err(error) = sync_folder(&*self.disk, parent) {
            // Nobody will know it, so it must not be there at the next start, when a delete may have passed it by.
            self.disk
                .rename(&target, &self.path)
                .map_err(SegmentError::io(&target))?;
            return Err(error);
        }
        self.published = true;
        Ok(target)
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        if !self.published
            && let Err(error) = self.disk.remove_dir_all(&self.path)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(path = %self.path.display(), %error, "cannot remove an unfinished segment");
        }
    }
}

/// Removes a whole folder. A crash at any moment leaves it whole under its name or else only under a
/// temporary one, never a part that looks like damage.
pub(crate) fn remove_folder(disk: &dyn Disk, path: &Path) -> Result<(), SegmentError> {
    let mut going = path.as_os_str().to_owned();
    going.push(TEMPORARY_SUFFIX);
    let going = PathBuf::from(going);
    disk.rename(path, &going).map_err(SegmentError::io(path))?;
    if let Some(parent) = path.parent() {
        sync_folder(disk, parent)?;
    }
    disk.remove_dir_all(&going).map_err(SegmentError::io(&going))
}

fn sync_folder(disk: &dyn Disk, path: &Path) -> Result<(), SegmentError> {
    disk.sync_dir(path).map_err(SegmentError::io(path))
}

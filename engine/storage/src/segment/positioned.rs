//! A file that is read at positions, so that readers on several threads share one handle.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use parquet::errors::{ParquetError, Result};
use parquet::file::reader::{ChunkReader, Length};

use super::block_sums::BlockSums;
use super::error::SegmentError;

/// An open file of known length. It stays readable after its folder is removed.
#[derive(Debug, Clone)]
pub(super) struct PositionedFile {
    file: Arc<File>,
    bytes: u64,
    sums: Option<Arc<BlockSums>>,
}

impl PositionedFile {
    pub(super) fn open(path: &Path) -> std::result::Result<Self, SegmentError> {
        let file = File::open(path).map_err(SegmentError::missing_or_io(path))?;
        let bytes = file.metadata().map_err(SegmentError::io(path))?.len();
        Ok(Self {
            file: Arc::new(file),
            bytes,
            sums: None,
        })
    }

    /// The same file; what is read of it from now on is compared with `sums`.
    pub(super) fn with_sums(self, sums: BlockSums) -> Self {
        let sums = Some(Arc::new(sums));
        Self { sums, ..self }
    }

    /// Whether what is read is compared with sums.
    pub(super) fn has_sums(&self) -> bool {
        self.sums.is_some()
    }

    /// Bytes of memory that the sums take.
    pub(super) fn memory_bytes(&self) -> usize {
        self.sums.as_ref().map_or(0, |sums| sums.memory_bytes())
    }

    /// Bytes that exist, each compared with its block's checksum where there is one.
    fn read(&self, range: Range<u64>) -> io::Result<Bytes> {
        let blocks = self
            .sums
            .as_ref()
            .and_then(|sums| Some((sums, sums.blocks(range.clone())?)));
        let wider = blocks.as_ref().map_or(&range, |(_, wider)| wider);
        let mut bytes = vec![0; (wider.end - wider.start) as usize];
        self.file.read_exact_at(&mut bytes, wider.start)?;
        if let Some((sums, wider)) = &blocks {
            sums.check(wider.start, &bytes)?;
        }
        let skip = (range.start - wider.start) as usize;
        Ok(Bytes::from(bytes).slice(skip..skip + (range.end - range.start) as usize))
    }
}

impl Length for PositionedFile {
    fn len(&self) -> u64 {
        self.bytes
    }
}

impl ChunkReader for PositionedFile {
    type T = BufReader<PositionedRead>;

    fn get_read(&self, start: u64) -> Result<Self::T> {
        Ok(BufReader::new(PositionedRead {
            file: self.clone(),
            at: start,
        }))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        // Before any memory is taken: a damaged length must not become a huge allocation.
        if start
            .checked_add(length as u64)
            .is_none_or(|end| end > self.bytes)
        {
            return Err(ParquetError::EOF(format!(
                "{length} bytes at {start} of a file of {} bytes",
                self.bytes
            )));
        }
        Ok(self.read(start..start + length as u64)?)
    }
}

/// Reads on from a position of its own.
#[derive(Debug)]
pub(super) struct PositionedRead {
    file: PositionedFile,
    at: u64,
}

impl Read for PositionedRead {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.file.bytes.saturating_sub(self.at);
        let length = left.min(buffer.len() as u64);
        buffer[..length as usize].copy_from_slice(&self.file.read(self.at..self.at + length)?);
        self.at += length;
        Ok(length as usize)
    }
}

//! Reads the byte-aligned parts of a block: big-endian numbers, varints, checksummed sections.

use super::error::BlockError;

/// Bytes of a CRC-32C at the end of a section.
pub(super) const CHECKSUM_BYTES: usize = 4;

/// A place in some bytes; every read says what it was after.
#[derive(Debug, Clone, Copy)]
pub(super) struct Input<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Added to positions in errors.
    base: usize,
    what: &'static str,
}

impl<'a> Input<'a> {
    /// Reads `bytes`, which begin at `base` of their file, as a `what`.
    pub(super) fn new(bytes: &'a [u8], base: usize, what: &'static str) -> Self {
        Self {
            bytes,
            at: 0,
            base,
            what,
        }
    }

    /// Position in the file.
    pub(super) fn offset(&self) -> usize {
        self.base + self.at
    }

    pub(super) fn is_empty(&self) -> bool {
        self.at == self.bytes.len()
    }

    /// Bytes that are left.
    pub(super) fn left(&self) -> usize {
        self.bytes.len() - self.at
    }

    pub(super) fn malformed(&self, what: &'static str) -> BlockError {
        BlockError::Malformed {
            what,
            offset: self.offset(),
        }
    }

    fn truncated(&self) -> BlockError {
        BlockError::Truncated {
            what: self.what,
            offset: self.offset(),
        }
    }

    pub(super) fn take(&mut self, count: usize) -> Result<&'a [u8], BlockError> {
        let end = self.at.checked_add(count).filter(|end| *end <= self.bytes.len());
        let end = end.ok_or_else(|| self.truncated())?;
        let taken = &self.bytes[self.at..end];
        self.at = end;
        Ok(taken)
    }

    pub(super) fn u8(&mut self) -> Result<u8, BlockError> {
        Ok(self.take(1)?[0])
    }

    pub(super) fn u32(&mut self) -> Result<u32, BlockError> {
        let bytes = self.take(4)?;
        Ok(u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
    }

    pub(super) fn u64(&mut self) -> Result<u64, BlockError> {
        Ok(u64::from(self.u32()?) << 32 | u64::from(self.u32()?))
    }

    pub(super) fn uvarint(&mut self) -> Result<u64, BlockError> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.u8()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                break;
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(self.malformed("a varint of more than 64 bits"))
    }

    /// A zigzag varint, as Go's `binary.Varint`.
    pub(super) fn varint(&mut self) -> Result<i64, BlockError> {
        let value = self.uvarint()?;
        Ok((value >> 1) as i64 ^ -((value & 1) as i64))
    }

    /// A count of things that take at least `bytes_each`: more than fit is damage, found before memory is taken.
    pub(super) fn count(&mut self, bytes_each: usize) -> Result<usize, BlockError> {
        let count = self.uvarint()?;
        match usize::try_from(count) {
            Ok(count) if count <= self.left() / bytes_each.max(1) => Ok(count),
            _ => Err(self.malformed("a count that its section cannot hold")),
        }
    }
}

/// Compares the CRC-32C of `bytes`, which begin at `offset`, with the one that is stored.
pub(super) fn check(what: &'static str, bytes: &[u8], offset: usize, found: u32) -> Result<(), BlockError> {
    let expected = crc32c::crc32c(bytes);
    match expected == found {
        true => Ok(()),
        false => Err(BlockError::Checksum {
            what,
            offset,
            expected,
            found,
        }),
    }
}

//! A block's tombstones: spans of time that were deleted and not yet compacted away.

use super::error::BlockError;
use super::input::{CHECKSUM_BYTES, Input, check};

const MAGIC: u32 = 0x0130_BA30;
const VERSION: u8 = 1;

/// A deleted span of one series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tombstone {
    /// The series' [`reference`](super::BlockSeries::reference).
    pub series: u64,
    /// First deleted ms.
    pub min_ms: i64,
    /// Last deleted ms.
    pub max_ms: i64,
}

/// Reads a whole `tombstones` file.
pub fn parse_tombstones(bytes: &[u8]) -> Result<Vec<Tombstone>, BlockError> {
    const HEADER_BYTES: usize = 5;
    let mut header = Input::new(bytes, 0, "tombstones");
    if header.u32()? != MAGIC {
        return Err(BlockError::Malformed {
            what: "no tombstones: wrong first bytes",
            offset: 0,
        });
    }
    match header.u8()? {
        VERSION => {}
        found => {
            return Err(BlockError::Unsupported {
                what: "version of tombstones",
                found: found.into(),
            });
        }
    }
    let length = header.left().checked_sub(CHECKSUM_BYTES);
    let entries = header.take(length.ok_or_else(|| header.malformed("tombstones without a checksum"))?)?;
    check("tombstones", entries, HEADER_BYTES, header.u32()?)?;
    let mut input = Input::new(entries, HEADER_BYTES, "tombstones");
    let mut tombstones = Vec::new();
    while !input.is_empty() {
        tombstones.push(Tombstone {
            series: input.uvarint()?,
            min_ms: input.varint()?,
            max_ms: input.varint()?,
        });
    }
    Ok(tombstones)
}

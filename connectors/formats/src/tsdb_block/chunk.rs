//! A chunk as it lies in a file of a block's `chunks` folder: length, encoding, data, checksum.

use engine_model::Histogram;

use super::error::BlockError;
use super::input::{CHECKSUM_BYTES, Input, check};
use super::{float_histogram, histogram, xor, xor2};

/// Magic, version and padding at the start of a file of chunks.
pub const CHUNKS_HEADER_BYTES: usize = 8;
const MAGIC: u32 = 0x85BD_40DD;
const VERSION: u8 = 1;

/// The samples of one chunk, times in ms since the epoch.
#[derive(Debug, Clone)]
pub enum ChunkSamples {
    /// Floats: timestamps and values.
    Floats(Vec<i64>, Vec<f64>),
    /// Native histograms.
    Histograms(Vec<(i64, Histogram)>),
}

/// Checks the first [`CHUNKS_HEADER_BYTES`] of a file of chunks.
pub fn check_chunks_header(bytes: &[u8]) -> Result<(), BlockError> {
    let mut input = Input::new(bytes, 0, "file of chunks");
    if input.u32()? != MAGIC {
        return Err(BlockError::Malformed {
            what: "no file of chunks: wrong first bytes",
            offset: 0,
        });
    }
    match input.u8()? {
        VERSION => Ok(()),
        found => Err(BlockError::Unsupported {
            what: "version of a file of chunks",
            found: found.into(),
        }),
    }
}

/// Decodes the chunk at the start of `bytes`, which may go on after it, and checks its checksum. `offset` is
/// where they lie in their file, for errors.
pub fn decode_chunk(bytes: &[u8], offset: usize) -> Result<ChunkSamples, BlockError> {
    let mut input = Input::new(bytes, offset, "chunk");
    let length = input.count(1)?;
    let summed_at = input.offset();
    // The length is that of the data, the checksum also covers the encoding.
    let summed = input.take(length + 1)?;
    let found = input.u32()?;
    check("chunk", summed, summed_at, found)?;
    debug_assert_eq!(CHECKSUM_BYTES, size_of_val(&found));
    let (encoding, data) = (summed[0], &summed[1..]);
    Ok(match encoding {
        1 => floats(xor::decode(data)?),
        2 => ChunkSamples::Histograms(histogram::decode(data)?),
        3 => ChunkSamples::Histograms(float_histogram::decode(data)?),
        4 => floats(xor2::decode(data)?),
        found => {
            return Err(BlockError::Unsupported {
                what: "chunk encoding",
                found: found.into(),
            });
        }
    })
}

fn floats((timestamps, values): (Vec<i64>, Vec<f64>)) -> ChunkSamples {
    ChunkSamples::Floats(timestamps, values)
}

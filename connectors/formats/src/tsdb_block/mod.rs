//! Blocks of Prometheus's storage as bytes: the index, the chunks in their four encodings, tombstones and
//! `meta.json`. Reading only, for moving to our own segments. Source of the rules: Prometheus's
//! `tsdb/docs/format` and, where that is silent or wrong, what its encoder writes.

mod bits;
mod chunk;
mod error;
mod float_histogram;
mod histogram;
mod histogram_layout;
mod index;
mod input;
mod meta;
mod tombstones;
mod xor;
mod xor2;

pub use chunk::{CHUNKS_HEADER_BYTES, ChunkSamples, check_chunks_header, decode_chunk};
pub use error::BlockError;
pub use index::{BlockIndex, BlockSeries, ChunkMeta};
pub use meta::BlockMeta;
pub use tombstones::{Tombstone, parse_tombstones};

#[cfg(test)]
mod tests;

//! Remote write: the bodies that senders push, snappy blocks around protobuf messages.

mod compression;
pub mod v1;

pub use crate::protobuf::WireError;
pub use compression::{CompressionError, DECODED_BYTES_MAX, compress, decompress, decompressed_bytes};

#[cfg(test)]
mod tests;

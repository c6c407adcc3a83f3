//! Remote write: the bodies that senders push, snappy blocks around protobuf messages.
//!
//! Both versions are walked series by series ([`v1::decode`], [`v2::decode`]). A [`Series`] gives the bytes of
//! its labels as a whole, so that a receiver that saw them before need not look at the labels themselves.

mod compression;
mod exemplar;
pub(crate) mod histogram;
mod labels;
mod metadata;
mod series;
pub mod v1;
pub mod v2;

pub use crate::protobuf::WireError;
pub use compression::{
    CompressionError, DECODED_BYTES_MAX, compress, decompress, decompress_into, decompressed_bytes,
};
pub use exemplar::SentExemplar;
pub use histogram::SentHistogram;
pub use labels::{LabelPairs, ReferenceError};
pub use metadata::Metadata;
pub use series::{Sample, Series};

#[cfg(test)]
mod tests;

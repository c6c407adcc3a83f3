//! Remote read: the requests of those who read our samples over the network, and both kinds of answers, whole
//! samples in one snappy block and a stream of frames with chunks. Source of the rules: Prometheus's `prompb`,
//! `storage/remote` and `tsdb/chunkenc`.

mod chunk;
mod frame;
mod request;
mod response;

pub use chunk::{Chunk, ChunkKind, chunks};
pub use frame::{FRAMES_CONTENT_TYPE, Frames};
pub use request::{MatcherKind, ReadMatcher, ReadQuery, ReadRequest, ResponseKind};
pub use response::{SAMPLES_CONTENT_TYPE, SamplesResponse};

#[cfg(test)]
mod tests;

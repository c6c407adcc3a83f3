//! `prometheus.ReadResponse`: for each query the series with all their samples.

use crate::protobuf::Writer;
use crate::remote_write::v1::{Sent, encode_series};

/// The content type of an answer, a snappy block.
pub const SAMPLES_CONTENT_TYPE: &str = "application/x-protobuf";

/// An answer under construction, not yet compressed.
#[derive(Debug, Default)]
pub struct SamplesResponse {
    message: Writer,
}

impl SamplesResponse {
    /// Adds the result of the next query. A result is encoded as a write request of the same series is.
    pub fn push<'s>(&mut self, series: impl IntoIterator<Item = Sent<'s>>) {
        self.message.bytes_field(1, &encode_series(series));
    }

    /// The message.
    pub fn finish(self) -> Vec<u8> {
        self.message.into_bytes()
    }
}

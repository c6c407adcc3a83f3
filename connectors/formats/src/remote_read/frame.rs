//! `prometheus.ChunkedReadResponse`: frames with a series' chunks, each behind its length and its checksum.

use engine_model::Labels;

use super::chunk::Chunk;
use crate::protobuf::Writer;

/// The content type of a stream of frames.
pub const FRAMES_CONTENT_TYPE: &str = "application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse";

/// Cuts the chunks of series into frames.
#[derive(Debug, Clone, Copy)]
pub struct Frames {
    /// Bytes of labels and chunks after which a frame ends; one chunk may go beyond.
    pub bytes_max: usize,
}

impl Frames {
    /// Appends the frames of one series of the query at `query_index`.
    pub fn write(self, out: &mut Vec<u8>, query_index: usize, labels: &Labels, chunks: &[Chunk]) {
        let mut rest = chunks;
        while !rest.is_empty() {
            let mut series = Writer::default();
            for (name, value) in labels {
                let mut label = Writer::default();
                label.bytes_field(1, name.as_bytes());
                label.bytes_field(2, value.as_bytes());
                series.bytes_field(1, label.as_slice());
            }
            while let Some((chunk, later)) = rest.split_first() {
                series.bytes_field(2, message(chunk).as_slice());
                rest = later;
                if series.as_slice().len() >= self.bytes_max {
                    break;
                }
            }
            let mut response = Writer::default();
            response.bytes_field(1, series.as_slice());
            if query_index > 0 {
                response.int64_field(2, query_index as i64);
            }
            frame(out, response.as_slice());
        }
    }
}

fn message(chunk: &Chunk) -> Writer {
    let mut message = Writer::default();
    message.int64_field(1, chunk.min_ms);
    message.int64_field(2, chunk.max_ms);
    message.int64_field(3, chunk.kind as i64);
    message.bytes_field(4, &chunk.data);
    message
}

/// Length as a varint, CRC-32C with the most significant byte first, message.
fn frame(out: &mut Vec<u8>, message: &[u8]) {
    let mut length = message.len();
    while length >= 0x80 {
        out.push(length as u8 | 0x80);
        length >>= 7;
    }
    out.push(length as u8);
    out.extend_from_slice(&crc32c::crc32c(message).to_be_bytes());
    out.extend_from_slice(message);
}

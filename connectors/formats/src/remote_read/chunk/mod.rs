//! Chunks as Prometheus's storage has them: the samples of a series, at most 120 at a time, in the encoding of
//! their kind.

mod bits;
mod histogram;
mod layout;
mod xor;

use engine_model::Histogram;

/// Most samples of a chunk: what Prometheus cuts its chunks at.
const SAMPLES_MAX: usize = 120;

/// A chunk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// Time of the first sample, ms since the epoch.
    pub min_ms: i64,
    /// Time of the last sample, ms since the epoch.
    pub max_ms: i64,
    /// Encoding of the data.
    pub kind: ChunkKind,
    /// The samples.
    pub data: Vec<u8>,
}

/// Encodings, by their numbers on the wire and on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChunkKind {
    /// Floats.
    Xor = 1,
    /// Native histograms with whole counts.
    Histogram = 2,
    /// Native histograms with float counts.
    FloatHistogram = 3,
}

/// The chunks of a series, ascending in time; no two overlap. Floats (`timestamps`, `values`) and histograms ascend
/// in time and have no time in common.
pub fn chunks(timestamps: &[i64], values: &[f64], histograms: &[(i64, impl AsRef<Histogram>)]) -> Vec<Chunk> {
    let mut chunks = Vec::new();
    let (mut float, mut next) = (0, 0);
    while float < timestamps.len() || next < histograms.len() {
        let until = match histograms.get(next) {
            Some((time, _)) => float + timestamps[float..].partition_point(|at| at < time),
            None => timestamps.len(),
        };
        for start in (float..until).step_by(SAMPLES_MAX) {
            let end = until.min(start + SAMPLES_MAX);
            chunks.push(Chunk {
                min_ms: timestamps[start],
                max_ms: timestamps[end - 1],
                kind: ChunkKind::Xor,
                data: xor::encode(&timestamps[start..end], &values[start..end]),
            });
        }
        float = until;
        let until = match timestamps.get(float) {
            Some(time) => next + histograms[next..].partition_point(|(at, _)| at < time),
            None => histograms.len(),
        };
        while next < until {
            let (chunk, taken) = histogram::encode(&histograms[next..until.min(next + SAMPLES_MAX)]);
            chunks.push(chunk);
            next += taken;
        }
    }
    chunks
}

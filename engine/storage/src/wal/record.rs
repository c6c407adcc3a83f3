//! Records: framing with length and checksum, and the payloads of the three kinds.

use engine_model::{Labels, SeriesRef};

use super::bytes::{Input, put_sv, put_uv};

/// First bytes of every file; the last is the format version.
pub(super) const MAGIC: [u8; 8] = *b"WEIRWAL\x01";
/// Version of the format, as the last byte of [`MAGIC`].
pub(super) const VERSION: u8 = 1;
/// A longer record is damage: a batch is at most one scrape or one write request (32 MiB decoded).
pub(super) const RECORD_BYTES_MAX: usize = 256 << 20;
/// Bytes before the kind: length and checksum.
pub(super) const FRAME_BYTES: usize = 8;

const KIND_BATCH: u8 = 1;
const KIND_SERIES: u8 = 2;
const KIND_END: u8 = 3;

/// One sample of a batch record.
pub(crate) type Sample = (SeriesRef, i64, f64);

/// A record as it is read back.
#[derive(Debug, Clone)]
pub(crate) enum Record {
    /// One commit of the log.
    Batch(BatchRecord),
    /// One series of a checkpoint.
    Series(SeriesRecord),
    /// The end of a checkpoint: its commit number and the next series reference.
    End { commit: u64, next_ref: SeriesRef },
}

/// One commit: series that it is the first to use, and its samples.
#[derive(Debug, Clone, Default)]
pub(crate) struct BatchRecord {
    pub(crate) commit: u64,
    pub(crate) new_series: Vec<(SeriesRef, Labels)>,
    pub(crate) samples: Vec<Sample>,
}

/// One series of a checkpoint with the samples that the head kept.
#[derive(Debug, Clone)]
pub(crate) struct SeriesRecord {
    pub(crate) series: SeriesRef,
    pub(crate) labels: Labels,
    /// Newest sample ever accepted, whether or not it is among `timestamps`.
    pub(crate) last: (i64, f64),
    pub(crate) timestamps: Vec<i64>,
    pub(crate) values: Vec<f64>,
}

/// Appends a framed batch record to `out`.
pub(crate) fn put_batch(
    out: &mut Vec<u8>,
    commit: u64,
    new_series: &[(SeriesRef, Labels)],
    samples: &[Sample],
) {
    frame(out, KIND_BATCH, |out| {
        put_uv(out, commit);
        put_uv(out, new_series.len() as u64);
        for (series, labels) in new_series {
            put_labels(out, *series, labels);
        }
        put_uv(out, samples.len() as u64);
        let mut previous = 0;
        for (series, _, _) in samples {
            put_sv(out, series.0 as i64 - previous);
            previous = series.0 as i64;
        }
        let mut previous = 0;
        for (_, timestamp, _) in samples {
            put_sv(out, timestamp.wrapping_sub(previous));
            previous = *timestamp;
        }
        for (_, _, value) in samples {
            out.extend_from_slice(&value.to_le_bytes());
        }
    });
}

/// Appends a framed checkpoint series to `out`.
pub(crate) fn put_series(out: &mut Vec<u8>, record: &SeriesRecord) {
    frame(out, KIND_SERIES, |out| {
        put_labels(out, record.series, &record.labels);
        put_sv(out, record.last.0);
        out.extend_from_slice(&record.last.1.to_le_bytes());
        put_uv(out, record.timestamps.len() as u64);
        let mut previous = 0;
        for timestamp in &record.timestamps {
            put_sv(out, timestamp.wrapping_sub(previous));
            previous = *timestamp;
        }
        for value in &record.values {
            out.extend_from_slice(&value.to_le_bytes());
        }
    });
}

/// Appends the framed end of a checkpoint to `out`.
pub(crate) fn put_end(out: &mut Vec<u8>, commit: u64, next_ref: SeriesRef) {
    frame(out, KIND_END, |out| {
        put_uv(out, commit);
        put_uv(out, next_ref.0);
    });
}

/// Decodes kind and payload; `None` when they are not a whole record of a known kind.
pub(super) fn decode(body: &[u8]) -> Option<Record> {
    let (&kind, payload) = body.split_first()?;
    let mut input = Input::new(payload);
    let record = match kind {
        KIND_BATCH => Record::Batch(decode_batch(&mut input)?),
        KIND_SERIES => Record::Series(decode_series(&mut input)?),
        KIND_END => Record::End {
            commit: input.uv()?,
            next_ref: SeriesRef(input.uv()?),
        },
        _ => return None,
    };
    input.is_empty().then_some(record)
}

fn decode_batch(input: &mut Input<'_>) -> Option<BatchRecord> {
    let commit = input.uv()?;
    let count = input.count(2)?;
    let mut new_series = Vec::with_capacity(count);
    for _ in 0..count {
        new_series.push(take_labels(input)?);
    }
    let count = input.count(10)?;
    let mut samples: Vec<Sample> = Vec::with_capacity(count);
    let mut previous = 0i64;
    for _ in 0..count {
        previous = previous.checked_add(input.sv()?)?;
        samples.push((SeriesRef(u64::try_from(previous).ok()?), 0, 0.0));
    }
    let mut previous = 0i64;
    for sample in &mut samples {
        previous = previous.wrapping_add(input.sv()?);
        sample.1 = previous;
    }
    for sample in &mut samples {
        sample.2 = input.f64()?;
    }
    Some(BatchRecord {
        commit,
        new_series,
        samples,
    })
}

fn decode_series(input: &mut Input<'_>) -> Option<SeriesRecord> {
    let (series, labels) = take_labels(input)?;
    let last = (input.sv()?, input.f64()?);
    let count = input.count(9)?;
    let mut timestamps = Vec::with_capacity(count);
    let mut previous = 0i64;
    for _ in 0..count {
        previous = previous.wrapping_add(input.sv()?);
        timestamps.push(previous);
    }
    let values = (0..count).map(|_| input.f64()).collect::<Option<Vec<_>>>()?;
    Some(SeriesRecord {
        series,
        labels,
        last,
        timestamps,
        values,
    })
}

fn put_labels(out: &mut Vec<u8>, series: SeriesRef, labels: &Labels) {
    put_uv(out, series.0);
    put_uv(out, labels.encoded().len() as u64);
    out.extend_from_slice(labels.encoded());
}

fn take_labels(input: &mut Input<'_>) -> Option<(SeriesRef, Labels)> {
    let series = SeriesRef(input.uv()?);
    let length = input.uv()?;
    Some((series, Labels::from_encoded(input.take(length)?).ok()?))
}

fn frame(out: &mut Vec<u8>, kind: u8, put_payload: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&[0; FRAME_BYTES]);
    out.push(kind);
    put_payload(out);
    let body = &out[start + FRAME_BYTES..];
    let (length, crc) = (body.len() as u32, crc32fast::hash(body));
    out[start..start + 4].copy_from_slice(&length.to_le_bytes());
    out[start + 4..start + 8].copy_from_slice(&crc.to_le_bytes());
}

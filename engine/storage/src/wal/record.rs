//! Records: framing with length and checksum, and the payloads of the kinds that are written today.
//! `FORMAT.md` beside this file has the bytes; what version 1 wrote is read in `version_1`.

use std::sync::Arc;

use engine_model::{Exemplar, HistogramSample, Labels, SampleBatch, SeriesRef};

use super::bytes::{Input, put_sv, put_uv};
use super::starts::RecordStarts;
use super::version_1;
pub(crate) use super::version_1::SeriesRecord;
use crate::head::{Checked, SampleValue, SeriesImage, put_histogram, take_histogram};

/// First bytes of every file; the last is the format version.
pub(super) const MAGIC: [u8; 8] = *b"WEIRWAL\x03";
/// Version of the format, as the last byte of [`MAGIC`].
pub(super) const VERSION: u8 = 3;
/// A longer record is damage: a batch is at most one scrape or one write request (32 MiB decoded).
pub(super) const RECORD_BYTES_MAX: usize = 256 << 20;
/// Bytes before the kind: length and checksum.
pub(super) const FRAME_BYTES: usize = 8;

const KIND_BATCH: u8 = 4;
const KIND_IMAGE: u8 = 5;
const KIND_END: u8 = 6;
const KIND_START: u8 = 7;
const KIND_EXEMPLAR: u8 = 8;

/// The batch was logged before the head was back, so its samples are judged when they are replayed.
const UNJUDGED: u8 = 1;
/// All floats have one time.
const ONE_TIME: u8 = 2;
/// Some samples say when what they count began.
const STARTS: u8 = 4;

/// One float sample.
pub(crate) type Float = (SeriesRef, i64, f64);

/// A record as it is read back.
#[derive(Debug)]
pub(crate) enum Record {
    /// The first record of a file: the run that wrote it, whose series references are its own, and its last
    /// commit before.
    Start {
        /// Number of the run's first file.
        run: u64,
        commit: u64,
    },
    /// One commit of the log.
    Batch(BatchRecord),
    /// One series of a checkpoint.
    Image(Box<SeriesImage>),
    /// One series of a checkpoint of version 1.
    Samples(SeriesRecord),
    /// An exemplar of a checkpoint, with its series' labels.
    Exemplar(Labels, Exemplar),
    /// The end of a checkpoint: its commit number.
    End { commit: u64 },
}

/// One commit: series that it is the first to use in its run, and what it brought.
#[derive(Debug, Default)]
pub(crate) struct BatchRecord {
    pub(crate) commit: u64,
    /// Whether the samples were judged before they were logged.
    pub(crate) judged: bool,
    pub(crate) new_series: Vec<(SeriesRef, Labels)>,
    pub(crate) floats: Vec<Float>,
    pub(crate) histograms: Vec<HistogramSample>,
    /// Samples that were late.
    pub(crate) late: Vec<(SeriesRef, i64, SampleValue)>,
    pub(crate) exemplars: Vec<Exemplar>,
    /// When what the samples count began, where they say so.
    pub(crate) starts: RecordStarts,
}

/// Appends a framed batch record to `out`: what `checked` took of `batch`, or all of it when it was not
/// judged yet. `new_series` are the series that the run's log does not define yet, `exemplars` those of the
/// batch whose series it defines.
pub(crate) fn put_batch(
    out: &mut Vec<u8>,
    commit: u64,
    new_series: &[(SeriesRef, Labels)],
    batch: &SampleBatch,
    checked: Option<&Checked>,
    exemplars: &[&Exemplar],
) {
    frame(out, KIND_BATCH, |out| {
        let all_floats = checked.is_none_or(|checked| checked.skipped.is_empty());
        let times = batch.timestamps();
        let one_time = all_floats && times.iter().all(|time| *time == times[0]);
        let unjudged = if checked.is_none() { UNJUDGED } else { 0 };
        let starts = RecordStarts::of(batch, checked);
        let with_starts = if starts.is_empty() { 0 } else { STARTS };
        put_uv(out, commit);
        out.push(unjudged | with_starts | if one_time { ONE_TIME } else { 0 });
        put_uv(out, new_series.len() as u64);
        for (series, labels) in new_series {
            put_labels(out, *series, labels);
        }
        match checked.filter(|_| !all_floats) {
            None => put_floats(out, batch.series(), times, batch.values(), one_time),
            Some(checked) => {
                let (mut series, mut times, mut values) = (Vec::new(), Vec::new(), Vec::new());
                for (reference, time, value) in checked.in_order(batch) {
                    series.push(reference.0);
                    times.push(time);
                    values.push(value);
                }
                put_floats(out, &series, &times, &values, false);
            }
        }
        put_rare(out, batch, checked, exemplars);
        if !starts.is_empty() {
            starts.put(out);
        }
    });
}

/// Series as differences, then times as differences, then values.
fn put_floats(out: &mut Vec<u8>, series: &[u64], times: &[i64], values: &[f64], one_time: bool) {
    out.reserve(12 * series.len() + 16);
    put_uv(out, series.len() as u64);
    let mut previous = 0;
    for reference in series {
        put_sv(out, reference.wrapping_sub(previous) as i64);
        previous = *reference;
    }
    let mut previous = 0;
    let distinct = if one_time { times.len().min(1) } else { times.len() };
    for time in &times[..distinct] {
        put_sv(out, time.wrapping_sub(previous));
        previous = *time;
    }
    for value in values {
        out.extend_from_slice(&value.to_le_bytes());
    }
}

/// Histograms, late samples and exemplars: one zero byte each where there are none.
fn put_rare(out: &mut Vec<u8>, batch: &SampleBatch, checked: Option<&Checked>, exemplars: &[&Exemplar]) {
    let taken = checked.map_or(&[][..], |checked| &checked.histograms);
    let in_order: Vec<&HistogramSample> = match checked {
        None => batch.histograms().iter().collect(),
        Some(_) => taken
            .iter()
            .filter(|taken| taken.late.is_none())
            .map(|taken| &taken.sample)
            .collect(),
    };
    put_uv(out, in_order.len() as u64);
    for sample in in_order {
        put_uv(out, sample.series.0);
        put_sv(out, sample.timestamp);
        put_histogram(out, &sample.histogram, None);
    }
    let late_rows = checked.map_or(&[][..], |checked| &checked.late);
    let late_histograms = taken.iter().filter(|taken| taken.late.is_some());
    put_uv(out, (late_rows.len() + late_histograms.clone().count()) as u64);
    for late in late_rows {
        let row = late.row as usize;
        put_uv(out, batch.series()[row]);
        put_sv(out, batch.timestamps()[row]);
        out.push(0);
        out.extend_from_slice(&batch.values()[row].to_le_bytes());
    }
    for taken in late_histograms {
        put_uv(out, taken.sample.series.0);
        put_sv(out, taken.sample.timestamp);
        out.push(1);
        put_histogram(out, &taken.sample.histogram, None);
    }
    put_uv(out, exemplars.len() as u64);
    for exemplar in exemplars {
        put_exemplar(out, exemplar);
    }
}

/// Appends the first record of a file to `out`.
pub(crate) fn put_start(out: &mut Vec<u8>, run: u64, commit: u64) {
    frame(out, KIND_START, |out| {
        put_uv(out, run);
        put_uv(out, commit);
    });
}

/// Appends a framed series of a checkpoint to `out`; `put` writes its image.
pub(crate) fn put_image(out: &mut Vec<u8>, put: &dyn Fn(&mut Vec<u8>)) {
    frame(out, KIND_IMAGE, put);
}

/// Appends a framed exemplar of a checkpoint to `out`.
pub(crate) fn put_checkpoint_exemplar(out: &mut Vec<u8>, labels: &Labels, exemplar: &Exemplar) {
    frame(out, KIND_EXEMPLAR, |out| {
        put_labels(out, exemplar.series, labels);
        put_exemplar(out, exemplar);
    });
}

/// Appends the framed end of a checkpoint to `out`.
pub(crate) fn put_end(out: &mut Vec<u8>, commit: u64) {
    frame(out, KIND_END, |out| put_uv(out, commit));
}

/// Decodes kind and payload; `None` when they are not a whole record of a known kind.
pub(super) fn decode(body: &[u8]) -> Option<Record> {
    let (&kind, payload) = body.split_first()?;
    let mut input = Input::new(payload);
    let record = match kind {
        KIND_BATCH => Record::Batch(take_batch(&mut input)?),
        KIND_IMAGE => Record::Image(Box::new(SeriesImage::take(&mut input)?)),
        KIND_END => Record::End { commit: input.uv()? },
        KIND_START => Record::Start {
            run: input.uv()?,
            commit: input.uv()?,
        },
        KIND_EXEMPLAR => {
            let (_, labels) = take_labels(&mut input)?;
            Record::Exemplar(labels, take_exemplar(&mut input)?)
        }
        kind => version_1::take(kind, &mut input)?,
    };
    input.is_empty().then_some(record)
}

fn take_batch(input: &mut Input<'_>) -> Option<BatchRecord> {
    let mut record = BatchRecord {
        commit: input.uv()?,
        ..BatchRecord::default()
    };
    let flags = input.byte()?;
    record.judged = flags & UNJUDGED == 0;
    for _ in 0..input.count(2)? {
        record.new_series.push(take_labels(input)?);
    }
    record.floats = take_floats(input, flags & ONE_TIME != 0)?;
    for _ in 0..input.count(10)? {
        record.histograms.push(HistogramSample {
            series: SeriesRef(input.uv()?),
            timestamp: input.sv()?,
            histogram: Arc::new(take_histogram(input, None)?),
        });
    }
    for _ in 0..input.count(10)? {
        let (series, time) = (SeriesRef(input.uv()?), input.sv()?);
        let value = match input.byte()? {
            0 => SampleValue::Float(input.f64()?.to_bits()),
            1 => SampleValue::Histogram(Arc::new(take_histogram(input, None)?)),
            _ => return None,
        };
        record.late.push((series, time, value));
    }
    for _ in 0..input.count(10)? {
        record.exemplars.push(take_exemplar(input)?);
    }
    if flags & STARTS != 0 {
        let rows = record.floats.len() + record.histograms.len() + record.late.len();
        record.starts = RecordStarts::take(input, rows)?;
    }
    Some(record)
}

/// Reads floats column by column; `one_time` tells that the time stands once.
pub(super) fn take_floats(input: &mut Input<'_>, one_time: bool) -> Option<Vec<Float>> {
    let count = input.count(9)?;
    let mut floats: Vec<Float> = Vec::with_capacity(count);
    let mut previous = 0i64;
    for _ in 0..count {
        previous = previous.checked_add(input.sv()?)?;
        floats.push((SeriesRef(u64::try_from(previous).ok()?), 0, 0.0));
    }
    let mut previous = 0i64;
    for (i, float) in floats.iter_mut().enumerate() {
        if i == 0 || !one_time {
            previous = previous.wrapping_add(input.sv()?);
        }
        float.1 = previous;
    }
    let (values, _) = input.take(8 * count as u64)?.as_chunks::<8>();
    for (float, value) in floats.iter_mut().zip(values) {
        float.2 = f64::from_le_bytes(*value);
    }
    Some(floats)
}

fn put_exemplar(out: &mut Vec<u8>, exemplar: &Exemplar) {
    put_labels(out, exemplar.series, &exemplar.labels);
    put_sv(out, exemplar.timestamp);
    out.extend_from_slice(&exemplar.value.to_le_bytes());
}

fn take_exemplar(input: &mut Input<'_>) -> Option<Exemplar> {
    let (series, labels) = take_labels(input)?;
    Some(Exemplar {
        series,
        labels,
        timestamp: input.sv()?,
        value: input.f64()?,
    })
}

fn put_labels(out: &mut Vec<u8>, series: SeriesRef, labels: &Labels) {
    put_uv(out, series.0);
    put_uv(out, labels.encoded().len() as u64);
    out.extend_from_slice(labels.encoded());
}

pub(super) fn take_labels(input: &mut Input<'_>) -> Option<(SeriesRef, Labels)> {
    let series = SeriesRef(input.uv()?);
    let length = input.uv()?;
    Some((series, Labels::from_encoded(input.take(length)?).ok()?))
}

pub(super) fn frame(out: &mut Vec<u8>, kind: u8, put_payload: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&[0; FRAME_BYTES]);
    out.push(kind);
    put_payload(out);
    let body = &out[start + FRAME_BYTES..];
    let (length, crc) = (body.len() as u32, crc32fast::hash(body));
    out[start..start + 4].copy_from_slice(&length.to_le_bytes());
    out[start + 4..start + 8].copy_from_slice(&crc.to_le_bytes());
}

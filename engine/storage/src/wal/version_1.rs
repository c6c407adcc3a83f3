//! Payloads of format version 1, which are read and no longer written: floats only, one table of
//! references for all runs, raw samples in checkpoints.

use engine_model::{Labels, SeriesRef};

use super::bytes::Input;
use super::record::{BatchRecord, Float, Record, take_floats, take_labels};

/// The version byte of such files.
pub(super) const VERSION: u8 = 1;
/// The run that all of them count as: their references mean the same in every file.
pub(super) const RUN: u64 = u64::MAX;

const KIND_BATCH: u8 = 1;
const KIND_SERIES: u8 = 2;
const KIND_END: u8 = 3;

/// One series of a checkpoint with the samples that the head kept.
#[derive(Debug, Clone)]
pub(crate) struct SeriesRecord {
    pub(crate) series: SeriesRef,
    pub(crate) labels: Labels,
    /// Newest sample ever accepted, whether or not it is among `samples`.
    pub(crate) last: (i64, f64),
    pub(crate) samples: Vec<(i64, f64)>,
}

/// Reads the payload of a record of version 1.
pub(super) fn take(kind: u8, input: &mut Input<'_>) -> Option<Record> {
    Some(match kind {
        KIND_BATCH => Record::Batch(take_batch(input)?),
        KIND_SERIES => Record::Samples(take_series(input)?),
        KIND_END => {
            let commit = input.uv()?;
            // The next series reference: references are given anew at each start today.
            input.uv()?;
            Record::End { commit }
        }
        _ => return None,
    })
}

fn take_batch(input: &mut Input<'_>) -> Option<BatchRecord> {
    let commit = input.uv()?;
    let count = input.count(2)?;
    let mut new_series = Vec::with_capacity(count);
    for _ in 0..count {
        new_series.push(take_labels(input)?);
    }
    let floats: Vec<Float> = take_floats(input, false)?;
    Some(BatchRecord {
        commit,
        judged: true,
        new_series,
        floats,
        ..BatchRecord::default()
    })
}

fn take_series(input: &mut Input<'_>) -> Option<SeriesRecord> {
    let (series, labels) = take_labels(input)?;
    let last = (input.sv()?, input.f64()?);
    let count = input.count(9)?;
    let mut times = Vec::with_capacity(count);
    let mut previous = 0i64;
    for _ in 0..count {
        previous = previous.wrapping_add(input.sv()?);
        times.push(previous);
    }
    let samples = times.into_iter().map(|time| Some((time, input.f64()?)));
    Some(SeriesRecord {
        series,
        labels,
        last,
        samples: samples.collect::<Option<Vec<_>>>()?,
    })
}

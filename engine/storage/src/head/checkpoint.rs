//! A series as a checkpoint keeps it: labels, newest sample, and the pieces as they are, so that reading it
//! back copies bytes and decodes no sample.

use engine_model::{Labels, SeriesRef};

use super::histograms::{HistogramPiece, HistogramRun, put_histogram, take_histogram};
use super::late::{LateSample, NOT_CUT};
use super::sample_value::SampleValue;
use super::series_state::SeriesState;
use super::{CutPlan, Head, OpenPiece, PieceState, SealedPiece, StartRun};
use crate::wal::bytes::{Input, put_sv, put_uv};
use crate::wal::record::SeriesRecord;

/// One series of a checkpoint.
#[derive(Debug)]
pub(crate) struct SeriesImage {
    pub(crate) series: SeriesRef,
    pub(crate) labels: Labels,
    /// Time and bits of the newest sample ever accepted in order.
    pub(crate) last: (i64, u64),
    pub(crate) sealed: Vec<SealedPiece>,
    pub(crate) open: OpenPiece,
    pub(crate) histograms: Option<HistogramRun>,
    pub(crate) late: Vec<LateSample>,
    /// Samples that say when what they count began.
    pub(crate) starts: Vec<StartRun>,
}

const HAS_HISTOGRAMS: u8 = 1;
const HISTOGRAM_IS_NEWEST: u8 = 2;
const HAS_LATE: u8 = 4;
const HAS_STARTS: u8 = 8;
const LATE_HISTOGRAM: u8 = 1;
/// After the value comes when what it counts began.
const LATE_START: u8 = 2;

impl Head {
    /// Appends the images of some `count` references from `from` on to `out`, without what `plan` takes, and
    /// returns where to go on. `frame` is called for each with the bytes to frame.
    pub(crate) fn put_images(
        &self,
        plan: &CutPlan,
        from: SeriesRef,
        count: usize,
        mut frame: impl FnMut(&dyn Fn(&mut Vec<u8>)),
    ) -> Option<SeriesRef> {
        self.series.visit(from, count, |series, state| {
            if state.newest().is_some() {
                frame(&|out: &mut Vec<u8>| put_image(out, series, state, plan));
            }
        })
    }

    /// Puts back one series of a checkpoint of version 1.
    pub(crate) fn restore_samples(&mut self, record: &SeriesRecord) {
        self.restore(SeriesImage {
            series: record.series,
            labels: record.labels.clone(),
            last: (record.last.0, record.last.1.to_bits()),
            sealed: Vec::new(),
            open: OpenPiece::default(),
            histograms: None,
            late: Vec::new(),
            starts: Vec::new(),
        });
        // The newest sample is put back by its time and value; pushing them makes the pieces.
        if let Some(state) = self.series.get_mut(record.series) {
            let samples = record
                .samples
                .iter()
                .map(|(time, value)| (*time, state.push(*time, value.to_bits())));
            let samples: Vec<(i64, isize)> = samples.collect();
            for (time, bytes) in samples {
                self.count(time, bytes);
            }
        }
    }

    /// Puts back one series of a checkpoint.
    pub(crate) fn restore(&mut self, image: SeriesImage) {
        let (series, has_late, last_ms) = (image.series, !image.late.is_empty(), image.last.0);
        let has_starts = !image.starts.is_empty() || image.late.iter().any(|late| late.start_ms != 0);
        let state = self.state_or_new(series, &image.labels);
        if state.newest().is_some() {
            return;
        }
        state.restore(image);
        let (samples, bytes, oldest) = (state.len(), state.data_bytes(), state.oldest_ms());
        self.samples += samples;
        self.data_bytes += bytes;
        self.newest_ms = self.newest_ms.max(Some(last_ms));
        self.oldest_ms = [self.oldest_ms, oldest].into_iter().flatten().min();
        self.has_starts |= has_starts;
        if has_late {
            self.late.insert(series);
        }
    }
}

fn put_image(out: &mut Vec<u8>, series: SeriesRef, state: &SeriesState, plan: &CutPlan) {
    let (Some(newest), labels) = (state.newest(), state.labels.encoded()) else {
        return;
    };
    put_uv(out, series.0);
    put_uv(out, labels.len() as u64);
    out.extend_from_slice(labels);
    put_sv(out, newest.ms);
    out.extend_from_slice(&newest.bits.to_le_bytes());
    let kept = state
        .sealed()
        .iter()
        .filter(|piece| piece.max_ms >= plan.before_ms);
    put_uv(out, kept.clone().count() as u64);
    for piece in kept {
        put_sv(out, piece.max_ms.wrapping_sub(newest.ms));
        out.push(piece.count);
        put_bytes(out, &piece.bytes);
    }
    let open = state.open();
    let keeps_open = open.count() > 0 && newest.ms >= plan.before_ms;
    let PieceState { count, flags, step } = if keeps_open {
        open.state()
    } else {
        PieceState::default()
    };
    out.extend_from_slice(&[count, flags]);
    put_sv(out, i64::from(step));
    put_bytes(out, if keeps_open { open.bytes() } else { &[] });
    let late: Vec<&LateSample> = state
        .late()
        .iter()
        .filter(|sample| plan.keeps_late(sample))
        .collect();
    let run = state.histograms();
    let newest_flag = if newest.is_histogram {
        HISTOGRAM_IS_NEWEST
    } else {
        0
    };
    let late_flag = if late.is_empty() { 0 } else { HAS_LATE };
    let starts = state
        .starts()
        .map_or(&[][..], |starts| starts.from(plan.before_ms));
    let starts_flag = if starts.is_empty() { 0 } else { HAS_STARTS };
    out.push(run.map_or(0, |_| HAS_HISTOGRAMS | newest_flag) | late_flag | starts_flag);
    if let Some(run) = run {
        put_run(out, run, plan);
    }
    if !late.is_empty() {
        put_late(out, &late);
    }
    if !starts.is_empty() {
        put_starts(out, starts);
    }
}

fn put_starts(out: &mut Vec<u8>, starts: &[StartRun]) {
    put_uv(out, starts.len() as u64);
    for run in starts {
        put_sv(out, run.from_ms);
        put_sv(out, run.until_ms.wrapping_sub(run.from_ms));
        put_sv(out, run.start_ms);
    }
}

fn put_run(out: &mut Vec<u8>, run: &HistogramRun, plan: &CutPlan) {
    let kept = run.pieces.iter().filter(|piece| piece.max_ms >= plan.before_ms);
    put_uv(out, kept.clone().count() as u64);
    for piece in kept {
        put_sv(out, piece.max_ms);
        put_uv(out, u64::from(piece.count));
        put_bytes(out, &piece.bytes);
    }
    out.push(u8::from(run.last.is_some()));
    if let Some(last) = &run.last {
        put_histogram(out, last, None);
    }
}

fn put_late(out: &mut Vec<u8>, late: &[&LateSample]) {
    put_uv(out, late.len() as u64);
    for sample in late {
        put_sv(out, sample.time);
        let start = if sample.start_ms == 0 { 0 } else { LATE_START };
        match &sample.value {
            SampleValue::Float(bits) => {
                out.push(start);
                out.extend_from_slice(&bits.to_le_bytes());
            }
            SampleValue::Histogram(histogram) => {
                out.push(LATE_HISTOGRAM | start);
                put_histogram(out, histogram, None);
            }
        }
        if sample.start_ms != 0 {
            put_sv(out, sample.start_ms);
        }
    }
}

impl SeriesImage {
    /// Reads what a checkpoint holds of one series; `None` when the bytes are not whole.
    pub(crate) fn take(input: &mut Input<'_>) -> Option<Self> {
        let series = SeriesRef(input.uv()?);
        let labels = Labels::from_encoded(take_bytes(input)?).ok()?;
        let last = (input.sv()?, input.f64()?.to_bits());
        let count = input.count(3)?;
        let mut sealed = Vec::with_capacity(count);
        for _ in 0..count {
            sealed.push(SealedPiece {
                max_ms: input.sv()?.wrapping_add(last.0),
                count: input.byte()?,
                bytes: take_bytes(input)?.into(),
            });
        }
        let state = PieceState {
            count: input.byte()?,
            flags: input.byte()?,
            step: i32::try_from(input.sv()?).ok()?,
        };
        let open = OpenPiece::restore(take_bytes(input)?, state)?;
        let flags = input.byte()?;
        let histograms = match flags & HAS_HISTOGRAMS {
            0 => None,
            _ => Some(take_run(input, flags & HISTOGRAM_IS_NEWEST != 0)?),
        };
        let late = if flags & HAS_LATE == 0 {
            Vec::new()
        } else {
            take_late(input)?
        };
        let starts = if flags & HAS_STARTS == 0 {
            Vec::new()
        } else {
            take_starts(input)?
        };
        Some(Self {
            series,
            labels,
            last,
            sealed,
            open,
            histograms,
            late,
            starts,
        })
    }
}

/// Runs that ascend and do not overlap; anything else is damage.
fn take_starts(input: &mut Input<'_>) -> Option<Vec<StartRun>> {
    let count = input.count(3)?;
    let mut runs: Vec<StartRun> = Vec::with_capacity(count);
    for _ in 0..count {
        let from_ms = input.sv()?;
        let run = StartRun {
            from_ms,
            until_ms: from_ms.checked_add(input.sv()?)?,
            start_ms: input.sv()?,
        };
        let follows = runs.last().is_none_or(|last| last.until_ms < run.from_ms);
        if !follows || run.until_ms < run.from_ms || run.start_ms == 0 {
            return None;
        }
        runs.push(run);
    }
    Some(runs)
}

fn take_run(input: &mut Input<'_>, is_newest: bool) -> Option<HistogramRun> {
    let count = input.count(3)?;
    let mut pieces = Vec::with_capacity(count);
    for _ in 0..count {
        pieces.push(HistogramPiece {
            max_ms: input.sv()?,
            count: u16::try_from(input.uv()?).ok()?,
            bytes: take_bytes(input)?.to_vec(),
        });
    }
    let last = match input.byte()? {
        0 => None,
        _ => Some(std::sync::Arc::new(take_histogram(input, None)?)),
    };
    Some(HistogramRun::restore(pieces, last, is_newest))
}

fn take_late(input: &mut Input<'_>) -> Option<Vec<LateSample>> {
    let count = input.count(3)?;
    let mut late = Vec::with_capacity(count);
    for _ in 0..count {
        let time = input.sv()?;
        let flags = input.byte()?;
        let value = match flags & LATE_HISTOGRAM {
            0 => SampleValue::Float(input.f64()?.to_bits()),
            _ => SampleValue::Histogram(std::sync::Arc::new(take_histogram(input, None)?)),
        };
        let start_ms = match flags & LATE_START {
            0 => 0,
            _ => input.sv()?,
        };
        late.push(LateSample {
            time,
            value,
            start_ms,
            commit: 0,
            cut: NOT_CUT,
        });
    }
    Some(late)
}

fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_uv(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

fn take_bytes<'a>(input: &mut Input<'a>) -> Option<&'a [u8]> {
    let length = input.uv()?;
    input.take(length)
}

//! Native histograms: double deltas of time and of whole counts, float counts and sums by exclusive or. A chunk
//! has one layout, and a counter's chunk ends before a reset: readers need not look for one inside.

use engine_model::Histogram;
use engine_model::histogram::{Counts, ResetHint};
use engine_model::staleness::is_stale;

use super::bits::BitWriter;
use super::xor::XorValue;
use super::{Chunk, ChunkKind, layout};

/// Encodes as many of `histograms`, at least one, as one chunk can hold; and how many that are.
pub(super) fn encode(histograms: &[(i64, impl AsRef<Histogram>)]) -> (Chunk, usize) {
    let first = histograms[0].1.as_ref();
    let mut taken = 1;
    while taken < histograms.len() {
        let before = histograms[taken - 1].1.as_ref();
        if !continues(first, before, histograms[taken].1.as_ref()) {
            break;
        }
        taken += 1;
    }
    let histograms = &histograms[..taken];
    let mut out = BitWriter::of_chunk(taken);
    layout::write(&mut out, first, first.reset_hint);
    let kind = match first.counts {
        Counts::Integer { .. } => {
            integers(&mut out, histograms);
            ChunkKind::Histogram
        }
        Counts::Float { .. } => {
            floats(&mut out, histograms);
            ChunkKind::FloatHistogram
        }
    };
    let chunk = Chunk {
        min_ms: histograms[0].0,
        max_ms: histograms[taken - 1].0,
        kind,
        data: out.into_bytes(),
    };
    (chunk, taken)
}

/// Whether `next` may follow `before` in the chunk that `first` began.
fn continues(first: &Histogram, before: &Histogram, next: &Histogram) -> bool {
    // A staleness marker ends what it stands in; behind one only markers stand.
    if is_stale(before.sum) || is_stale(next.sum) {
        return is_stale(next.sum);
    }
    let same_layout = first.schema == next.schema
        && first.zero_threshold.to_bits() == next.zero_threshold.to_bits()
        && first.positive_spans == next.positive_spans
        && first.negative_spans == next.negative_spans
        && first.custom_values == next.custom_values;
    let gauge = first.reset_hint == ResetHint::Gauge;
    if !same_layout || gauge != (next.reset_hint == ResetHint::Gauge) {
        return false;
    }
    let same_kind = match (&before.counts, &next.counts) {
        (Counts::Integer { .. }, Counts::Integer { .. }) | (Counts::Float { .. }, Counts::Float { .. }) => {
            true
        }
        _ => return false,
    };
    same_kind && (gauge || next.reset_hint != ResetHint::Reset && !fell(&before.counts, &next.counts))
}

/// Whether a count fell; both are of one kind and layout.
fn fell(before: &Counts, next: &Counts) -> bool {
    match (before, next) {
        (
            Counts::Integer {
                count,
                zero,
                positive,
                negative,
            },
            Counts::Integer {
                count: next_count,
                zero: next_zero,
                positive: next_positive,
                negative: next_negative,
            },
        ) => {
            next_count < count
                || next_zero < zero
                || deltas_fell(positive, next_positive)
                || deltas_fell(negative, next_negative)
        }
        (
            Counts::Float {
                count,
                zero,
                positive,
                negative,
            },
            Counts::Float {
                count: next_count,
                zero: next_zero,
                positive: next_positive,
                negative: next_negative,
            },
        ) => {
            let any = |before: &[f64], next: &[f64]| before.iter().zip(next).any(|(a, b)| b < a);
            next_count < count
                || next_zero < zero
                || any(positive, next_positive)
                || any(negative, next_negative)
        }
        _ => true,
    }
}

/// Whether a bucket fell, of buckets as differences to the one before.
fn deltas_fell(before: &[i64], next: &[i64]) -> bool {
    let mut change = 0i64;
    before.iter().zip(next).any(|(a, b)| {
        change = change.wrapping_add(b.wrapping_sub(*a));
        change < 0
    })
}

/// A number, and how much it changed the last time.
#[derive(Debug, Clone, Copy, Default)]
struct Delta {
    value: i64,
    delta: i64,
}

impl Delta {
    fn new(value: i64) -> Self {
        Self { value, delta: 0 }
    }

    /// The change of the change; of the second value, the change.
    fn step(&mut self, value: i64) -> i64 {
        let delta = value.wrapping_sub(self.value);
        let change = delta.wrapping_sub(self.delta);
        *self = Self { value, delta };
        change
    }
}

/// Time in a chunk of whole counts: its first difference is unsigned.
fn write_time(out: &mut BitWriter, time: &mut Delta, index: usize, at_ms: i64) {
    let change = time.step(at_ms);
    match index {
        1 => out.varbit_unsigned(change as u64),
        _ => out.varbit_signed(change),
    }
}

fn integers(out: &mut BitWriter, histograms: &[(i64, impl AsRef<Histogram>)]) {
    let first = histograms[0].1.as_ref();
    let Counts::Integer {
        count,
        zero,
        positive,
        negative,
    } = &first.counts
    else {
        return;
    };
    out.varbit_signed(histograms[0].0);
    out.varbit_unsigned(*count);
    out.varbit_unsigned(*zero);
    let mut sum = XorValue::first(out, first.sum);
    let mut time = Delta::new(histograms[0].0);
    let (mut counts, mut zeros) = (Delta::new(*count as i64), Delta::new(*zero as i64));
    let mut buckets: Vec<Delta> = positive
        .iter()
        .chain(negative)
        .map(|delta| Delta::new(*delta))
        .collect();
    buckets.iter().for_each(|bucket| out.varbit_signed(bucket.value));
    for (index, (at_ms, histogram)) in histograms.iter().enumerate().skip(1) {
        let histogram = histogram.as_ref();
        write_time(out, &mut time, index, *at_ms);
        let stale = is_stale(histogram.sum);
        let (count, zero) = match &histogram.counts {
            Counts::Integer { count, zero, .. } if !stale => (*count as i64, *zero as i64),
            _ => (0, 0),
        };
        out.varbit_signed(counts.step(count));
        out.varbit_signed(zeros.step(zero));
        sum.next(out, histogram.sum);
        if let (
            Counts::Integer {
                positive, negative, ..
            },
            false,
        ) = (&histogram.counts, stale)
        {
            for (bucket, value) in buckets.iter_mut().zip(positive.iter().chain(negative)) {
                out.varbit_signed(bucket.step(*value));
            }
        }
    }
}

fn floats(out: &mut BitWriter, histograms: &[(i64, impl AsRef<Histogram>)]) {
    let first = histograms[0].1.as_ref();
    let Counts::Float {
        count,
        zero,
        positive,
        negative,
    } = &first.counts
    else {
        return;
    };
    out.varbit_signed(histograms[0].0);
    let mut time = Delta::new(histograms[0].0);
    let mut totals = [*count, *zero, first.sum].map(|value| XorValue::first(out, value));
    let buckets = positive.iter().chain(negative);
    let mut buckets: Vec<XorValue> = buckets.map(|value| XorValue::first(out, *value)).collect();
    for (at_ms, histogram) in &histograms[1..] {
        let histogram = histogram.as_ref();
        out.varbit_signed(time.step(*at_ms));
        let stale = is_stale(histogram.sum);
        let (count, zero) = match &histogram.counts {
            Counts::Float { count, zero, .. } if !stale => (*count, *zero),
            _ => (0.0, 0.0),
        };
        for (total, value) in totals.iter_mut().zip([count, zero, histogram.sum]) {
            total.next(out, value);
        }
        if let (
            Counts::Float {
                positive, negative, ..
            },
            false,
        ) = (&histogram.counts, stale)
        {
            for (bucket, value) in buckets.iter_mut().zip(positive.iter().chain(negative)) {
                bucket.next(out, *value);
            }
        }
    }
}

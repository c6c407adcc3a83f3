//! One histogram as bytes, alone or as a difference to another; the log's records use it too.

use engine_model::Histogram;
use engine_model::histogram::{Counts, ResetHint, Span};

use crate::wal::bytes::{Input, put_sv, put_uv};

/// Flags of the first byte; the two bits above them are the reset hint.
const FLOAT: u8 = 1;
/// Schema, threshold, spans, bounds and kind of counts are those of the histogram before.
const SAME_LAYOUT: u8 = 2;
const HINT_SHIFT: u8 = 2;

/// Appends `histogram`, as a difference to `before` where both are laid out alike.
pub(crate) fn put_histogram(out: &mut Vec<u8>, histogram: &Histogram, before: Option<&Histogram>) {
    let before = before.filter(|before| is_alike(histogram, before));
    let float = if matches!(histogram.counts, Counts::Float { .. }) {
        FLOAT
    } else {
        0
    };
    let same = if before.is_some() { SAME_LAYOUT } else { 0 };
    out.push(float | same | hint_number(histogram.reset_hint) << HINT_SHIFT);
    if before.is_none() {
        put_layout(out, histogram);
    }
    put_float(out, histogram.sum, before.map_or(0.0, |before| before.sum));
    match &histogram.counts {
        Counts::Integer {
            count,
            zero,
            positive,
            negative,
        } => {
            let (c, z, p, n) = match before.map(|before| &before.counts) {
                Some(Counts::Integer {
                    count,
                    zero,
                    positive,
                    negative,
                }) => (*count, *zero, positive.as_slice(), negative.as_slice()),
                _ => (0, 0, [].as_slice(), [].as_slice()),
            };
            put_sv(out, count.wrapping_sub(c) as i64);
            put_sv(out, zero.wrapping_sub(z) as i64);
            for (buckets, before) in [(positive, p), (negative, n)] {
                for (i, bucket) in buckets.iter().enumerate() {
                    put_sv(out, bucket.wrapping_sub(before.get(i).copied().unwrap_or(0)));
                }
            }
        }
        Counts::Float {
            count,
            zero,
            positive,
            negative,
        } => {
            let (c, z, p, n) = match before.map(|before| &before.counts) {
                Some(Counts::Float {
                    count,
                    zero,
                    positive,
                    negative,
                }) => (*count, *zero, positive.as_slice(), negative.as_slice()),
                _ => (0.0, 0.0, [].as_slice(), [].as_slice()),
            };
            put_float(out, *count, c);
            put_float(out, *zero, z);
            for (buckets, before) in [(positive, p), (negative, n)] {
                for (i, bucket) in buckets.iter().enumerate() {
                    put_float(out, *bucket, before.get(i).copied().unwrap_or(0.0));
                }
            }
        }
    }
}

/// Reads what [`put_histogram`] wrote; `before` is the histogram that was given then.
pub(crate) fn take_histogram(input: &mut Input<'_>, before: Option<&Histogram>) -> Option<Histogram> {
    let flags = *input.take(1)?.first()?;
    let hint = hint(flags >> HINT_SHIFT)?;
    let (mut histogram, lengths, before) = if flags & SAME_LAYOUT == 0 {
        let (histogram, lengths) = take_layout(input)?;
        (histogram, lengths, None)
    } else {
        let before = before?;
        let lengths = (before.counts.positive_len(), before.counts.negative_len());
        (before.clone(), lengths, Some(before))
    };
    histogram.reset_hint = hint;
    histogram.sum = take_float(input, before.map_or(0.0, |before| before.sum))?;
    histogram.counts = if flags & FLOAT == 0 {
        take_integers(input, lengths, before.map(|before| &before.counts))?
    } else {
        take_floats(input, lengths, before.map(|before| &before.counts))?
    };
    Some(histogram)
}

fn take_integers(input: &mut Input<'_>, lengths: (usize, usize), before: Option<&Counts>) -> Option<Counts> {
    let (c, z, p, n) = match before {
        Some(Counts::Integer {
            count,
            zero,
            positive,
            negative,
        }) => (*count, *zero, positive.as_slice(), negative.as_slice()),
        Some(Counts::Float { .. }) => return None,
        None => (0, 0, [].as_slice(), [].as_slice()),
    };
    let count = c.wrapping_add(input.sv()? as u64);
    let zero = z.wrapping_add(input.sv()? as u64);
    let mut side = |length: usize, before: &[i64]| {
        let bucket = |i: usize| Some(before.get(i).copied().unwrap_or(0).wrapping_add(input.sv()?));
        (0..length).map(bucket).collect::<Option<Vec<i64>>>()
    };
    Some(Counts::Integer {
        count,
        zero,
        positive: side(lengths.0, p)?,
        negative: side(lengths.1, n)?,
    })
}

fn take_floats(input: &mut Input<'_>, lengths: (usize, usize), before: Option<&Counts>) -> Option<Counts> {
    let (c, z, p, n) = match before {
        Some(Counts::Float {
            count,
            zero,
            positive,
            negative,
        }) => (*count, *zero, positive.as_slice(), negative.as_slice()),
        Some(Counts::Integer { .. }) => return None,
        None => (0.0, 0.0, [].as_slice(), [].as_slice()),
    };
    let count = take_float(input, c)?;
    let zero = take_float(input, z)?;
    let mut side = |length: usize, before: &[f64]| {
        let bucket = |i: usize| take_float(input, before.get(i).copied().unwrap_or(0.0));
        (0..length).map(bucket).collect::<Option<Vec<f64>>>()
    };
    Some(Counts::Float {
        count,
        zero,
        positive: side(lengths.0, p)?,
        negative: side(lengths.1, n)?,
    })
}

fn put_layout(out: &mut Vec<u8>, histogram: &Histogram) {
    put_sv(out, i64::from(histogram.schema));
    out.extend_from_slice(&histogram.zero_threshold.to_le_bytes());
    for spans in [&histogram.positive_spans, &histogram.negative_spans] {
        put_uv(out, spans.len() as u64);
        for span in spans {
            put_sv(out, i64::from(span.offset));
            put_uv(out, u64::from(span.length));
        }
    }
    put_uv(out, histogram.custom_values.len() as u64);
    for bound in &histogram.custom_values {
        out.extend_from_slice(&bound.to_le_bytes());
    }
    put_uv(out, histogram.counts.positive_len() as u64);
    put_uv(out, histogram.counts.negative_len() as u64);
}

fn take_layout(input: &mut Input<'_>) -> Option<(Histogram, (usize, usize))> {
    let schema = i32::try_from(input.sv()?).ok()?;
    let zero_threshold = input.f64()?;
    let mut spans = || {
        let count = input.count(2)?;
        let span = |_| {
            Some(Span {
                offset: i32::try_from(input.sv()?).ok()?,
                length: u32::try_from(input.uv()?).ok()?,
            })
        };
        (0..count).map(span).collect::<Option<Vec<Span>>>()
    };
    let (positive_spans, negative_spans) = (spans()?, spans()?);
    let count = input.count(8)?;
    let custom_values = (0..count).map(|_| input.f64()).collect::<Option<Vec<f64>>>()?;
    let lengths = (input.count(1)?, input.count(1)?);
    let histogram = Histogram {
        schema,
        zero_threshold,
        positive_spans,
        negative_spans,
        custom_values,
        ..Histogram::stale()
    };
    Some((histogram, lengths))
}

/// The difference of two doubles' bits: short where the high or the low bits agree.
fn put_float(out: &mut Vec<u8>, value: f64, before: f64) {
    put_uv(out, (value.to_bits() ^ before.to_bits()).swap_bytes());
}

fn take_float(input: &mut Input<'_>, before: f64) -> Option<f64> {
    Some(f64::from_bits(input.uv()?.swap_bytes() ^ before.to_bits()))
}

fn is_alike(a: &Histogram, b: &Histogram) -> bool {
    let same_bits =
        |a: &[f64], b: &[f64]| a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits());
    a.schema == b.schema
        && a.zero_threshold.to_bits() == b.zero_threshold.to_bits()
        && a.positive_spans == b.positive_spans
        && a.negative_spans == b.negative_spans
        && same_bits(&a.custom_values, &b.custom_values)
        && a.counts.positive_len() == b.counts.positive_len()
        && a.counts.negative_len() == b.counts.negative_len()
        && matches!(a.counts, Counts::Float { .. }) == matches!(b.counts, Counts::Float { .. })
}

fn hint_number(hint: ResetHint) -> u8 {
    match hint {
        ResetHint::Unknown => 0,
        ResetHint::Reset => 1,
        ResetHint::NotReset => 2,
        ResetHint::Gauge => 3,
    }
}

fn hint(number: u8) -> Option<ResetHint> {
    [
        ResetHint::Unknown,
        ResetHint::Reset,
        ResetHint::NotReset,
        ResetHint::Gauge,
    ]
    .get(usize::from(number))
    .copied()
}

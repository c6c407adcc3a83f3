//! What all histograms of a chunk share: reset flags, zero threshold, schema, spans, custom bounds.

use engine_model::Histogram;
use engine_model::histogram::{CUSTOM_BUCKETS_SCHEMA, ResetHint, Span};

use super::bits::BitWriter;

/// Largest bound, in thousandths, that has a short form.
const THOUSANDTHS_MAX: f64 = 33_554_430.0;

/// Writes the flags and the layout of a chunk's first histogram.
pub(super) fn write(out: &mut BitWriter, first: &Histogram, hint: ResetHint) {
    let flags = match hint {
        ResetHint::Unknown => 0b00,
        ResetHint::NotReset => 0b01,
        ResetHint::Reset => 0b10,
        ResetHint::Gauge => 0b11,
    };
    out.bits(flags << 6, 8);
    zero_threshold(out, first.zero_threshold);
    out.varbit_signed(i64::from(first.schema));
    spans(out, &first.positive_spans);
    spans(out, &first.negative_spans);
    if first.schema == CUSTOM_BUCKETS_SCHEMA {
        out.varbit_unsigned(first.custom_values.len() as u64);
        first
            .custom_values
            .iter()
            .for_each(|bound| custom_bound(out, *bound));
    }
}

/// Zero and powers of two from 2^-243 to 2^10 have one byte.
fn zero_threshold(out: &mut BitWriter, threshold: f64) {
    if threshold == 0.0 {
        return out.bits(0, 8);
    }
    let exponent = (threshold.to_bits() >> 52 & 0x7ff) as i64 - 1022;
    let is_power_of_two = threshold > 0.0 && threshold.to_bits() << 12 == 0;
    if is_power_of_two && (-242..=11).contains(&exponent) {
        return out.bits((exponent + 243) as u64, 8);
    }
    out.bits(255, 8);
    out.double(threshold);
}

fn spans(out: &mut BitWriter, spans: &[Span]) {
    out.varbit_unsigned(spans.len() as u64);
    for span in spans {
        out.varbit_unsigned(u64::from(span.length));
        out.varbit_signed(i64::from(span.offset));
    }
}

/// Thousandths plus one where that is exact, otherwise 0 and the double.
fn custom_bound(out: &mut BitWriter, bound: f64) {
    let thousandths = (bound * 1000.0).round();
    if (0.0..=THOUSANDTHS_MAX).contains(&(bound * 1000.0)) && thousandths / 1000.0 == bound {
        return out.varbit_unsigned(thousandths as u64 + 1);
    }
    out.bit(false);
    out.double(bound);
}

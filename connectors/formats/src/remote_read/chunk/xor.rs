//! Floats in the Gorilla encoding: double deltas of time, values by exclusive or.

use super::bits::{BitWriter, fits};

/// Widths of double deltas, by the number of ones before them.
const WIDTHS: [u32; 5] = [0, 14, 17, 20, 64];
/// Leading zeros have five bits.
const LEADING_MAX: u32 = 31;

/// The newest value, and the window of changed bits that values share.
#[derive(Debug, Clone, Copy)]
pub(super) struct XorValue {
    bits: u64,
    /// Leading and trailing zeros.
    window: Option<(u32, u32)>,
}

impl XorValue {
    /// The first value comes as it is.
    pub(super) fn first(out: &mut BitWriter, value: f64) -> Self {
        out.double(value);
        Self {
            bits: value.to_bits(),
            window: None,
        }
    }

    /// Later ones: unchanged, within the last window, or with a new one.
    pub(super) fn next(&mut self, out: &mut BitWriter, value: f64) {
        let change = self.bits ^ value.to_bits();
        self.bits = value.to_bits();
        if change == 0 {
            return out.bit(false);
        }
        out.bit(true);
        let leading = change.leading_zeros().min(LEADING_MAX);
        let trailing = change.trailing_zeros();
        match self.window {
            Some((before, after)) if leading >= before && trailing >= after => {
                out.bit(false);
                out.bits(change >> after, 64 - before - after);
            }
            _ => {
                let changed = 64 - leading - trailing;
                out.bit(true);
                out.bits(u64::from(leading), 5);
                // 64 does not fit into six bits and is written as 0.
                out.bits(u64::from(changed), 6);
                out.bits(change >> trailing, changed);
                self.window = Some((leading, trailing));
            }
        }
    }
}

/// Encodes at least one sample; timestamps ascend.
pub(super) fn encode(timestamps: &[i64], values: &[f64]) -> Vec<u8> {
    let mut out = BitWriter::of_chunk(timestamps.len());
    out.varint(timestamps[0]);
    let mut value = XorValue::first(&mut out, values[0]);
    let mut delta = 0i64;
    for (i, pair) in timestamps.windows(2).enumerate() {
        let new = pair[1].wrapping_sub(pair[0]);
        if i == 0 {
            out.uvarint(new as u64);
        } else {
            let change = new.wrapping_sub(delta);
            let class = WIDTHS.iter().position(|&width| fits(change, width));
            let class = class.unwrap_or(WIDTHS.len() - 1);
            out.prefix(class, WIDTHS.len());
            out.bits(change as u64, WIDTHS[class]);
        }
        delta = new;
        value.next(&mut out, values[i + 1]);
    }
    out.into_bytes()
}

//! A histogram in bytes, for a column that is not of the storage: bit by bit, and short where counts are whole
//! numbers, as those of scraped histograms are.

use super::FloatHistogram;
use crate::histogram::{ResetHint, Span};

/// Floats follow as they are.
const PLAIN: u8 = 0;
/// Floats follow as whole numbers of variable length.
const WHOLE: u8 = 1;

impl FloatHistogram {
    /// Appends the histogram; [`FloatHistogram::decode`] reads it.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let hint = match self.reset_hint {
            ResetHint::Unknown => 0,
            ResetHint::Reset => 1,
            ResetHint::NotReset => 2,
            ResetHint::Gauge => 3,
        };
        out.push(hint);
        write_signed(out, self.schema);
        out.extend_from_slice(&self.sum.to_le_bytes());
        out.extend_from_slice(&self.zero_threshold.to_le_bytes());
        write_floats(out, &[self.count, self.zero_count]);
        for spans in [&self.positive_spans, &self.negative_spans] {
            write_number(out, spans.len() as u64);
            for span in spans {
                write_signed(out, span.offset);
                write_number(out, u64::from(span.length));
            }
        }
        for floats in [&self.positive, &self.negative, &self.custom_values] {
            write_number(out, floats.len() as u64);
            write_floats(out, floats);
        }
    }

    /// The histogram that was encoded; `None` if the bytes are not one.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader(bytes);
        let reset_hint = match reader.byte()? {
            0 => ResetHint::Unknown,
            1 => ResetHint::Reset,
            2 => ResetHint::NotReset,
            3 => ResetHint::Gauge,
            _ => return None,
        };
        let schema = reader.signed()?;
        let (sum, zero_threshold) = (reader.float()?, reader.float()?);
        let totals = reader.floats(2)?;
        let (positive_spans, negative_spans) = (reader.spans()?, reader.spans()?);
        let mut side = || {
            let length = usize::try_from(reader.number()?).ok()?;
            reader.floats(length)
        };
        Some(Self {
            schema,
            reset_hint,
            zero_threshold,
            zero_count: totals[1],
            count: totals[0],
            sum,
            positive_spans,
            negative_spans,
            positive: side()?,
            negative: side()?,
            custom_values: side()?,
        })
    }
}

fn write_number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Small numbers of either sign are short.
fn write_signed(out: &mut Vec<u8>, number: i32) {
    let zigzag = (number << 1) ^ (number >> 31);
    write_number(out, u64::from(zigzag as u32));
}

fn write_floats(out: &mut Vec<u8>, floats: &[f64]) {
    // A float that comes back from a whole number with the same bits: −0 and fractions do not.
    let whole = |float: &f64| *float < 9e15 && (*float as u64 as f64).to_bits() == float.to_bits();
    if floats.iter().all(whole) {
        out.push(WHOLE);
        floats.iter().for_each(|float| write_number(out, *float as u64));
    } else {
        out.push(PLAIN);
        floats
            .iter()
            .for_each(|float| out.extend_from_slice(&float.to_le_bytes()));
    }
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn number(&mut self) -> Option<u64> {
        let mut number = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    fn signed(&mut self) -> Option<i32> {
        let zigzag = u32::try_from(self.number()?).ok()?;
        Some((zigzag >> 1) as i32 ^ -((zigzag & 1) as i32))
    }

    fn float(&mut self) -> Option<f64> {
        let (first, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(f64::from_le_bytes(*first))
    }

    fn floats(&mut self, length: usize) -> Option<Vec<f64>> {
        let kind = self.byte()?;
        // Each takes a byte at least, so a wrong length cannot reserve memory.
        let mut floats = Vec::with_capacity(length.min(self.0.len()));
        for _ in 0..length {
            floats.push(match kind {
                PLAIN => self.float()?,
                WHOLE => self.number()? as f64,
                _ => return None,
            });
        }
        Some(floats)
    }

    fn spans(&mut self) -> Option<Vec<Span>> {
        let length = usize::try_from(self.number()?).ok()?;
        let mut spans = Vec::with_capacity(length.min(self.0.len()));
        for _ in 0..length {
            spans.push(Span {
                offset: self.signed()?,
                length: u32::try_from(self.number()?).ok()?,
            });
        }
        Some(spans)
    }
}

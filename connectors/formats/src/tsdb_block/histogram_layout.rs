//! What all histograms of a chunk share: reset flags, zero threshold, schema, spans, custom bounds.

use engine_model::histogram::{CUSTOM_BUCKETS_SCHEMA, ResetHint, Span};

use super::bits::BitReader;
use super::error::BlockError;

/// The layout of a chunk.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) schema: i32,
    pub(super) zero_threshold: f64,
    pub(super) positive_spans: Vec<Span>,
    pub(super) negative_spans: Vec<Span>,
    pub(super) custom_values: Vec<f64>,
    first_hint: ResetHint,
}

impl Layout {
    /// Reads the flags and the layout; the reader stands after the number of samples.
    pub(super) fn read(reader: &mut BitReader<'_>) -> Result<Self, BlockError> {
        let first_hint = match reader.bits(8)? >> 6 {
            0b10 => ResetHint::Reset,
            0b01 => ResetHint::NotReset,
            0b11 => ResetHint::Gauge,
            _ => ResetHint::Unknown,
        };
        let zero_threshold = zero_threshold(reader)?;
        let schema = i32::try_from(reader.varbit_signed()?)
            .map_err(|_| reader.malformed("a histogram schema that is no 32-bit integer"))?;
        let positive_spans = spans(reader)?;
        let negative_spans = spans(reader)?;
        let custom_values = match schema {
            CUSTOM_BUCKETS_SCHEMA => custom_values(reader)?,
            _ => Vec::new(),
        };
        Ok(Self {
            schema,
            zero_threshold,
            positive_spans,
            negative_spans,
            custom_values,
            first_hint,
        })
    }

    /// What the `sample`-th histogram says of resets: a counter's chunk ends where one happens.
    pub(super) fn hint(&self, sample: usize) -> ResetHint {
        match (self.first_hint, sample) {
            (hint, 0) | (hint @ ResetHint::Gauge, _) => hint,
            _ => ResetHint::NotReset,
        }
    }

    /// Buckets on the positive and on the negative side. Each takes a bit of the chunk at least.
    pub(super) fn bucket_counts(&self, reader: &BitReader<'_>) -> Result<(usize, usize), BlockError> {
        let sum = |spans: &[Span]| spans.iter().map(|span| span.length as usize).sum::<usize>();
        let (positive, negative) = (sum(&self.positive_spans), sum(&self.negative_spans));
        match positive + negative <= reader.left() {
            true => Ok((positive, negative)),
            false => Err(reader.malformed("spans of more buckets than the chunk can hold")),
        }
    }
}

fn zero_threshold(reader: &mut BitReader<'_>) -> Result<f64, BlockError> {
    match reader.bits(8)? {
        0 => Ok(0.0),
        255 => reader.double(),
        // A power of two.
        exponent => Ok(0.5 * 2f64.powi(exponent as i32 - 243)),
    }
}

fn spans(reader: &mut BitReader<'_>) -> Result<Vec<Span>, BlockError> {
    let count = count(reader)?;
    let mut spans = Vec::with_capacity(count);
    for _ in 0..count {
        let length = u32::try_from(reader.varbit_unsigned()?);
        let offset = i32::try_from(reader.varbit_signed()?);
        match (offset, length) {
            (Ok(offset), Ok(length)) => spans.push(Span { offset, length }),
            _ => return Err(reader.malformed("a histogram span that is no 32-bit integer")),
        }
    }
    Ok(spans)
}

fn custom_values(reader: &mut BitReader<'_>) -> Result<Vec<f64>, BlockError> {
    let count = count(reader)?;
    let mut values = Vec::with_capacity(count);
    for _ in 0..count {
        // Thousandths plus one where that is exact, otherwise 0 and the double.
        values.push(match reader.varbit_unsigned()? {
            0 => reader.double()?,
            thousandths => (thousandths - 1) as f64 / 1000.0,
        });
    }
    Ok(values)
}

/// A count of things that take a bit at least.
fn count(reader: &mut BitReader<'_>) -> Result<usize, BlockError> {
    let count = reader.varbit_unsigned()?;
    match usize::try_from(count) {
        Ok(count) if count <= reader.left() => Ok(count),
        _ => Err(reader.malformed("a count that the chunk cannot hold")),
    }
}

//! `io.prometheus.write.v2.Request`: texts once in a table of symbols, series that point into it. Decoded
//! series by series, and encoded.

mod encode;
mod symbols;

use super::exemplar::SentExemplar;
use super::histogram::SentHistogram;
use super::metadata::{Metadata, kind};
use super::series::{Sample, Series};
use crate::protobuf::{Field, Reader, WireError};

pub use encode::{Sent, encode};
use symbols::Symbols;

/// The `proto` parameter of the content type.
pub const MESSAGE_NAME: &str = "io.prometheus.write.v2.Request";

/// Walks a decompressed request and hands each series to `visit`. The series' buffers are used again for the
/// next one. Unknown fields are skipped, as protobuf asks.
///
/// # Errors
/// The message is damaged, or what `visit` returned. References that lead nowhere are a [`Series::fault`].
pub fn decode<'a>(
    message: &'a [u8],
    mut visit: impl FnMut(&Series<'a>) -> Result<(), WireError>,
) -> Result<(), WireError> {
    let mut symbols = Symbols::read(message)?;
    let mut series = Series::default();
    let mut reader = Reader::new(message);
    while let Some((number, field)) = reader.next_field()? {
        if number == 5 {
            decode_series(field.bytes(5)?, &mut symbols, &mut series)?;
            visit(&series)?;
        }
    }
    Ok(())
}

fn decode_series<'a>(
    message: &'a [u8],
    symbols: &mut Symbols<'a>,
    series: &mut Series<'a>,
) -> Result<(), WireError> {
    series.clear();
    symbols.references.clear();
    let mut reader = Reader::new(message);
    while let Some((number, field)) = reader.next_field()? {
        match number {
            1 => symbols.add_references(field)?,
            2 => {
                let (sample, start_timestamp) = decode_sample(field.bytes(2)?)?;
                series.push_sample(sample, start_timestamp);
            }
            3 => series.histograms.push(SentHistogram::new(field.bytes(3)?)?),
            // Their references would get in the way of the series' own.
            4 => {}
            5 => series.metadata = Some(decode_metadata(field.bytes(5)?, symbols)?),
            _ => {}
        }
    }
    series.fault = symbols.resolve(series.labels.texts()).err();
    decode_exemplars(message, symbols, series)
}

#[inline]
fn decode_sample(message: &[u8]) -> Result<(Sample, i64), WireError> {
    let mut sample = Sample {
        timestamp: 0,
        value: 0.0,
    };
    let mut start_timestamp = 0;
    let mut reader = Reader::new(message);
    while let Some((number, field)) = reader.next_field()? {
        match (number, field) {
            (1, Field::Fixed64(bits)) => sample.value = f64::from_bits(bits),
            (1, field) => sample.value = field.double(1)?,
            (2, field) => sample.timestamp = field.int64(2)?,
            (3, field) => start_timestamp = field.int64(3)?,
            _ => {}
        }
    }
    Ok((sample, start_timestamp))
}

fn decode_exemplars<'a>(
    message: &'a [u8],
    symbols: &mut Symbols<'a>,
    series: &mut Series<'a>,
) -> Result<(), WireError> {
    let mut reader = Reader::new(message);
    while let Some((number, field)) = reader.next_field()? {
        if number != 4 {
            continue;
        }
        symbols.references.clear();
        let (mut value, mut timestamp) = (0.0, 0);
        let mut fields = Reader::new(field.bytes(4)?);
        while let Some((number, field)) = fields.next_field()? {
            match number {
                1 => symbols.add_references(field)?,
                2 => value = field.double(2)?,
                3 => timestamp = field.int64(3)?,
                _ => {}
            }
        }
        let texts = &mut series.exemplars.texts;
        let start = texts.len();
        let fault = symbols.resolve(texts).err();
        let labels = start..texts.len();
        series.exemplars.list.push(SentExemplar {
            value,
            timestamp,
            fault,
            labels,
        });
    }
    Ok(())
}

/// References that lead nowhere leave their text empty: metadata refuses no sample.
fn decode_metadata<'a>(message: &'a [u8], symbols: &Symbols<'a>) -> Result<Metadata<'a>, WireError> {
    let mut out = Metadata {
        family: &[],
        kind: kind(0),
        help: &[],
        unit: &[],
    };
    let mut reader = Reader::new(message);
    while let Some((number, field)) = reader.next_field()? {
        match number {
            1 => out.kind = kind(field.int64(1)?),
            3 => out.help = symbols.get(field.int64(3)? as u64).unwrap_or_default(),
            4 => out.unit = symbols.get(field.int64(4)? as u64).unwrap_or_default(),
            _ => {}
        }
    }
    Ok(out)
}

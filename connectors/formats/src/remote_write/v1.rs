//! `prometheus.WriteRequest`: decoded series by series without copying, and encoded.

use engine_model::Labels;

use crate::protobuf::{Field, Reader, WireError, Writer};

/// The `proto` parameter of the content type.
pub const MESSAGE_NAME: &str = "prometheus.WriteRequest";

/// One float sample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    /// Milliseconds since the epoch.
    pub timestamp: i64,
    /// The value; NaN payloads are kept.
    pub value: f64,
}

/// One series of a request.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TimeSeries<'a> {
    /// Label names and values as sent: unchecked, in any order.
    pub labels: Vec<(&'a [u8], &'a [u8])>,
    /// Its float samples, as sent.
    pub samples: Vec<Sample>,
    /// Native histogram samples that came with it, which are not decoded.
    pub histograms: usize,
}

/// What a request held beside float samples. None of it is stored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NotStored {
    /// Exemplars.
    pub exemplars: usize,
    /// Native histogram samples.
    pub histograms: usize,
    /// Metric metadata entries.
    pub metadata: usize,
}

/// Walks a decompressed request and hands each series to `visit`. The series' buffers are used again
/// for the next one. Unknown fields are skipped, as protobuf asks.
pub fn decode<'a>(message: &'a [u8], mut visit: impl FnMut(&TimeSeries<'a>)) -> Result<NotStored, WireError> {
    let mut not_stored = NotStored::default();
    let mut series = TimeSeries::default();
    let mut reader = Reader::new(message);
    while let Some((number, field)) = reader.next_field()? {
        match number {
            1 => {
                not_stored.exemplars += decode_series(field.bytes(1)?, &mut series)?;
                not_stored.histograms += series.histograms;
                visit(&series);
            }
            3 => {
                field.bytes(3)?;
                not_stored.metadata += 1;
            }
            _ => {}
        }
    }
    Ok(not_stored)
}

/// Fills `series`; returns the number of exemplars.
fn decode_series<'a>(message: &'a [u8], series: &mut TimeSeries<'a>) -> Result<usize, WireError> {
    series.labels.clear();
    series.samples.clear();
    series.histograms = 0;
    let mut exemplars = 0;
    let mut reader = Reader::new(message);
    while let Some((number, field)) = reader.next_field()? {
        match number {
            1 => series.labels.push(decode_label(field.bytes(1)?)?),
            2 => series.samples.push(decode_sample(field.bytes(2)?)?),
            3 => {
                field.bytes(3)?;
                exemplars += 1;
            }
            4 => {
                field.bytes(4)?;
                series.histograms += 1;
            }
            _ => {}
        }
    }
    Ok(exemplars)
}

#[inline]
fn decode_label(message: &[u8]) -> Result<(&[u8], &[u8]), WireError> {
    let (mut name, mut value): (&[u8], &[u8]) = (&[], &[]);
    let mut reader = Reader::new(message);
    while let Some((number, field)) = reader.next_field()? {
        match number {
            1 => name = field.bytes(1)?,
            2 => value = field.bytes(2)?,
            _ => {}
        }
    }
    Ok((name, value))
}

#[inline]
fn decode_sample(message: &[u8]) -> Result<Sample, WireError> {
    let mut sample = Sample {
        timestamp: 0,
        value: 0.0,
    };
    let mut reader = Reader::new(message);
    while let Some((number, field)) = reader.next_field()? {
        match (number, field) {
            (1, Field::Fixed64(bits)) => sample.value = f64::from_bits(bits),
            (1, field) => sample.value = field.double(1)?,
            (2, field) => sample.timestamp = field.int64(2)?,
            _ => {}
        }
    }
    Ok(sample)
}

/// Encodes a request, not yet compressed.
pub fn encode<'s>(series: impl IntoIterator<Item = (&'s Labels, &'s [Sample])>) -> Vec<u8> {
    let mut request = Writer::default();
    let mut message = Writer::default();
    let mut part = Writer::default();
    for (labels, samples) in series {
        message.clear();
        for (name, value) in labels {
            part.clear();
            part.bytes_field(1, name.as_bytes());
            part.bytes_field(2, value.as_bytes());
            message.bytes_field(1, part.as_slice());
        }
        for sample in samples {
            part.clear();
            part.double_field(1, sample.value);
            part.int64_field(2, sample.timestamp);
            message.bytes_field(2, part.as_slice());
        }
        request.bytes_field(1, message.as_slice());
    }
    request.into_bytes()
}

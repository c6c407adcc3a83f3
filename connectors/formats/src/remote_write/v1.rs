//! `prometheus.WriteRequest`: decoded series by series without copying, and encoded.

use engine_model::histogram::Histogram;
use engine_model::{Exemplar, Labels};

use super::exemplar::SentExemplar;
use super::histogram::{self, SentHistogram};
use super::labels::{pair, put_text};
use super::metadata::Metadata;
pub use super::series::Sample;
use super::series::Series;
use crate::protobuf::{Field, Reader, WireError, Writer};

/// The `proto` parameter of the content type.
pub const MESSAGE_NAME: &str = "prometheus.WriteRequest";

/// The tag of a label field.
const LABEL_TAG: u8 = 1 << 3 | 2;
/// The tags of a sample's fields.
const VALUE_TAG: u8 = 1 << 3 | 1;
const TIMESTAMP_TAG: u8 = 2 << 3;

/// Walks a decompressed request: hands each series to `visit` and what is said of metrics to `metadata`. The
/// series' buffers are used again for the next one. Unknown fields are skipped, as protobuf asks.
///
/// # Errors
/// The message is damaged, or what `visit` returned.
pub fn decode<'a>(
    message: &'a [u8],
    mut visit: impl FnMut(&Series<'a>) -> Result<(), WireError>,
    mut metadata: impl FnMut(Metadata<'a>),
) -> Result<(), WireError> {
    let mut series = Series::default();
    let mut reader = Reader::new(message);
    while let Some((number, field)) = reader.next_field()? {
        match number {
            1 => {
                decode_series(field.bytes(1)?, &mut series)?;
                visit(&series)?;
            }
            3 => metadata(Metadata::decode_v1(field.bytes(3)?)?),
            _ => {}
        }
    }
    Ok(())
}

fn decode_series<'a>(message: &'a [u8], series: &mut Series<'a>) -> Result<(), WireError> {
    series.clear();
    let mut reader = Reader::new(message);
    loop {
        reader.skip_short_fields(LABEL_TAG);
        if reader.rest().first() != Some(&LABEL_TAG) {
            break;
        }
        reader.next_field()?;
    }
    series
        .labels
        .set_piece(&message[..message.len() - reader.rest().len()]);
    loop {
        let before = reader.rest();
        let Some((number, field)) = reader.next_field()? else {
            return Ok(());
        };
        match number {
            1 => {
                field.bytes(1)?;
                series
                    .labels
                    .add_field(&before[..before.len() - reader.rest().len()]);
            }
            2 => {
                let sample = decode_sample(field.bytes(2)?)?;
                series.push_sample(sample, 0);
            }
            3 => decode_exemplar(field.bytes(3)?, series)?,
            4 => series.histograms.push(SentHistogram::new(field.bytes(4)?)?),
            _ => {}
        }
    }
}

#[inline]
fn decode_sample(message: &[u8]) -> Result<Sample, WireError> {
    // Value and time in the order of their numbers, as every sender writes them.
    if let Some((&[VALUE_TAG, value @ .., TIMESTAMP_TAG], timestamp)) = message.split_first_chunk::<10>() {
        let mut reader = Reader::new(timestamp);
        let timestamp = reader.varint()? as i64;
        if reader.rest().is_empty() {
            let value = f64::from_le_bytes(value);
            return Ok(Sample { timestamp, value });
        }
    }
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

fn decode_exemplar(message: &[u8], series: &mut Series<'_>) -> Result<(), WireError> {
    let texts = &mut series.exemplars.texts;
    let start = texts.len();
    let (mut value, mut timestamp) = (0.0, 0);
    let mut reader = Reader::new(message);
    while let Some((number, field)) = reader.next_field()? {
        match number {
            1 => {
                let (name, value) = pair(field.bytes(1)?)?;
                put_text(texts, name);
                put_text(texts, value);
            }
            2 => value = field.double(2)?,
            3 => timestamp = field.int64(3)?,
            _ => {}
        }
    }
    let labels = start..texts.len();
    series.exemplars.list.push(SentExemplar {
        value,
        timestamp,
        fault: None,
        labels,
    });
    Ok(())
}

/// Encodes a request of float samples, not yet compressed.
pub fn encode<'s>(series: impl IntoIterator<Item = (&'s Labels, &'s [Sample])>) -> Vec<u8> {
    encode_series(series.into_iter().map(|(labels, samples)| Sent {
        labels,
        samples,
        histograms: &[],
        exemplars: &[],
    }))
}

/// One series to be sent.
#[derive(Debug, Clone, Copy)]
pub struct Sent<'s> {
    /// Its labels.
    pub labels: &'s Labels,
    /// Its float samples.
    pub samples: &'s [Sample],
    /// Its native histograms, each with its time in ms.
    pub histograms: &'s [(i64, Histogram)],
    /// Its exemplars, whatever series they name.
    pub exemplars: &'s [Exemplar],
}

/// Encodes a request, not yet compressed.
pub fn encode_series<'s>(series: impl IntoIterator<Item = Sent<'s>>) -> Vec<u8> {
    let mut request = Writer::default();
    let mut message = Writer::default();
    let mut part = Writer::default();
    for sent in series {
        message.clear();
        put_labels(&mut message, sent.labels);
        for sample in sent.samples {
            part.clear();
            part.double_field(1, sample.value);
            part.int64_field(2, sample.timestamp);
            message.bytes_field(2, part.as_slice());
        }
        for exemplar in sent.exemplars {
            part.clear();
            put_labels(&mut part, &exemplar.labels);
            part.double_field(2, exemplar.value);
            part.int64_field(3, exemplar.timestamp);
            message.bytes_field(3, part.as_slice());
        }
        for (timestamp, sample) in sent.histograms {
            message.bytes_field(4, histogram::encode(sample, *timestamp, 0).as_slice());
        }
        request.bytes_field(1, message.as_slice());
    }
    request.into_bytes()
}

fn put_labels(message: &mut Writer, labels: &Labels) {
    for (name, value) in labels {
        let mut label = Writer::default();
        label.bytes_field(1, name.as_bytes());
        label.bytes_field(2, value.as_bytes());
        message.bytes_field(1, label.as_slice());
    }
}

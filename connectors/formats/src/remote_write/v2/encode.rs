//! Encodes a request of version 2.0.

use std::collections::HashMap;

use engine_model::histogram::Histogram;
use engine_model::{Exemplar, Labels};

use crate::protobuf::Writer;
use crate::remote_write::histogram;
use crate::remote_write::series::Sample;

/// One series to be sent.
#[derive(Debug, Clone, Copy)]
pub struct Sent<'s> {
    /// Its labels.
    pub labels: &'s Labels,
    /// Its float samples.
    pub samples: &'s [Sample],
    /// When what its float samples count began, ms; 0 when it is not said.
    pub start_timestamp: i64,
    /// Its native histograms, each with its time in ms.
    pub histograms: &'s [(i64, Histogram)],
    /// Its exemplars, whatever series they name.
    pub exemplars: &'s [Exemplar],
    /// Number of its type, its help, its unit.
    pub metadata: Option<(u8, &'s str, &'s str)>,
}

/// Texts with their positions.
#[derive(Default)]
struct Table<'s> {
    positions: HashMap<&'s str, u64>,
    texts: Vec<&'s str>,
}

impl<'s> Table<'s> {
    fn position(&mut self, text: &'s str) -> u64 {
        *self.positions.entry(text).or_insert_with(|| {
            self.texts.push(text);
            self.texts.len() as u64 - 1
        })
    }

    fn references(&mut self, labels: &'s Labels) -> Vec<u64> {
        let mut references = Vec::new();
        for (name, value) in labels {
            references.push(self.position(name));
            references.push(self.position(value));
        }
        references
    }
}

/// Encodes a request, not yet compressed.
pub fn encode<'s>(series: impl IntoIterator<Item = Sent<'s>>) -> Vec<u8> {
    let mut table = Table::default();
    table.position("");
    let mut messages = Vec::new();
    for sent in series {
        let mut message = Writer::default();
        message.packed_varints_field(1, table.references(sent.labels).into_iter());
        for sample in sent.samples {
            let mut part = Writer::default();
            part.double_field(1, sample.value);
            part.int64_field(2, sample.timestamp);
            if sent.start_timestamp != 0 {
                part.int64_field(3, sent.start_timestamp);
            }
            message.bytes_field(2, part.as_slice());
        }
        for (timestamp, sample) in sent.histograms {
            let part = histogram::encode(sample, *timestamp, sent.start_timestamp);
            message.bytes_field(3, part.as_slice());
        }
        for exemplar in sent.exemplars {
            let mut part = Writer::default();
            part.packed_varints_field(1, table.references(&exemplar.labels).into_iter());
            part.double_field(2, exemplar.value);
            part.int64_field(3, exemplar.timestamp);
            message.bytes_field(4, part.as_slice());
        }
        if let Some((kind, help, unit)) = sent.metadata {
            let mut part = Writer::default();
            part.int64_field(1, i64::from(kind));
            part.int64_field(3, table.position(help) as i64);
            part.int64_field(4, table.position(unit) as i64);
            message.bytes_field(5, part.as_slice());
        }
        messages.push(message);
    }
    let mut request = Writer::default();
    for text in table.texts {
        request.bytes_field(4, text.as_bytes());
    }
    for message in messages {
        request.bytes_field(5, message.as_slice());
    }
    request.into_bytes()
}

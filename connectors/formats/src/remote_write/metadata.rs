//! What senders say of a metric: its type, help and unit.

use crate::protobuf::{Reader, WireError};

/// What a sender says of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metadata<'a> {
    /// Name of the metric family; empty in version 2.0, where it is the series' own.
    pub family: &'a [u8],
    /// The type as Prometheus spells it, such as `counter`; `unknown` when it is not said.
    pub kind: &'static str,
    /// The help text.
    pub help: &'a [u8],
    /// The unit.
    pub unit: &'a [u8],
}

impl<'a> Metadata<'a> {
    /// The type; empty when it is not said.
    pub fn known_kind(&self) -> &'static str {
        match self.kind {
            "unknown" => "",
            known => known,
        }
    }

    /// Whether it says a type or a unit.
    pub fn has_type_or_unit(&self) -> bool {
        !(self.known_kind().is_empty() && self.unit.is_empty())
    }

    /// A `MetricMetadata` message of version 1.0.
    pub(super) fn decode_v1(message: &'a [u8]) -> Result<Self, WireError> {
        let mut out = Self {
            family: &[],
            kind: kind(0),
            help: &[],
            unit: &[],
        };
        let mut reader = Reader::new(message);
        while let Some((number, field)) = reader.next_field()? {
            match number {
                1 => out.kind = kind(field.int64(1)?),
                2 => out.family = field.bytes(2)?,
                4 => out.help = field.bytes(4)?,
                5 => out.unit = field.bytes(5)?,
                _ => {}
            }
        }
        Ok(out)
    }
}

/// The name of a type, which both versions number alike.
pub(super) fn kind(number: i64) -> &'static str {
    match number {
        1 => "counter",
        2 => "gauge",
        3 => "histogram",
        4 => "gaugehistogram",
        5 => "summary",
        6 => "info",
        7 => "stateset",
        _ => "unknown",
    }
}

//! A metric family's message: what is said of it, and where its metrics are.

use crate::exposition::error::excerpt;
use crate::exposition::{MetricType, Reason};
use crate::protobuf::{Reader, WireError};

/// A family whose metrics are not read yet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Family<'a> {
    pub(super) name: &'a str,
    pub(super) help: &'a str,
    pub(super) unit: &'a str,
    pub(super) metric_type: MetricType,
    message: Reader<'a>,
}

impl<'a> Family<'a> {
    /// Reads what is said of the family; `None` when it has no metrics.
    pub(super) fn new(message: &'a [u8]) -> Result<Option<Self>, Reason> {
        let (mut name, mut help, mut unit): (&[u8], &[u8], &[u8]) = (b"", b"", b"");
        let (mut number, mut metrics) = (0, 0usize);
        let mut reader = Reader::new(message);
        while let Some((field_number, field)) = reader.next_field()? {
            match field_number {
                1 => name = field.bytes(1)?,
                2 => help = field.bytes(2)?,
                3 => number = field.int64(3)? as u64,
                4 => {
                    field.bytes(4)?;
                    metrics += 1;
                }
                5 => unit = field.bytes(5)?,
                _ => {}
            }
        }
        if metrics == 0 {
            return Ok(None);
        }
        let family = Self {
            name: utf8(name, "metric name")?,
            help: utf8(help, "help text")?,
            unit: utf8(unit, "unit")?,
            metric_type: metric_type(number).ok_or_else(|| Reason::TypeNumber {
                name: excerpt(name),
                number,
            })?,
            message: Reader::new(message),
        };
        if family.name.is_empty() {
            return Err(Reason::NameMissing(excerpt(name)));
        }
        match family.unit_fits() {
            true => Ok(Some(family)),
            false => Err(Reason::Unit {
                unit: excerpt(unit),
                name: excerpt(name),
            }),
        }
    }

    /// The message of the next metric.
    pub(super) fn next_metric(&mut self) -> Result<Option<&'a [u8]>, WireError> {
        while let Some((number, field)) = self.message.next_field()? {
            if number == 4 {
                return field.bytes(4).map(Some);
            }
        }
        Ok(None)
    }

    /// A name must end with its unit; a counter's may have `_total` after it.
    fn unit_fits(&self) -> bool {
        let name = match self.metric_type {
            MetricType::Counter => self.name.strip_suffix("_total").unwrap_or(self.name),
            _ => self.name,
        };
        self.unit.is_empty()
            || name
                .strip_suffix(self.unit)
                .is_some_and(|rest| rest.ends_with('_'))
    }
}

fn metric_type(number: u64) -> Option<MetricType> {
    Some(match number {
        0 => MetricType::Counter,
        1 => MetricType::Gauge,
        2 => MetricType::Summary,
        3 => MetricType::Untyped,
        4 => MetricType::Histogram,
        5 => MetricType::GaugeHistogram,
        _ => return None,
    })
}

pub(super) fn utf8<'a>(bytes: &'a [u8], what: &'static str) -> Result<&'a str, Reason> {
    std::str::from_utf8(bytes).map_err(|_| Reason::Utf8 {
        what,
        got: excerpt(bytes),
    })
}

//! Which lines of a text are one classic histogram: neighbours of a histogram family whose labels are equal
//! but for `le`.

use engine_model::histogram::Histogram;

use super::classic::ClassicHistogram;
use crate::exposition::float::parse_value;
use crate::exposition::raw_labels::RawSeries;
use crate::exposition::{Exemplar, MetricType};

/// What a line says of a histogram.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Part {
    Bucket(f64),
    Count,
    Sum,
}

/// A finished histogram.
#[derive(Debug, Clone)]
pub(crate) struct Collated<'a> {
    pub(crate) histogram: Histogram,
    pub(crate) timestamp: Option<i64>,
    pub(crate) started_ms: Option<i64>,
    pub(crate) exemplars: Vec<Exemplar<'a>>,
}

/// Collects the lines of one histogram after the other.
#[derive(Debug, Clone, Default)]
pub(crate) struct Collator<'a> {
    /// The family whose type was said last, when it is a histogram.
    family: Option<&'a str>,
    open: Option<Open<'a>>,
    classic: ClassicHistogram,
    /// The series of the open histogram as a text would write it.
    series: Vec<u8>,
}

#[derive(Debug, Clone)]
struct Open<'a> {
    labels_hash: u64,
    timestamp: Option<i64>,
    started_ms: Option<i64>,
    exemplars: Vec<Exemplar<'a>>,
}

impl<'a> Collator<'a> {
    /// Notes a type line; the open histogram must be taken before.
    pub(crate) fn set_type(&mut self, family: &'a str, metric_type: MetricType) {
        self.family = (metric_type == MetricType::Histogram).then_some(family);
    }

    /// What a series is to a histogram, and what tells its histogram from others.
    pub(crate) fn classify(&self, series: &[u8]) -> Option<(Part, u64)> {
        let raw = RawSeries::new(series)?;
        let suffix = raw.name.strip_prefix(self.family?.as_bytes())?;
        let part = match suffix {
            b"_count" => Part::Count,
            b"_sum" => Part::Sum,
            b"_bucket" => {
                let bound = raw.labels().find(|label| label.name == b"le")?;
                Part::Bucket(parse_value(bound.value).filter(|bound| !bound.is_nan())?)
            }
            _ => return None,
        };
        Some((part, raw.hash_without(b"le")))
    }

    /// Whether a histogram is open that lines of this hash do not belong to.
    pub(crate) fn is_ended_by(&self, line: Option<u64>) -> bool {
        self.open
            .as_ref()
            .is_some_and(|open| line != Some(open.labels_hash))
    }

    /// Takes a line of the open histogram, or of the next one when none is open.
    pub(crate) fn take(&mut self, line: Line<'_, 'a>) {
        if self.open.is_none() {
            self.classic.clear();
            self.open = Some(Open {
                labels_hash: line.labels_hash,
                timestamp: line.timestamp,
                started_ms: line.started_ms,
                exemplars: Vec::new(),
            });
            write_base(&mut self.series, line.series, self.family.unwrap_or_default());
        }
        match line.part {
            Part::Bucket(bound) => self.classic.set_bucket(bound, line.value),
            Part::Count => self.classic.set_count(line.value),
            Part::Sum => self.classic.set_sum(line.value),
        }
        if let Some(open) = &mut self.open {
            open.timestamp = line.timestamp;
            open.exemplars.extend(line.exemplars);
        }
    }

    /// Ends the open histogram; `None` when there is none, or none that is valid.
    pub(crate) fn finish(&mut self) -> Option<Collated<'a>> {
        let open = self.open.take()?;
        Some(Collated {
            histogram: self.classic.convert()?,
            timestamp: open.timestamp,
            started_ms: open.started_ms,
            exemplars: open.exemplars,
        })
    }

    /// The series of the latest finished histogram.
    pub(crate) fn series(&self) -> &[u8] {
        &self.series
    }
}

/// A line that belongs to a histogram.
#[derive(Debug)]
pub(crate) struct Line<'s, 'a> {
    pub(crate) series: &'s [u8],
    pub(crate) part: Part,
    pub(crate) labels_hash: u64,
    pub(crate) value: f64,
    pub(crate) timestamp: Option<i64>,
    pub(crate) started_ms: Option<i64>,
    pub(crate) exemplars: Vec<Exemplar<'a>>,
}

/// Writes `{"family",labels but le}`: the series of the histogram that a line belongs to.
fn write_base(out: &mut Vec<u8>, series: &[u8], family: &str) {
    out.clear();
    out.extend_from_slice(b"{\"");
    out.extend_from_slice(family.as_bytes());
    out.push(b'"');
    if let Some(raw) = RawSeries::new(series) {
        for label in raw.labels().filter(|label| label.name != b"le") {
            out.push(b',');
            out.extend_from_slice(label.written);
        }
    }
    out.push(b'}');
}

//! One metric's message: labels left alone, value, summary or histogram taken apart.

use engine_model::histogram::{Counts, Histogram, ResetHint, Span};

use crate::exposition::MetricType;
use crate::protobuf::histogram_parts::{deltas, doubles, from_zigzag, span};
use crate::protobuf::{Field, Reader, WireError};

/// A quantile of a summary or a bucket of a classic histogram.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part<'a> {
    /// The quantile, or the bucket's upper bound.
    pub(super) bound: f64,
    pub(super) value: f64,
    /// The message of a bucket's exemplar.
    pub(super) exemplar: Option<&'a [u8]>,
}

/// A metric; its buffers serve the next one again.
#[derive(Debug, Clone, Default)]
pub(super) struct Metric<'a> {
    /// Messages of its labels.
    pub(super) labels: Vec<&'a [u8]>,
    /// Milliseconds since the epoch; 0 is none.
    pub(super) timestamp: i64,
    /// The value of a plain metric, the sum of a summary or histogram.
    pub(super) value: f64,
    /// Observations of a summary or histogram.
    pub(super) count: f64,
    pub(super) parts: Vec<Part<'a>>,
    /// When it started, in ms.
    pub(super) started_ms: Option<i64>,
    /// The exemplar of a counter.
    pub(super) exemplar: Option<&'a [u8]>,
    /// Exemplars of a native histogram.
    pub(super) native_exemplars: Vec<&'a [u8]>,
    /// The histogram's message.
    histogram: &'a [u8],
    /// Whether the histogram has what only native ones have.
    pub(super) is_native: bool,
}

impl<'a> Metric<'a> {
    /// Reads a metric of a family of this type.
    pub(super) fn read(&mut self, message: &'a [u8], metric_type: MetricType) -> Result<(), WireError> {
        self.clear();
        let wanted = match metric_type {
            MetricType::Gauge => 2,
            MetricType::Counter => 3,
            MetricType::Summary => 4,
            MetricType::Histogram | MetricType::GaugeHistogram => 7,
            _ => 5,
        };
        let mut body: &[u8] = b"";
        let mut reader = Reader::new(message);
        while let Some((number, field)) = reader.next_field()? {
            match number {
                1 => self.labels.push(field.bytes(1)?),
                6 => self.timestamp = field.int64(6)?,
                _ if number == wanted => body = field.bytes(number)?,
                _ => {}
            }
        }
        match wanted {
            4 => self.read_summary(body),
            7 => self.read_histogram(body),
            _ => self.read_plain(body, wanted == 3),
        }
    }

    fn clear(&mut self) {
        let (mut labels, mut parts) = (std::mem::take(&mut self.labels), std::mem::take(&mut self.parts));
        let mut native_exemplars = std::mem::take(&mut self.native_exemplars);
        labels.clear();
        parts.clear();
        native_exemplars.clear();
        *self = Self {
            labels,
            parts,
            native_exemplars,
            ..Self::default()
        };
    }

    fn read_plain(&mut self, body: &'a [u8], is_counter: bool) -> Result<(), WireError> {
        let mut reader = Reader::new(body);
        while let Some((number, field)) = reader.next_field()? {
            match number {
                1 => self.value = field.double(1)?,
                2 if is_counter => self.exemplar = Some(field.bytes(2)?),
                3 if is_counter => self.started_ms = Some(timestamp_ms(field.bytes(3)?)?),
                _ => {}
            }
        }
        Ok(())
    }

    fn read_summary(&mut self, body: &'a [u8]) -> Result<(), WireError> {
        let mut reader = Reader::new(body);
        while let Some((number, field)) = reader.next_field()? {
            match number {
                1 => self.count = field.int64(1)? as u64 as f64,
                2 => self.value = field.double(2)?,
                3 => self.parts.push(quantile(field.bytes(3)?)?),
                4 => self.started_ms = Some(timestamp_ms(field.bytes(4)?)?),
                _ => {}
            }
        }
        Ok(())
    }

    /// The classic half; the native one is read when somebody asks for it.
    fn read_histogram(&mut self, body: &'a [u8]) -> Result<(), WireError> {
        self.histogram = body;
        let (mut count, mut count_float) = (0u64, 0.0);
        let mut reader = Reader::new(body);
        while let Some((number, field)) = reader.next_field()? {
            match number {
                1 => count = field.int64(1)? as u64,
                2 => self.value = field.double(2)?,
                3 => self.parts.push(bucket(field.bytes(3)?)?),
                4 => count_float = field.double(4)?,
                6 => self.is_native |= field.double(6)? > 0.0,
                7 => self.is_native |= field.int64(7)? != 0,
                8 => self.is_native |= field.double(8)? > 0.0,
                9 | 12 => {
                    field.bytes(number)?;
                    self.is_native = true;
                }
                15 => self.started_ms = Some(timestamp_ms(field.bytes(15)?)?),
                16 => self.native_exemplars.push(field.bytes(16)?),
                _ => {}
            }
        }
        self.count = if count_float == 0.0 {
            count as f64
        } else {
            count_float
        };
        Ok(())
    }

    /// The native histogram: of floats where a float count or zero count is there.
    pub(super) fn native(&self, is_gauge: bool) -> Result<Histogram, WireError> {
        let mut out = Native::default();
        let mut reader = Reader::new(self.histogram);
        while let Some((number, field)) = reader.next_field()? {
            out.take(number, field)?;
        }
        Ok(out.finish(self.value, is_gauge))
    }
}

/// The fields of a native histogram.
#[derive(Default)]
struct Native {
    count: u64,
    count_float: f64,
    zero: u64,
    zero_float: f64,
    schema: i32,
    zero_threshold: f64,
    negative_spans: Vec<Span>,
    negative_deltas: Vec<i64>,
    negative_counts: Vec<f64>,
    positive_spans: Vec<Span>,
    positive_deltas: Vec<i64>,
    positive_counts: Vec<f64>,
}

impl Native {
    fn take(&mut self, number: u32, field: Field<'_>) -> Result<(), WireError> {
        match number {
            1 => self.count = field.int64(1)? as u64,
            4 => self.count_float = field.double(4)?,
            5 => self.schema = from_zigzag(field.int64(5)? as u64) as i32,
            6 => self.zero_threshold = field.double(6)?,
            7 => self.zero = field.int64(7)? as u64,
            8 => self.zero_float = field.double(8)?,
            9 => self.negative_spans.push(span(field.bytes(9)?)?),
            10 => deltas(field, 10, &mut self.negative_deltas)?,
            11 => doubles(field, 11, &mut self.negative_counts)?,
            12 => self.positive_spans.push(span(field.bytes(12)?)?),
            13 => deltas(field, 13, &mut self.positive_deltas)?,
            14 => doubles(field, 14, &mut self.positive_counts)?,
            _ => {}
        }
        Ok(())
    }

    fn finish(self, sum: f64, is_gauge: bool) -> Histogram {
        let counts = if self.count_float > 0.0 || self.zero_float > 0.0 {
            Counts::Float {
                count: self.count_float,
                zero: self.zero_float,
                positive: self.positive_counts,
                negative: self.negative_counts,
            }
        } else {
            Counts::Integer {
                count: self.count,
                zero: self.zero,
                positive: self.positive_deltas,
                negative: self.negative_deltas,
            }
        };
        Histogram {
            schema: self.schema,
            reset_hint: if is_gauge {
                ResetHint::Gauge
            } else {
                ResetHint::Unknown
            },
            zero_threshold: self.zero_threshold,
            sum,
            positive_spans: self.positive_spans,
            negative_spans: self.negative_spans,
            custom_values: Vec::new(),
            counts,
        }
    }
}

fn quantile<'a>(message: &'a [u8]) -> Result<Part<'a>, WireError> {
    let mut out = Part {
        bound: 0.0,
        value: 0.0,
        exemplar: None,
    };
    let mut reader = Reader::new(message);
    while let Some((number, field)) = reader.next_field()? {
        match number {
            1 => out.bound = field.double(1)?,
            2 => out.value = field.double(2)?,
            _ => {}
        }
    }
    Ok(out)
}

fn bucket(message: &[u8]) -> Result<Part<'_>, WireError> {
    let (mut count, mut count_float) = (0u64, 0.0);
    let mut out = Part {
        bound: 0.0,
        value: 0.0,
        exemplar: None,
    };
    let mut reader = Reader::new(message);
    while let Some((number, field)) = reader.next_field()? {
        match number {
            1 => count = field.int64(1)? as u64,
            2 => out.bound = field.double(2)?,
            3 => out.exemplar = Some(field.bytes(3)?),
            4 => count_float = field.double(4)?,
            _ => {}
        }
    }
    out.value = if count_float == 0.0 {
        count as f64
    } else {
        count_float
    };
    Ok(out)
}

/// A `google.protobuf.Timestamp` in ms.
pub(super) fn timestamp_ms(message: &[u8]) -> Result<i64, WireError> {
    let (mut seconds, mut nanos) = (0i64, 0i64);
    let mut reader = Reader::new(message);
    while let Some((number, field)) = reader.next_field()? {
        match number {
            1 => seconds = field.int64(1)?,
            2 => nanos = field.int64(2)?,
            _ => {}
        }
    }
    Ok(seconds.saturating_mul(1000).saturating_add(nanos / 1_000_000))
}

/// A label's or a label pair's name and value.
pub(super) fn pair(message: &[u8]) -> Result<(&[u8], &[u8]), WireError> {
    let (mut name, mut value): (&[u8], &[u8]) = (b"", b"");
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

//! The `Histogram` message, which both versions share, and the native histogram that it stands for.

use engine_model::histogram::{Counts, Histogram, ResetHint, Span};

use crate::protobuf::histogram_parts::{deltas, doubles, from_zigzag, put_spans, span, to_zigzag};
use crate::protobuf::{Field, Reader, WireError, Writer};

/// A native histogram as it is sent; decoded when somebody asks for it.
#[derive(Debug, Clone, Copy)]
pub struct SentHistogram<'a> {
    /// Milliseconds since the epoch.
    pub timestamp: i64,
    /// When what it counts began, ms; 0 when it is not said.
    pub start_timestamp: i64,
    message: &'a [u8],
}

impl<'a> SentHistogram<'a> {
    pub(super) fn new(message: &'a [u8]) -> Result<Self, WireError> {
        let mut out = Self {
            timestamp: 0,
            start_timestamp: 0,
            message,
        };
        let mut reader = Reader::new(message);
        while let Some((number, field)) = reader.next_field()? {
            match number {
                15 => out.timestamp = field.int64(15)?,
                17 => out.start_timestamp = field.int64(17)?,
                _ => {}
            }
        }
        Ok(out)
    }

    /// The histogram, not yet validated. What it takes is at most eight times the message.
    pub fn decode(&self) -> Result<Histogram, WireError> {
        let mut parts = Parts::default();
        let mut reader = Reader::new(self.message);
        while let Some((number, field)) = reader.next_field()? {
            parts.take(number, field)?;
        }
        Ok(parts.finish())
    }
}

/// The fields of the message.
#[derive(Default)]
struct Parts {
    /// Whether the count was sent as a float: that decides the kind of histogram.
    is_float: bool,
    count_integer: u64,
    count_float: f64,
    zero_integer: u64,
    zero_float: f64,
    sum: f64,
    schema: i32,
    zero_threshold: f64,
    negative_spans: Vec<Span>,
    negative_deltas: Vec<i64>,
    negative_counts: Vec<f64>,
    positive_spans: Vec<Span>,
    positive_deltas: Vec<i64>,
    positive_counts: Vec<f64>,
    reset_hint: ResetHint,
    custom_values: Vec<f64>,
}

impl Parts {
    fn take(&mut self, number: u32, field: Field<'_>) -> Result<(), WireError> {
        match number {
            1 => {
                self.is_float = false;
                self.count_integer = field.int64(1)? as u64;
            }
            2 => {
                self.is_float = true;
                self.count_float = field.double(2)?;
            }
            3 => self.sum = field.double(3)?,
            4 => self.schema = from_zigzag(field.int64(4)? as u64) as i32,
            5 => self.zero_threshold = field.double(5)?,
            6 => self.zero_integer = field.int64(6)? as u64,
            7 => self.zero_float = field.double(7)?,
            8 => self.negative_spans.push(span(field.bytes(8)?)?),
            9 => deltas(field, 9, &mut self.negative_deltas)?,
            10 => doubles(field, 10, &mut self.negative_counts)?,
            11 => self.positive_spans.push(span(field.bytes(11)?)?),
            12 => deltas(field, 12, &mut self.positive_deltas)?,
            13 => doubles(field, 13, &mut self.positive_counts)?,
            14 => self.reset_hint = hint(field.int64(14)?),
            16 => doubles(field, 16, &mut self.custom_values)?,
            _ => {}
        }
        Ok(())
    }

    fn finish(self) -> Histogram {
        let counts = if self.is_float {
            Counts::Float {
                count: self.count_float,
                zero: self.zero_float,
                positive: self.positive_counts,
                negative: self.negative_counts,
            }
        } else {
            Counts::Integer {
                count: self.count_integer,
                zero: self.zero_integer,
                positive: self.positive_deltas,
                negative: self.negative_deltas,
            }
        };
        Histogram {
            schema: self.schema,
            reset_hint: self.reset_hint,
            zero_threshold: self.zero_threshold,
            sum: self.sum,
            positive_spans: self.positive_spans,
            negative_spans: self.negative_spans,
            custom_values: self.custom_values,
            counts,
        }
    }
}

fn hint(number: i64) -> ResetHint {
    match number {
        1 => ResetHint::Reset,
        2 => ResetHint::NotReset,
        3 => ResetHint::Gauge,
        _ => ResetHint::Unknown,
    }
}

/// Encodes a `Histogram` message; start timestamp 0 means that it is not said.
pub(super) fn encode(histogram: &Histogram, timestamp: i64, start_timestamp: i64) -> Writer {
    let mut out = Writer::default();
    match &histogram.counts {
        Counts::Integer { count, .. } => out.int64_field(1, *count as i64),
        Counts::Float { count, .. } => out.double_field(2, *count),
    }
    out.double_field(3, histogram.sum);
    out.int64_field(4, to_zigzag(i64::from(histogram.schema)));
    out.double_field(5, histogram.zero_threshold);
    match &histogram.counts {
        Counts::Integer { zero, .. } => out.int64_field(6, *zero as i64),
        Counts::Float { zero, .. } => out.double_field(7, *zero),
    }
    put_spans(&mut out, 8, &histogram.negative_spans);
    put_spans(&mut out, 11, &histogram.positive_spans);
    match &histogram.counts {
        Counts::Integer {
            positive, negative, ..
        } => {
            out.packed_varints_field(9, negative.iter().map(|delta| to_zigzag(*delta) as u64));
            out.packed_varints_field(12, positive.iter().map(|delta| to_zigzag(*delta) as u64));
        }
        Counts::Float {
            positive, negative, ..
        } => {
            out.packed_doubles_field(10, negative);
            out.packed_doubles_field(13, positive);
        }
    }
    let hint = match histogram.reset_hint {
        ResetHint::Unknown => 0,
        ResetHint::Reset => 1,
        ResetHint::NotReset => 2,
        ResetHint::Gauge => 3,
    };
    out.int64_field(14, hint);
    out.int64_field(15, timestamp);
    out.packed_doubles_field(16, &histogram.custom_values);
    if start_timestamp != 0 {
        out.int64_field(17, start_timestamp);
    }
    out
}

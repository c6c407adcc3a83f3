//! The `Histogram` message, which both versions share, and the native histogram that it stands for.

use engine_model::histogram::{Counts, Histogram, ResetHint, Span};

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
            4 => self.schema = zigzag(field.int64(4)? as u64) as i32,
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

pub(crate) fn zigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

fn hint(number: i64) -> ResetHint {
    match number {
        1 => ResetHint::Reset,
        2 => ResetHint::NotReset,
        3 => ResetHint::Gauge,
        _ => ResetHint::Unknown,
    }
}

pub(crate) fn span(message: &[u8]) -> Result<Span, WireError> {
    let mut out = Span { offset: 0, length: 0 };
    let mut reader = Reader::new(message);
    while let Some((number, field)) = reader.next_field()? {
        match number {
            1 => out.offset = zigzag(field.int64(1)? as u64) as i32,
            2 => out.length = field.int64(2)? as u32,
            _ => {}
        }
    }
    Ok(out)
}

/// A repeated `sint64`, packed or one by one.
pub(crate) fn deltas(field: Field<'_>, number: u32, out: &mut Vec<i64>) -> Result<(), WireError> {
    let Field::Bytes(packed) = field else {
        out.push(zigzag(field.int64(number)? as u64));
        return Ok(());
    };
    let mut reader = Reader::new(packed);
    while !reader.rest().is_empty() {
        out.push(zigzag(reader.varint()?));
    }
    Ok(())
}

/// A repeated `double`, packed or one by one.
pub(crate) fn doubles(field: Field<'_>, number: u32, out: &mut Vec<f64>) -> Result<(), WireError> {
    let Field::Bytes(packed) = field else {
        out.push(field.double(number)?);
        return Ok(());
    };
    let (eights, rest) = packed.as_chunks::<8>();
    if !rest.is_empty() {
        return Err(WireError::Truncated);
    }
    out.extend(eights.iter().map(|bytes| f64::from_le_bytes(*bytes)));
    Ok(())
}

/// Encodes a `Histogram` message; start timestamp 0 means that it is not said.
pub(super) fn encode(histogram: &Histogram, timestamp: i64, start_timestamp: i64) -> Writer {
    let mut out = Writer::default();
    let spans = |out: &mut Writer, number: u32, spans: &[Span]| {
        for span in spans {
            let mut part = Writer::default();
            part.int64_field(1, unzigzag(i64::from(span.offset)));
            part.int64_field(2, i64::from(span.length));
            out.bytes_field(number, part.as_slice());
        }
    };
    match &histogram.counts {
        Counts::Integer { count, .. } => out.int64_field(1, *count as i64),
        Counts::Float { count, .. } => out.double_field(2, *count),
    }
    out.double_field(3, histogram.sum);
    out.int64_field(4, unzigzag(i64::from(histogram.schema)));
    out.double_field(5, histogram.zero_threshold);
    match &histogram.counts {
        Counts::Integer { zero, .. } => out.int64_field(6, *zero as i64),
        Counts::Float { zero, .. } => out.double_field(7, *zero),
    }
    spans(&mut out, 8, &histogram.negative_spans);
    spans(&mut out, 11, &histogram.positive_spans);
    match &histogram.counts {
        Counts::Integer {
            positive, negative, ..
        } => {
            out.packed_varints_field(9, negative.iter().map(|delta| unzigzag(*delta) as u64));
            out.packed_varints_field(12, positive.iter().map(|delta| unzigzag(*delta) as u64));
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

/// The varint of a signed number, as its bits.
fn unzigzag(value: i64) -> i64 {
    (value << 1) ^ (value >> 63)
}

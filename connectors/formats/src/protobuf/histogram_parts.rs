//! Parts that native histograms have in every message that carries one: spans, differences, counts, signed numbers.

use engine_model::histogram::Span;

use super::{Field, Reader, WireError, Writer};

/// The signed number behind a `sint` varint.
pub(crate) fn from_zigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

/// The bits of the varint of a `sint`.
pub(crate) fn to_zigzag(value: i64) -> i64 {
    (value << 1) ^ (value >> 63)
}

/// Writes a repeated `BucketSpan`.
pub(crate) fn put_spans(message: &mut Writer, number: u32, spans: &[Span]) {
    for span in spans {
        let mut part = Writer::default();
        part.int64_field(1, to_zigzag(i64::from(span.offset)));
        part.int64_field(2, i64::from(span.length));
        message.bytes_field(number, part.as_slice());
    }
}

/// Reads a `BucketSpan`.
pub(crate) fn span(message: &[u8]) -> Result<Span, WireError> {
    let mut out = Span { offset: 0, length: 0 };
    let mut reader = Reader::new(message);
    while let Some((number, field)) = reader.next_field()? {
        match number {
            1 => out.offset = from_zigzag(field.int64(1)? as u64) as i32,
            2 => out.length = field.int64(2)? as u32,
            _ => {}
        }
    }
    Ok(out)
}

/// A repeated `sint64`, packed or one by one.
pub(crate) fn deltas(field: Field<'_>, number: u32, out: &mut Vec<i64>) -> Result<(), WireError> {
    let Field::Bytes(packed) = field else {
        out.push(from_zigzag(field.int64(number)? as u64));
        return Ok(());
    };
    let mut reader = Reader::new(packed);
    while !reader.rest().is_empty() {
        out.push(from_zigzag(reader.varint()?));
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

//! The table of symbols, and references into it put together as labels. Everything is bounded: a few bytes
//! of references could otherwise name gigabytes of text.

use crate::protobuf::{Field, Reader, WireError};
use crate::remote_write::DECODED_BYTES_MAX;
use crate::remote_write::labels::{ReferenceError, put_text};

/// Most symbols of a request, at eight bytes each: as much as the largest message. Texts of eight bytes fill
/// such a message with fewer.
const SYMBOLS_MAX: usize = DECODED_BYTES_MAX / 8;
/// Bytes that the labels of all series of one request may have together. Series share most of their texts,
/// so this is some times the message.
const RESOLVED_BYTES_MAX: usize = 16 * DECODED_BYTES_MAX;

/// The symbols of a request, and references that are being read.
#[derive(Debug)]
pub(super) struct Symbols<'a> {
    message: &'a [u8],
    /// Where each symbol is in the message: start and length.
    places: Vec<(u32, u32)>,
    /// References of the series or exemplar that is read.
    pub(super) references: Vec<u32>,
    resolved_bytes: usize,
}

impl<'a> Symbols<'a> {
    /// Gathers the symbols, wherever they stand in the request.
    pub(super) fn read(message: &'a [u8]) -> Result<Self, WireError> {
        let mut places = Vec::new();
        let mut reader = Reader::new(message);
        while let Some((number, field)) = reader.next_field()? {
            if number == 4 {
                let length = field.bytes(4)?.len();
                if places.len() == SYMBOLS_MAX {
                    return Err(WireError::TooMany(SYMBOLS_MAX));
                }
                let start = message.len() - reader.rest().len() - length;
                // A request is smaller than 4 GiB by far.
                places.push((start as u32, length as u32));
            }
        }
        Ok(Self {
            message,
            places,
            references: Vec::new(),
            resolved_bytes: 0,
        })
    }

    #[inline]
    pub(super) fn get(&self, reference: u64) -> Option<&'a [u8]> {
        let &(start, length) = self.places.get(usize::try_from(reference).ok()?)?;
        self.message.get(start as usize..start as usize + length as usize)
    }

    /// Adds references, packed or one by one.
    #[inline]
    pub(super) fn add_references(&mut self, field: Field<'_>) -> Result<(), WireError> {
        let Field::Bytes(packed) = field else {
            self.references.push(field.int64(1)? as u32);
            return Ok(());
        };
        let mut reader = Reader::new(packed);
        while !reader.rest().is_empty() {
            self.references.push(reader.varint()? as u32);
        }
        Ok(())
    }

    /// Puts the texts behind the references into `out`; nothing when one leads nowhere.
    pub(super) fn resolve(&mut self, out: &mut Vec<u8>) -> Result<(), ReferenceError> {
        let start = out.len();
        let result = self.put_texts(out);
        if result.is_err() {
            out.truncate(start);
        }
        result
    }

    fn put_texts(&mut self, out: &mut Vec<u8>) -> Result<(), ReferenceError> {
        let (pairs, rest) = self.references.as_chunks::<2>();
        if !rest.is_empty() {
            return Err(ReferenceError::Odd(self.references.len()));
        }
        for &[name, value] in pairs {
            let texts = self.get(u64::from(name)).zip(self.get(u64::from(value)));
            let Some((name_text, value_text)) = texts else {
                return Err(ReferenceError::Outside {
                    name,
                    value,
                    symbols: self.places.len(),
                });
            };
            self.resolved_bytes += name_text.len() + value_text.len();
            if self.resolved_bytes > RESOLVED_BYTES_MAX {
                return Err(ReferenceError::TooLarge(RESOLVED_BYTES_MAX));
            }
            put_text(out, name_text);
            put_text(out, value_text);
        }
        Ok(())
    }
}

//! Labels as they are sent. Version 1.0 has them as fields, usually one after the other; version 2.0 as pairs
//! of positions in the request's symbols, which are put together in the encoding of a label set.

use crate::protobuf::{Reader, WireError};

/// Why the label references of a series or an exemplar make no sense, in Prometheus's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReferenceError {
    /// A name without a value.
    #[error("invalid labelRefs length {0}")]
    Odd(usize),
    /// A reference to a symbol that is not there.
    #[error("labelRefs {name} (name) = {value} (value) outside of symbols table (size {symbols})")]
    Outside {
        /// Position of the name.
        name: u32,
        /// Position of the value.
        value: u32,
        /// Number of symbols.
        symbols: usize,
    },
    /// All labels of the request together are larger than anything that was sent.
    #[error("labels of the request add up to more than {0} bytes")]
    TooLarge(usize),
}

/// The labels of one series.
#[derive(Debug, Default)]
pub(super) struct LabelBytes<'a> {
    kind: Kind,
    /// Fields that stand in one piece.
    piece: &'a [u8],
    /// Whether `buffer` holds the labels, and not `piece`.
    buffered: bool,
    buffer: Vec<u8>,
}

#[derive(Debug, Clone, Copy, Default)]
enum Kind {
    #[default]
    Fields,
    Texts,
}

impl<'a> LabelBytes<'a> {
    #[inline]
    pub(super) fn bytes(&self) -> &[u8] {
        if self.buffered { &self.buffer } else { self.piece }
    }

    pub(super) fn pairs(&self) -> LabelPairs<'_> {
        LabelPairs {
            reader: Reader::new(self.bytes()),
            kind: self.kind,
        }
    }

    pub(super) fn clear(&mut self) {
        *self = Self {
            buffer: std::mem::take(&mut self.buffer),
            ..Self::default()
        };
        self.buffer.clear();
    }

    /// Sets the fields that stand first in the series' message, in one piece.
    #[inline]
    pub(super) fn set_piece(&mut self, piece: &'a [u8]) {
        self.piece = piece;
    }

    /// Adds a label field, with its tag, that stands apart from those before.
    pub(super) fn add_field(&mut self, field: &[u8]) {
        if !self.buffered {
            self.buffered = true;
            self.buffer.extend_from_slice(self.piece);
        }
        self.buffer.extend_from_slice(field);
    }

    /// The buffer for labels in the encoding of a label set.
    pub(super) fn texts(&mut self) -> &mut Vec<u8> {
        self.kind = Kind::Texts;
        self.buffered = true;
        &mut self.buffer
    }
}

/// A name and its value.
type Pair<'s> = (&'s [u8], &'s [u8]);

/// Names and values one after the other. An error ends it: the request is damaged.
#[derive(Debug, Clone)]
pub struct LabelPairs<'s> {
    reader: Reader<'s>,
    kind: Kind,
}

impl<'s> LabelPairs<'s> {
    /// Labels in the encoding of a label set.
    pub(super) fn texts(bytes: &'s [u8]) -> Self {
        Self {
            reader: Reader::new(bytes),
            kind: Kind::Texts,
        }
    }

    fn next_pair(&mut self) -> Result<Option<Pair<'s>>, WireError> {
        match self.kind {
            Kind::Fields => match self.reader.next_field()? {
                Some((_, field)) => pair(field.bytes(1)?).map(Some),
                None => Ok(None),
            },
            Kind::Texts if self.reader.rest().is_empty() => Ok(None),
            Kind::Texts => Ok(Some((self.reader.text()?, self.reader.text()?))),
        }
    }
}

impl<'s> Iterator for LabelPairs<'s> {
    type Item = Result<(&'s [u8], &'s [u8]), WireError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.next_pair().transpose()
    }
}

/// Puts one text behind its length.
pub(super) fn put_text(buffer: &mut Vec<u8>, text: &[u8]) {
    let mut length = text.len();
    while length >= 0x80 {
        buffer.push(length as u8 | 0x80);
        length >>= 7;
    }
    buffer.push(length as u8);
    buffer.extend_from_slice(text);
}

/// A `Label` message.
#[inline]
pub(super) fn pair(message: &[u8]) -> Result<(&[u8], &[u8]), WireError> {
    let (mut name, mut value): (&[u8], &[u8]) = (&[], &[]);
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

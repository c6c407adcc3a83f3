//! `prometheus.ReadRequest`: what is asked for, and in which kinds of answers the asker is ready to take it.

use crate::protobuf::{Field, Reader, WireError};

/// Most queries, matchers and kinds of answers of one request: what a sender sends is a handful.
const ENTRIES_MAX: usize = 10_000;

/// A request, with texts that need not be checked any more.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReadRequest {
    /// What is asked for.
    pub queries: Vec<ReadQuery>,
    /// Numbers of the kinds of answers that the asker takes, best first.
    pub accepted: Vec<i64>,
}

/// One selection.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReadQuery {
    /// Oldest sample, ms since the epoch, inclusive.
    pub start_ms: i64,
    /// Newest sample, ms since the epoch, inclusive.
    pub end_ms: i64,
    /// Conditions on labels; all must hold.
    pub matchers: Vec<ReadMatcher>,
}

/// A condition on a label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadMatcher {
    /// How the value is compared.
    pub kind: MatcherKind,
    /// Name of the label.
    pub name: String,
    /// A value or a pattern.
    pub value: String,
}

/// How a matcher compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MatcherKind {
    /// The same text.
    Equal,
    /// Another text.
    NotEqual,
    /// The pattern fits.
    Regex,
    /// The pattern does not fit.
    NotRegex,
}

/// Kinds of answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResponseKind {
    /// All samples in one message.
    Samples,
    /// A stream of chunks.
    Chunks,
}

impl ReadRequest {
    /// Decodes a message that is decompressed.
    ///
    /// # Errors
    /// The message is damaged.
    pub fn decode(message: &[u8]) -> Result<Self, WireError> {
        let mut request = Self::default();
        let mut reader = Reader::new(message);
        while let Some((number, field)) = reader.next_field()? {
            match number {
                1 => push(&mut request.queries, ReadQuery::decode(field.bytes(1)?)?)?,
                2 => accepted(field, &mut request.accepted)?,
                _ => {}
            }
        }
        Ok(request)
    }

    /// The first kind of answer that the asker takes and that there is: samples where it says nothing.
    ///
    /// # Errors
    /// It takes none of ours; the text says so.
    pub fn response_kind(&self) -> Result<ResponseKind, String> {
        let known = self.accepted.iter().find_map(|number| match number {
            0 => Some(ResponseKind::Samples),
            1 => Some(ResponseKind::Chunks),
            _ => None,
        });
        match known {
            Some(kind) => Ok(kind),
            None if self.accepted.is_empty() => Ok(ResponseKind::Samples),
            None => Err(format!(
                "server does not support any of the requested response types: {:?}; supported: 0 (samples), \
                 1 (streamed chunks)",
                self.accepted
            )),
        }
    }
}

impl ReadQuery {
    fn decode(message: &[u8]) -> Result<Self, WireError> {
        let mut query = Self::default();
        let mut reader = Reader::new(message);
        while let Some((number, field)) = reader.next_field()? {
            match number {
                1 => query.start_ms = field.int64(1)?,
                2 => query.end_ms = field.int64(2)?,
                3 => push(&mut query.matchers, ReadMatcher::decode(field.bytes(3)?)?)?,
                _ => {}
            }
        }
        Ok(query)
    }
}

impl ReadMatcher {
    fn decode(message: &[u8]) -> Result<Self, WireError> {
        let mut matcher = Self {
            kind: MatcherKind::Equal,
            name: String::new(),
            value: String::new(),
        };
        let text = |field: Field<'_>, number| {
            let text = field.bytes(number)?;
            Ok::<_, WireError>(String::from_utf8_lossy(text).into_owned())
        };
        let mut reader = Reader::new(message);
        while let Some((number, field)) = reader.next_field()? {
            match number {
                1 => {
                    matcher.kind = match field.int64(1)? {
                        0 => MatcherKind::Equal,
                        1 => MatcherKind::NotEqual,
                        2 => MatcherKind::Regex,
                        3 => MatcherKind::NotRegex,
                        _ => return Err(WireError::WireType(1)),
                    }
                }
                2 => matcher.name = text(field, 2)?,
                3 => matcher.value = text(field, 3)?,
                _ => {}
            }
        }
        Ok(matcher)
    }
}

/// A repeated number, packed or one by one.
fn accepted(field: Field<'_>, out: &mut Vec<i64>) -> Result<(), WireError> {
    let Field::Bytes(packed) = field else {
        return push(out, field.int64(2)?);
    };
    let mut reader = Reader::new(packed);
    while !reader.rest().is_empty() {
        push(out, reader.varint()? as i64)?;
    }
    Ok(())
}

fn push<T>(list: &mut Vec<T>, item: T) -> Result<(), WireError> {
    if list.len() == ENTRIES_MAX {
        return Err(WireError::TooMany(ENTRIES_MAX));
    }
    list.push(item);
    Ok(())
}

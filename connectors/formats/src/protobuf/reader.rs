//! Reads fields off untrusted bytes without copying.

/// Bytes that are not a protobuf message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// The message ends inside a field.
    #[error("message ends inside a field")]
    Truncated,
    /// A varint of more than ten bytes.
    #[error("varint is longer than 64 bits")]
    VarintTooLong,
    /// Field number 0, or a wire type that does not exist or is not supported (groups).
    #[error("field tag {0} is not valid")]
    Tag(u64),
    /// More entries of a table than any sender has.
    #[error("message has more than {0} entries in a table")]
    TooMany(usize),
    /// A known field with the wire type of another kind.
    #[error("field {0} has an unexpected wire type")]
    WireType(u32),
}

/// The content of one field.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Field<'a> {
    Varint(u64),
    Fixed64(u64),
    Fixed32,
    Bytes(&'a [u8]),
}

impl<'a> Field<'a> {
    /// The content of a string, bytes or message field.
    pub(crate) fn bytes(self, number: u32) -> Result<&'a [u8], WireError> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            _ => Err(WireError::WireType(number)),
        }
    }

    /// The content of a `double` field.
    pub(crate) fn double(self, number: u32) -> Result<f64, WireError> {
        match self {
            Self::Fixed64(bits) => Ok(f64::from_bits(bits)),
            _ => Err(WireError::WireType(number)),
        }
    }

    /// The content of an `int64` field.
    pub(crate) fn int64(self, number: u32) -> Result<i64, WireError> {
        match self {
            Self::Varint(value) => Ok(value as i64),
            _ => Err(WireError::WireType(number)),
        }
    }
}

/// A position in a message.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(message: &'a [u8]) -> Self {
        Self { rest: message }
    }

    /// What is not read yet.
    #[inline]
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The next field with its number, or `None` at the message's end.
    #[inline]
    pub(crate) fn next_field(&mut self) -> Result<Option<(u32, Field<'a>)>, WireError> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let tag = self.varint()?;
        let number = u32::try_from(tag >> 3).map_err(|_| WireError::Tag(tag))?;
        if number == 0 {
            return Err(WireError::Tag(tag));
        }
        let field = match tag & 7 {
            0 => Field::Varint(self.varint()?),
            1 => Field::Fixed64(self.fixed64()?),
            2 => Field::Bytes(self.text()?),
            5 => {
                self.take(4)?;
                Field::Fixed32
            }
            _ => return Err(WireError::Tag(tag)),
        };
        Ok(Some((number, field)))
    }

    /// Skips the fields that stand here under this tag, as far as tag and length are one byte each.
    #[inline]
    pub(crate) fn skip_short_fields(&mut self, tag: u8) {
        while let [found, length @ 0..0x80, rest @ ..] = self.rest
            && *found == tag
            && let Some(rest) = rest.get(usize::from(*length)..)
        {
            self.rest = rest;
        }
    }

    /// A varint without a tag, as packed fields have them.
    #[inline]
    pub(crate) fn varint(&mut self) -> Result<u64, WireError> {
        match self.rest {
            [byte @ 0..0x80, rest @ ..] => {
                self.rest = rest;
                Ok(u64::from(*byte))
            }
            _ => self.long_varint(),
        }
    }

    fn long_varint(&mut self) -> Result<u64, WireError> {
        let mut value = 0u64;
        for (i, &byte) in self.rest.iter().take(10).enumerate() {
            value |= u64::from(byte & 0x7f) << (7 * i);
            if byte < 0x80 {
                self.rest = &self.rest[i + 1..];
                return Ok(value);
            }
        }
        match self.rest.len() {
            0..10 => Err(WireError::Truncated),
            _ => Err(WireError::VarintTooLong),
        }
    }

    /// Bytes behind their length, without a tag.
    #[inline]
    pub(crate) fn text(&mut self) -> Result<&'a [u8], WireError> {
        let length = usize::try_from(self.varint()?).map_err(|_| WireError::Truncated)?;
        self.take(length)
    }

    /// Eight bytes without a tag.
    #[inline]
    pub(crate) fn fixed64(&mut self) -> Result<u64, WireError> {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(self.take(8)?);
        Ok(u64::from_le_bytes(bytes))
    }

    #[inline]
    fn take(&mut self, length: usize) -> Result<&'a [u8], WireError> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(WireError::Truncated)?;
        self.rest = rest;
        Ok(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_and_damage() {
        let fields = |bytes: &[u8]| {
            let mut reader = Reader::new(bytes);
            let mut out = Vec::new();
            while let Some((number, field)) = reader.next_field()? {
                out.push(format!("{number}:{field:?}"));
            }
            Ok::<_, WireError>(out.join(" "))
        };
        let cases: [(&[u8], Result<&str, WireError>); 10] = [
            (b"", Ok("")),
            (b"\x08\x96\x01", Ok("1:Varint(150)")),
            (b"\x12\x02ab", Ok("2:Bytes([97, 98])")),
            (b"\x0d\0\0\0\0", Ok("1:Fixed32")),
            (b"\x09\0\0\0\0\0\0\0\0", Ok("1:Fixed64(0)")),
            (b"\x12\x03ab", Err(WireError::Truncated)),
            (b"\x08", Err(WireError::Truncated)),
            (b"\x0b", Err(WireError::Tag(11))),
            (b"\x00\x00", Err(WireError::Tag(0))),
            (
                b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
                Err(WireError::VarintTooLong),
            ),
        ];
        for (bytes, expected) in cases {
            assert_eq!(fields(bytes), expected.map(str::to_owned), "{bytes:?}");
        }
        for (bytes, rest) in [
            (&b"\x0a\x01a\x0a\x00\x12\x00"[..], &b"\x12\x00"[..]),
            (b"\x0a\x02a", b"\x0a\x02a"),
            (b"\x0a", b"\x0a"),
            (b"\x0a\x80\x01", b"\x0a\x80\x01"),
        ] {
            let mut reader = Reader::new(bytes);
            reader.skip_short_fields(0x0a);
            assert_eq!(reader.rest(), rest, "{bytes:?}");
        }
        let huge = b"\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01";
        assert_eq!(fields(huge), Err(WireError::Truncated));
    }
}

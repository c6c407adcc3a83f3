//! The header before each page, in Thrift's compact protocol: as much of it as finding the values takes.
//! Source: parquet-format's `PageHeader` and `DataPageHeader`.

/// How values of a page are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PageEncoding {
    /// Little-endian, eight bytes each.
    Plain,
    /// `DELTA_BINARY_PACKED`.
    Delta,
}

/// What a data page's header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PageHeader {
    /// Bytes of the header itself.
    pub(super) bytes: usize,
    /// Bytes of the page when decompressed.
    pub(super) plain_bytes: usize,
    /// Bytes of the page as it is in the file.
    pub(super) packed_bytes: usize,
    /// Rows, those without a value included.
    pub(super) rows: usize,
    /// How values are written.
    pub(super) encoding: PageEncoding,
}

/// Structs within structs that are skipped; a header nests two deep.
const DEPTH_MAX: usize = 8;

const TYPE_TRUE: u8 = 1;
const TYPE_FALSE: u8 = 2;
const TYPE_BYTE: u8 = 3;
const TYPE_I16: u8 = 4;
const TYPE_I32: u8 = 5;
const TYPE_I64: u8 = 6;
const TYPE_DOUBLE: u8 = 7;
const TYPE_BINARY: u8 = 8;
const TYPE_LIST: u8 = 9;
const TYPE_SET: u8 = 10;
const TYPE_STRUCT: u8 = 12;

const BROKEN: &str = "broken page header";

impl PageHeader {
    /// Reads the header at the start of `bytes`. A page of another kind than the first version of data pages,
    /// or of another encoding, is an error.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, &'static str> {
        let mut thrift = Thrift { bytes, at: 0 };
        let (mut page_type, mut plain, mut packed, mut data) = (None, None, None, None);
        let mut field = 0;
        while let Some(kind) = thrift.field(&mut field)? {
            match (field, kind) {
                (1, TYPE_I32) => page_type = Some(thrift.integer()?),
                (2, TYPE_I32) => plain = Some(thrift.integer()?),
                (3, TYPE_I32) => packed = Some(thrift.integer()?),
                (5, TYPE_STRUCT) => data = Some(thrift.data_page()?),
                _ => thrift.skip(kind, 0)?,
            }
        }
        let (rows, encoding) = data.ok_or(BROKEN)?;
        if page_type != Some(0) {
            return Err("a page that is no data page");
        }
        let size = |number: Option<i64>| number.and_then(|n| usize::try_from(n).ok()).ok_or(BROKEN);
        Ok(Self {
            bytes: thrift.at,
            plain_bytes: size(plain)?,
            packed_bytes: size(packed)?,
            rows: size(rows)?,
            encoding: match encoding {
                Some(0) => PageEncoding::Plain,
                Some(5) => PageEncoding::Delta,
                _ => return Err("a page in an unexpected encoding"),
            },
        })
    }
}

struct Thrift<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Thrift<'_> {
    /// Number of values and encoding.
    fn data_page(&mut self) -> Result<(Option<i64>, Option<i64>), &'static str> {
        let (mut rows, mut encoding) = (None, None);
        let mut field = 0;
        while let Some(kind) = self.field(&mut field)? {
            match (field, kind) {
                (1, TYPE_I32) => rows = Some(self.integer()?),
                (2, TYPE_I32) => encoding = Some(self.integer()?),
                _ => self.skip(kind, 0)?,
            }
        }
        Ok((rows, encoding))
    }

    /// The type of the next field, whose number goes to `field`; `None` at the end of the struct.
    fn field(&mut self, field: &mut i64) -> Result<Option<u8>, &'static str> {
        let head = self.byte()?;
        if head == 0 {
            return Ok(None);
        }
        *field = match head >> 4 {
            0 => self.integer()?,
            more => *field + i64::from(more),
        };
        Ok(Some(head & 0x0f))
    }

    fn byte(&mut self) -> Result<u8, &'static str> {
        let byte = *self.bytes.get(self.at).ok_or(BROKEN)?;
        self.at += 1;
        Ok(byte)
    }

    fn unsigned(&mut self) -> Result<u64, &'static str> {
        let (number, after) = super::varint(self.bytes, self.at).ok_or(BROKEN)?;
        self.at = after;
        Ok(number)
    }

    fn integer(&mut self) -> Result<i64, &'static str> {
        self.unsigned().map(super::zigzag)
    }

    fn pass(&mut self, bytes: u64) -> Result<(), &'static str> {
        let bytes = usize::try_from(bytes).map_err(|_| BROKEN)?;
        self.at = self
            .at
            .checked_add(bytes)
            .filter(|&at| at <= self.bytes.len())
            .ok_or(BROKEN)?;
        Ok(())
    }

    fn skip(&mut self, kind: u8, depth: usize) -> Result<(), &'static str> {
        if depth > DEPTH_MAX {
            return Err(BROKEN);
        }
        match kind {
            TYPE_TRUE | TYPE_FALSE => Ok(()),
            TYPE_BYTE => self.pass(1),
            TYPE_I16 | TYPE_I32 | TYPE_I64 => self.unsigned().map(drop),
            TYPE_DOUBLE => self.pass(8),
            TYPE_BINARY => {
                let length = self.unsigned()?;
                self.pass(length)
            }
            TYPE_LIST | TYPE_SET => {
                let head = self.byte()?;
                let length = match head >> 4 {
                    15 => self.unsigned()?,
                    short => u64::from(short),
                };
                // An item takes a byte at least, so a length that lies ends at the end of the bytes.
                (0..length).try_for_each(|_| match head & 0x0f {
                    TYPE_TRUE | TYPE_FALSE => self.pass(1),
                    kind => self.skip(kind, depth + 1),
                })
            }
            TYPE_STRUCT => {
                let mut field = 0;
                while let Some(kind) = self.field(&mut field)? {
                    self.skip(kind, depth + 1)?;
                }
                Ok(())
            }
            _ => Err(BROKEN),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_with_statistics() {
        // type 0, sizes 300 and 20, a checksum, then num_values 1000, DELTA_BINARY_PACKED, RLE, RLE, statistics.
        let bytes = [
            0x15, 0, 0x15, 0xd8, 0x04, 0x15, 40, 0x15, 7, 0x1c, 0x15, 0xd0, 0x0f, 0x15, 10, 0x15, 6, 0x15, 6,
            0x1c, 0x18, 2, b'a', b'b', 0, 0, 0, 99,
        ];
        let expected = PageHeader {
            bytes: bytes.len() - 1,
            plain_bytes: 300,
            packed_bytes: 20,
            rows: 1000,
            encoding: PageEncoding::Delta,
        };
        assert_eq!(PageHeader::parse(&bytes), Ok(expected));
        for cut in 0..expected.bytes {
            PageHeader::parse(&bytes[..cut]).unwrap_err();
        }
        let mut dictionary = bytes;
        dictionary[1] = 4;
        assert_eq!(PageHeader::parse(&dictionary), Err("a page that is no data page"));
    }
}

//! The index of a block: symbols, and the series with their chunks. Postings are not needed: everything is read.

use engine_model::{Labels, LabelsBuilder};

use super::error::BlockError;
use super::input::{CHECKSUM_BYTES, Input, check};

const MAGIC: u32 = 0xBAAA_D700;
const HEADER_BYTES: usize = 5;
/// Six references and a checksum.
const CONTENTS_BYTES: usize = 6 * 8 + CHECKSUM_BYTES;
/// Entries of series begin at multiples of this.
const SERIES_ALIGNMENT: usize = 16;

/// Where a chunk is and what time it covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChunkMeta {
    /// First sample, ms since the epoch.
    pub min_ms: i64,
    /// Last sample.
    pub max_ms: i64,
    /// Number of its file, from 0 for `000001`.
    pub file: u32,
    /// Where it begins in its file.
    pub offset: u32,
}

/// A series of a block.
#[derive(Debug, Clone)]
pub struct BlockSeries {
    /// What tombstones call it.
    pub reference: u64,
    /// Its labels.
    pub labels: Labels,
    /// Its chunks, in order of time.
    pub chunks: Vec<ChunkMeta>,
}

/// An index in memory.
#[derive(Debug)]
pub struct BlockIndex<'a> {
    bytes: &'a [u8],
    symbols: Vec<&'a str>,
    series_start: usize,
    series_end: usize,
}

impl<'a> BlockIndex<'a> {
    /// Reads the table of contents and the symbols of a whole index file.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, BlockError> {
        let mut input = Input::new(bytes, 0, "index");
        if input.u32()? != MAGIC {
            return Err(BlockError::Malformed {
                what: "no index: wrong first bytes",
                offset: 0,
            });
        }
        // Version 1 had positions of symbols for references; Prometheus stopped writing it in 2018.
        match input.u8()? {
            2 => {}
            found => {
                return Err(BlockError::Unsupported {
                    what: "index version",
                    found: found.into(),
                });
            }
        }
        let at = bytes
            .len()
            .checked_sub(CONTENTS_BYTES)
            .filter(|at| *at >= HEADER_BYTES);
        let at = at.ok_or(BlockError::Truncated {
            what: "index",
            offset: bytes.len(),
        })?;
        let mut contents = Input::new(&bytes[at..], at, "table of contents");
        let mut references = [0usize; 6];
        for reference in &mut references {
            let value = contents.u64()?;
            *reference = usize::try_from(value)
                .ok()
                .filter(|value| *value <= at)
                .ok_or_else(|| contents.malformed("a reference beyond the index"))?;
        }
        check("table of contents", &bytes[at..at + 48], at, contents.u32()?)?;
        let [symbols, series, rest @ ..] = references;
        // The series end where the next section that exists begins.
        let series_end = rest
            .into_iter()
            .filter(|start| *start > series)
            .min()
            .unwrap_or(at);
        Ok(Self {
            bytes,
            symbols: read_symbols(bytes, symbols)?,
            series_start: series,
            series_end,
        })
    }

    /// The series in Prometheus's order of labels. An error ends them.
    pub fn series(&self) -> impl Iterator<Item = Result<BlockSeries, BlockError>> + '_ {
        let mut at = self.series_start;
        let mut failed = self.series_start == 0;
        std::iter::from_fn(move || {
            at = at.next_multiple_of(SERIES_ALIGNMENT);
            // Padding before the next section is zero, and no series is empty.
            if failed || at >= self.series_end || self.bytes[at] == 0 {
                return None;
            }
            let read = self.read_series(at);
            failed = read.is_err();
            Some(read.map(|(series, end)| {
                at = end;
                series
            }))
        })
    }

    fn read_series(&self, at: usize) -> Result<(BlockSeries, usize), BlockError> {
        let mut outer = Input::new(&self.bytes[at..self.series_end], at, "series");
        let length = outer.count(1)?;
        let start = outer.offset();
        let entry = outer.take(length)?;
        check("series", entry, start, outer.u32()?)?;
        let mut input = Input::new(entry, start, "series");
        let mut labels = LabelsBuilder::default();
        for _ in 0..input.count(2)? {
            let name = self.symbol(&mut input)?;
            let value = self.symbol(&mut input)?;
            labels.set(name, value);
        }
        let series = BlockSeries {
            reference: (at / SERIES_ALIGNMENT) as u64,
            labels: labels.build(),
            chunks: read_chunks(&mut input)?,
        };
        Ok((series, outer.offset()))
    }

    fn symbol(&self, input: &mut Input<'_>) -> Result<&'a str, BlockError> {
        let number = usize::try_from(input.uvarint()?).ok();
        let symbol = number.and_then(|number| self.symbols.get(number)).copied();
        symbol.ok_or_else(|| input.malformed("a symbol that does not exist"))
    }
}

fn read_symbols(bytes: &[u8], at: usize) -> Result<Vec<&str>, BlockError> {
    let mut outer = Input::new(bytes.get(at..).unwrap_or_default(), at, "symbols");
    let length = outer.u32()? as usize;
    let start = outer.offset();
    let section = outer.take(length)?;
    check("symbols", section, start, outer.u32()?)?;
    let mut input = Input::new(section, start, "symbols");
    let count = input.u32()? as usize;
    if count > input.left() {
        return Err(input.malformed("more symbols than bytes"));
    }
    let mut symbols = Vec::with_capacity(count);
    for _ in 0..count {
        let length = input.count(1)?;
        let text = std::str::from_utf8(input.take(length)?);
        symbols.push(text.map_err(|_| input.malformed("a symbol that is not UTF-8"))?);
    }
    Ok(symbols)
}

fn read_chunks(input: &mut Input<'_>) -> Result<Vec<ChunkMeta>, BlockError> {
    let count = input.count(3)?;
    let mut chunks: Vec<ChunkMeta> = Vec::with_capacity(count);
    let mut reference = 0u64;
    for _ in 0..count {
        let min_ms = match chunks.last() {
            None => input.varint()?,
            Some(previous) => previous.max_ms.wrapping_add(input.uvarint()? as i64),
        };
        let max_ms = min_ms.wrapping_add(input.uvarint()? as i64);
        reference = match chunks.is_empty() {
            true => input.uvarint()?,
            false => reference.wrapping_add(input.varint()? as u64),
        };
        chunks.push(ChunkMeta {
            min_ms,
            max_ms,
            file: (reference >> 32) as u32,
            offset: reference as u32,
        });
    }
    Ok(chunks)
}

//! A reader of one column: it keeps the page that it is in, decompressed, so that the series of a page are
//! read one after the other for one decompression.

use std::cell::RefCell;
use std::io;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use parquet::file::reader::ChunkReader;
use zstd::bulk::Decompressor;

use super::cache::PageCache;
use super::delta::{BlockStart, DeltaDecoder};
use super::header::{PageEncoding, PageHeader};
use super::levels::Presence;
use crate::segment::error::SegmentError;
use crate::segment::table_file::{PagePlace, TableFile};

/// A page of ours decompresses to half a megabyte; a header that says more than this is damage.
const PAGE_BYTES_MAX: usize = 16 << 20;

thread_local! {
    /// A context takes 160 KB and some time to make.
    static DECOMPRESSOR: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
}

/// A page, decompressed.
#[derive(Debug, Default)]
pub(super) struct Page {
    /// Rows of the file that it holds.
    rows: Range<u64>,
    presence: Presence,
    bytes: Vec<u8>,
    /// Where in `bytes` the values begin.
    values_at: usize,
    /// Before the first value, where values are differences.
    delta: Option<DeltaDecoder>,
    /// Where blocks of differences begin, made when the first reader passes over as many values as a block has.
    marks: OnceLock<Vec<BlockStart>>,
}

/// Reads the pages of one column, best in ascending order.
#[derive(Debug)]
pub(in crate::segment) struct PageReader {
    /// Place of the column in the file.
    column: usize,
    cache: Option<Arc<PageCache>>,
    /// The page that is open, if its rows are any.
    page: OpenPage,
}

/// A page, and how far its values are read.
#[derive(Debug, Default)]
pub(super) struct OpenPage {
    page: Arc<Page>,
    delta: Option<DeltaDecoder>,
    /// Values that `delta` has passed.
    passed: usize,
}

impl PageReader {
    /// A reader of the column `name`. It looks for pages in `cache` first and leaves there what it has read.
    pub(in crate::segment) fn new(table: &TableFile, name: &str, cache: Option<&Arc<PageCache>>) -> Self {
        Self {
            column: table.column(name),
            cache: cache.cloned(),
            page: OpenPage::default(),
        }
    }

    /// Whether the pages of `rows` are all in the cache.
    pub(in crate::segment) fn has_cached(&self, table: &TableFile, mut rows: Range<u64>) -> bool {
        let Some(cache) = &self.cache else {
            return false;
        };
        while !rows.is_empty() {
            match table.page(self.column, rows.start) {
                Some(place) if cache.has((table.number(), place.offset)) => rows.start = place.rows.end,
                _ => return false,
            }
        }
        true
    }

    /// Hands out those of the numbers of `rows` that lie between two, both inclusive, in slices, and perhaps some
    /// before and after them; `rows` have no null, and their numbers ascend. Returns the rows of what is handed out.
    pub(in crate::segment) fn between(
        &mut self,
        table: &TableFile,
        rows: Range<u64>,
        (least, most): (i64, i64),
        mut take: impl FnMut(&[i64]),
    ) -> Result<Range<u64>, SegmentError> {
        let mut handed = rows.start..rows.start;
        let (mut left, mut enough) = (rows, false);
        while !left.is_empty() && !enough {
            let (within, until) = self.turn_to(table, &left)?;
            let of_page = self
                .page
                .between(within, handed.is_empty().then_some(least), |numbers| {
                    take(numbers);
                    enough = numbers.last().is_some_and(|&last| last > most);
                    !enough
                });
            let (skipped, read) = of_page.map_err(|what| SegmentError::corrupt(table.path(), what))?;
            handed.start += skipped as u64;
            handed.end += (skipped + read) as u64;
            left.start = until;
        }
        Ok(handed)
    }

    /// Hands out the numbers of those of `rows` that have one, each with its place among them.
    pub(in crate::segment) fn numbers(
        &mut self,
        table: &TableFile,
        rows: Range<u64>,
        mut take: impl FnMut(usize, i64),
    ) -> Result<(), SegmentError> {
        let first = rows.start;
        let mut numbers = Vec::new();
        self.visit(table, rows, |page, within| {
            numbers.clear();
            page.integers(within.clone(), |some| numbers.extend_from_slice(some))?;
            let before = (page.first_row() + within.start as u64 - first) as usize;
            let places = within.clone().filter(|row| page.presence().of(*row));
            let places = places.map(|row| before + row - within.start);
            // Without numbers no row is looked at.
            numbers
                .iter()
                .zip(places)
                .for_each(|(&number, place)| take(place, number));
            Ok(())
        })
    }

    /// The double of `row`, which is not null.
    pub(in crate::segment) fn double(&mut self, table: &TableFile, row: u64) -> Result<f64, SegmentError> {
        let mut found = None;
        self.visit(table, row..row + 1, |page, rows| {
            page.doubles(rows, |double| found = Some(double))
        })?;
        found.ok_or_else(|| SegmentError::corrupt(table.path(), "a row without a value"))
    }

    /// Visits the pages of `rows`: each with the rows that it has of them, counted from its first.
    pub(super) fn visit(
        &mut self,
        table: &TableFile,
        mut rows: Range<u64>,
        mut visit: impl FnMut(&mut OpenPage, Range<usize>) -> Result<(), &'static str>,
    ) -> Result<(), SegmentError> {
        while !rows.is_empty() {
            let (within, until) = self.turn_to(table, &rows)?;
            visit(&mut self.page, within).map_err(|what| SegmentError::corrupt(table.path(), what))?;
            rows.start = until;
        }
        Ok(())
    }

    /// Opens the page of the first of `rows`: those that it has, counted from its first, and where they end.
    fn turn_to(&mut self, table: &TableFile, rows: &Range<u64>) -> Result<(Range<usize>, u64), SegmentError> {
        if !self.page.page.rows.contains(&rows.start) {
            self.open(table, rows.start)?;
        }
        let Range { start: first, end } = self.page.page.rows;
        let until = rows.end.min(end);
        Ok(((rows.start - first) as usize..(until - first) as usize, until))
    }

    fn open(&mut self, table: &TableFile, row: u64) -> Result<(), SegmentError> {
        let place = table.page(self.column, row);
        let place = place.ok_or_else(|| SegmentError::corrupt(table.path(), "a row without a page"))?;
        let key = (table.number(), place.offset);
        let page = match self.cache.as_ref().and_then(|cache| cache.get(key)) {
            Some(page) => page,
            None => {
                let page = Arc::new(Page::read(table, self.column, place)?);
                if let Some(cache) = &self.cache {
                    cache.insert(key, &page);
                }
                page
            }
        };
        self.page = OpenPage {
            delta: page.delta.clone(),
            page,
            passed: 0,
        };
        Ok(())
    }
}

impl Page {
    fn read(table: &TableFile, column: usize, place: PagePlace) -> Result<Self, SegmentError> {
        let damaged = |what: &str| SegmentError::corrupt(table.path(), what);
        let bytes = table
            .file()
            .get_bytes(place.offset, place.bytes)
            .map_err(|e| SegmentError::parquet(table.path(), e))?;
        let header = PageHeader::parse(&bytes).map_err(damaged)?;
        let packed = bytes.get(header.bytes..header.bytes.saturating_add(header.packed_bytes));
        let packed = packed.ok_or_else(|| damaged("a page that is longer than its place"))?;
        if header.plain_bytes > PAGE_BYTES_MAX || header.rows as u64 != place.rows.end - place.rows.start {
            return Err(damaged("a page with another size than it should have"));
        }
        let mut bytes = Vec::with_capacity(header.plain_bytes);
        let length = decompress(packed, &mut bytes).map_err(|e| {
            SegmentError::corrupt(table.path(), format!("a page that does not decompress: {e}"))
        })?;
        if length != header.plain_bytes {
            return Err(damaged("a page with another size than it should have"));
        }
        let (mut presence, mut values_at) = (Presence::All, 0);
        if table.is_nullable(column) {
            let levels = levels(&bytes).ok_or_else(|| damaged("a page without definition levels"))?;
            values_at = levels.end;
            presence = Presence::parse(&bytes[levels], header.rows).map_err(damaged)?;
        }
        let is_delta = header.encoding == PageEncoding::Delta && presence != Presence::None;
        let delta = is_delta
            .then(|| DeltaDecoder::begin(&bytes, values_at))
            .transpose();
        Ok(Self {
            rows: place.rows,
            delta: delta.map_err(damaged)?,
            presence,
            bytes,
            values_at,
            marks: OnceLock::new(),
        })
    }

    /// Puts `delta`, which has passed `passed` values, before the last block that begins at the value `from` or before
    /// it, if that is ahead; returns how many values are passed then.
    fn go_ahead(&self, delta: &mut DeltaDecoder, passed: usize, from: usize) -> usize {
        let (all, block) = (passed + delta.left(), delta.block());
        if from < passed + block {
            return passed;
        }
        let marks = self.marks.get_or_init(|| match &self.delta {
            Some(begin) => begin.clone().block_starts(&self.bytes),
            None => Vec::new(),
        });
        // A block begins after the first value.
        let number = ((from - 1) / block).min(marks.len().saturating_sub(1));
        let before = 1 + number * block;
        match marks.get(number) {
            Some(&mark) if before > passed => {
                delta.go_to(mark, before, all);
                before
            }
            _ => passed,
        }
    }

    /// Bytes of memory.
    pub(super) fn memory_bytes(&self) -> usize {
        let block = self.delta.as_ref().map_or(usize::MAX, DeltaDecoder::block);
        let marks = (self.rows.end - self.rows.start) as usize / block * size_of::<BlockStart>();
        size_of::<Self>() + self.bytes.capacity() + self.presence.memory_bytes() + marks
    }

    /// Plain values: `count` of them after `from`.
    fn plain(&self, from: usize, count: usize) -> Result<&[u8], &'static str> {
        let start = self.values_at + 8 * from;
        self.bytes
            .get(start..start + 8 * count)
            .ok_or("fewer values than rows")
    }
}

impl OpenPage {
    /// First row of the page.
    pub(super) fn first_row(&self) -> u64 {
        self.page.rows.start
    }

    /// Which rows have a value.
    pub(super) fn presence(&self) -> &Presence {
        &self.page.presence
    }

    /// How many of `rows` have a value.
    pub(super) fn present(&self, rows: Range<usize>) -> usize {
        self.page.presence.count(rows.start, rows.end)
    }

    /// Hands out the numbers of those of `rows` that have one, in slices.
    pub(super) fn integers(
        &mut self,
        rows: Range<usize>,
        mut take: impl FnMut(&[i64]),
    ) -> Result<(), &'static str> {
        self.read_while(rows, |numbers| {
            take(numbers);
            true
        })
        .map(|_| ())
    }

    /// The same until `take` has enough; returns how many were handed out.
    fn read_while(
        &mut self,
        rows: Range<usize>,
        mut take: impl FnMut(&[i64]) -> bool,
    ) -> Result<usize, &'static str> {
        let from = self.present(0..rows.start);
        let count = self.present(rows);
        if count == 0 {
            return Ok(0);
        }
        if self.delta.is_none() {
            let mut read = 0;
            for word in self.page.plain(from, count)?.chunks_exact(8) {
                read += 1;
                if !take(&[i64::from_le_bytes(word.try_into().expect("eight bytes"))]) {
                    break;
                }
            }
            return Ok(read);
        }
        let (delta, bytes) = self.pass_to(from)?;
        let read = delta.read_while(bytes, count, take)?;
        self.passed = from + read;
        Ok(read)
    }

    /// Hands out numbers of `rows`, of which none is null and which ascend, until `take` has enough; first passes
    /// over those that are below `least`. Returns how many were passed over, and how many handed out.
    fn between(
        &mut self,
        rows: Range<usize>,
        least: Option<i64>,
        take: impl FnMut(&[i64]) -> bool,
    ) -> Result<(usize, usize), &'static str> {
        if self.present(rows.clone()) < rows.len() {
            return Err("a row without a value");
        }
        let mut skipped = 0;
        if let (Some(least), true) = (least, self.delta.is_some()) {
            let from = self.present(0..rows.start);
            let (delta, bytes) = self.pass_to(from)?;
            skipped = delta.skip_below(bytes, least, rows.len())?;
            self.passed = from + skipped;
        }
        let read = self.read_while(rows.start + skipped..rows.end, take)?;
        Ok((skipped, read))
    }

    /// The decoder of differences before the value `from`, and what it reads.
    fn pass_to(&mut self, from: usize) -> Result<(&mut DeltaDecoder, &[u8]), &'static str> {
        let Self { page, delta, passed } = self;
        let delta = delta.as_mut().ok_or("values of two kinds")?;
        if from < *passed {
            delta.clone_from(page.delta.as_ref().ok_or("values of two kinds")?);
            *passed = 0;
        }
        *passed = page.go_ahead(delta, *passed, from);
        delta.skip(&page.bytes, from - *passed)?;
        *passed = from;
        Ok((delta, &page.bytes))
    }

    /// Hands out the doubles of those of `rows` that have one.
    pub(super) fn doubles(&self, rows: Range<usize>, mut take: impl FnMut(f64)) -> Result<(), &'static str> {
        let from = self.present(0..rows.start);
        let count = self.present(rows);
        if count > 0 && self.delta.is_some() {
            return Err("doubles as differences");
        }
        for word in self.page.plain(from, count)?.chunks_exact(8) {
            take(f64::from_le_bytes(word.try_into().expect("eight bytes")));
        }
        Ok(())
    }
}

/// Where the definition levels of a page are: after their length.
fn levels(bytes: &[u8]) -> Option<Range<usize>> {
    let length = u32::from_le_bytes(bytes.get(..4)?.try_into().ok()?) as usize;
    let end = length.checked_add(4).filter(|&end| end <= bytes.len())?;
    Some(4..end)
}

fn decompress(packed: &[u8], plain: &mut Vec<u8>) -> io::Result<usize> {
    DECOMPRESSOR.with_borrow_mut(|decompressor| {
        let decompressor = match decompressor {
            Some(decompressor) => decompressor,
            None => decompressor.insert(Decompressor::new()?),
        };
        // Writes within the capacity, never beyond.
        decompressor.decompress_to_buffer(packed, plain)
    })
}

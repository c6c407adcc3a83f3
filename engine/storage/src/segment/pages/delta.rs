//! `DELTA_BINARY_PACKED`: blocks of differences, a bit width for each part of a block. Decoded a part at a
//! time, so that a reader that stops early has not paid for the rest. Source: parquet-format, Encodings.

use super::{varint, zigzag};

const BROKEN: &str = "broken differences";

/// Values of a part that are decoded at a time.
const CHUNK: usize = 64;

/// Parts of a block at most; parquet's writers use four or eight.
const PARTS_MAX: usize = 32;

/// Where a reader of one page is.
#[derive(Debug, Clone, Default)]
pub(super) struct DeltaDecoder {
    /// Next byte of the page.
    at: usize,
    /// Values of a part.
    part: usize,
    /// Parts of a block.
    parts: usize,
    /// Values that are not decoded yet, this part's included.
    left: usize,
    /// Whether the next value is the one in the header.
    first: bool,
    /// The value before the next one, or the one in the header.
    value: i64,
    least: i64,
    widths: [u8; PARTS_MAX],
    /// The next part of the block; `parts` where a new block begins.
    next_part: usize,
    width: usize,
    /// Values of the part that are left in it, padding included.
    in_part: usize,
}

/// Where a block begins.
#[derive(Debug, Clone, Copy)]
pub(super) struct BlockStart {
    /// Byte of the page.
    at: u32,
    /// The value before the block's first.
    value: i64,
}

impl DeltaDecoder {
    /// Where the blocks begin, from a decoder that has read nothing: the first one after one value, each other one
    /// [`block`](Self::block) values after the one before it.
    pub(super) fn block_starts(mut self, bytes: &[u8]) -> Vec<BlockStart> {
        let mut starts = Vec::new();
        let mut ahead = 1;
        // Where values end, or are broken, starts end.
        while self.skip(bytes, ahead).is_ok() {
            let Ok(at) = u32::try_from(self.at) else { break };
            starts.push(BlockStart {
                at,
                value: self.value,
            });
            ahead = self.block();
        }
        starts
    }

    /// Values of a block.
    pub(super) fn block(&self) -> usize {
        self.part * self.parts
    }

    /// Goes on from the beginning of a block of the same page, before which there are `passed` of its `all` values.
    pub(super) fn go_to(&mut self, start: BlockStart, passed: usize, all: usize) {
        self.at = start.at as usize;
        self.value = start.value;
        self.left = all.saturating_sub(passed);
        self.first = false;
        self.next_part = self.parts;
        self.width = 0;
        self.in_part = 0;
    }

    /// Values that are not decoded yet.
    pub(super) fn left(&self) -> usize {
        self.left
    }

    /// Begins at the header, which is `bytes[at..]`.
    pub(super) fn begin(bytes: &[u8], at: usize) -> Result<Self, &'static str> {
        let mut header = [0u64; 4];
        let mut at = at;
        for number in &mut header {
            (*number, at) = varint(bytes, at).ok_or(BROKEN)?;
        }
        let [block, parts, count, first] = header;
        let parts = usize::try_from(parts)
            .ok()
            .filter(|p| (1..=PARTS_MAX).contains(p))
            .ok_or(BROKEN)?;
        let part = usize::try_from(block).map_err(|_| BROKEN)? / parts;
        if part == 0 || !part.is_multiple_of(32) {
            return Err(BROKEN);
        }
        Ok(Self {
            at,
            part,
            parts,
            left: usize::try_from(count).map_err(|_| BROKEN)?,
            first: true,
            value: zigzag(first),
            next_part: parts,
            ..Self::default()
        })
    }

    /// Passes over `count` values; parts in which all steps are alike, as those of times are, at once.
    pub(super) fn skip(&mut self, bytes: &[u8], mut count: usize) -> Result<(), &'static str> {
        while count > 0 {
            if self.in_part == 0 && !self.first && count <= self.left {
                self.begin_part(bytes)?;
            }
            let even = count.min(self.in_part);
            if self.width == 0 && even > 0 && count <= self.left {
                self.value = self.value.wrapping_add(self.least.wrapping_mul(even as i64));
                self.in_part -= even;
                self.left -= even;
                count -= even;
            } else {
                let some = count.min(self.in_part.max(1));
                self.read(bytes, some, |_| ())?;
                count -= some;
            }
        }
        Ok(())
    }

    /// Hands out the next `count` values in slices.
    pub(super) fn read(
        &mut self,
        bytes: &[u8],
        count: usize,
        mut take: impl FnMut(&[i64]),
    ) -> Result<(), &'static str> {
        self.read_while(bytes, count, |values| {
            take(values);
            true
        })
        .map(|_| ())
    }

    /// The same until `take` has enough; returns how many values were handed out.
    pub(super) fn read_while(
        &mut self,
        bytes: &[u8],
        all: usize,
        mut take: impl FnMut(&[i64]) -> bool,
    ) -> Result<usize, &'static str> {
        if all > self.left {
            return Err("fewer values than rows");
        }
        let mut count = all;
        if self.first && count > 0 {
            self.first = false;
            self.left -= 1;
            count -= 1;
            if !take(&[self.value]) {
                return Ok(all - count);
            }
        }
        let mut values = [0i64; CHUNK];
        while count > 0 {
            if self.in_part == 0 {
                self.begin_part(bytes)?;
            }
            // The width is of bits, and a part is read from a whole byte on: chunks are of 64 values but the
            // last, and what is taken of a part is a multiple of eight or the rest of what is asked for.
            let chunk = count.min(self.in_part).min(CHUNK);
            let values = &mut values[..chunk];
            self.unpack(bytes, values)?;
            count -= chunk;
            self.left -= chunk;
            if !take(values) {
                break;
            }
        }
        Ok(all - count)
    }

    /// Passes over values that ascend, `count` at most, while they are below `least`, and returns how many: where the
    /// next one is below it still, the last slice of values passes the border.
    pub(super) fn skip_below(
        &mut self,
        bytes: &[u8],
        least: i64,
        count: usize,
    ) -> Result<usize, &'static str> {
        if count > self.left {
            return Err("fewer values than rows");
        }
        let mut skipped = 0;
        while skipped < count {
            if self.first {
                if self.value >= least {
                    break;
                }
                self.read(bytes, 1, |_| ())?;
                skipped += 1;
                continue;
            }
            if self.in_part == 0 {
                self.begin_part(bytes)?;
            }
            let some = (count - skipped).min(self.in_part);
            let passed = if self.width == 0 {
                let passed = some.min(self.even_below(least));
                self.skip(bytes, passed)?;
                passed
            } else {
                self.chunk_below(bytes, least, some.min(CHUNK))?
            };
            skipped += passed;
            if passed == 0 || (self.width == 0 && passed < some) {
                break;
            }
        }
        Ok(skipped)
    }

    /// How many of the next values are below `least`, in a part whose steps are all alike.
    fn even_below(&self, least: i64) -> usize {
        let way = i128::from(least) - i128::from(self.value) - 1;
        match usize::try_from(way / i128::from(self.least.max(1))) {
            Ok(values) if self.least > 0 => values,
            _ => 0,
        }
    }

    /// Passes over the next `count` values of the part if all are below `least`.
    fn chunk_below(&mut self, bytes: &[u8], least: i64, count: usize) -> Result<usize, &'static str> {
        let (mut ahead, mut last) = (self.clone(), least);
        ahead.read(bytes, count, |values| {
            last = values.last().copied().unwrap_or(least)
        })?;
        if last >= least {
            return Ok(0);
        }
        *self = ahead;
        Ok(count)
    }

    fn begin_part(&mut self, bytes: &[u8]) -> Result<(), &'static str> {
        if self.next_part == self.parts {
            let (least, after) = varint(bytes, self.at).ok_or(BROKEN)?;
            let widths = bytes.get(after..after + self.parts).ok_or(BROKEN)?;
            self.least = zigzag(least);
            self.widths[..self.parts].copy_from_slice(widths);
            self.at = after + self.parts;
            self.next_part = 0;
        }
        self.width = usize::from(self.widths[self.next_part]);
        if self.width > 64 {
            return Err(BROKEN);
        }
        self.next_part += 1;
        self.in_part = self.part;
        Ok(())
    }

    /// The next values of the part, which has as many.
    fn unpack(&mut self, bytes: &[u8], values: &mut [i64]) -> Result<(), &'static str> {
        let done = self.part - self.in_part;
        self.in_part -= values.len();
        if self.width == 0 {
            for value in values.iter_mut() {
                self.value = self.value.wrapping_add(self.least);
                *value = self.value;
            }
            return Ok(());
        }
        let packed = bytes.get(self.at..).ok_or(BROKEN)?;
        let (first_bit, last_bit) = (done * self.width, (done + values.len()) * self.width);
        let end = last_bit.div_ceil(8);
        // What the last loads of eight bytes touch beyond the part may be beyond the page.
        let mut padded;
        let start = first_bit / 8;
        let source = match packed.get(start..end + 16) {
            Some(source) => source,
            None => {
                let source = packed.get(start..end).ok_or(BROKEN)?;
                padded = [0u8; CHUNK * 8 + 24];
                padded[..source.len()].copy_from_slice(source);
                &padded[..]
            }
        };
        let bit = first_bit % 8;
        match self.width {
            1..=56 => self.narrow(source, bit, values),
            _ => self.wide(source, bit, values),
        }
        if self.in_part == 0 {
            self.at += (self.part * self.width).div_ceil(8);
        }
        Ok(())
    }

    /// Differences of up to 56 bits, of which a load of eight bytes holds some whatever bit they begin at.
    fn narrow(&mut self, source: &[u8], mut bit: usize, values: &mut [i64]) {
        let (width, least) = (self.width, self.least);
        let mask = (1u64 << width) - 1;
        let mut running = self.value;
        for some in values.chunks_mut(56 / width) {
            let at = bit / 8;
            let word = u64::from_le_bytes(source[at..at + 8].try_into().expect("eight bytes"));
            let mut word = word >> (bit % 8);
            bit += width * some.len();
            for value in some {
                running = running.wrapping_add(least).wrapping_add((word & mask) as i64);
                *value = running;
                word >>= width;
            }
        }
        self.value = running;
    }

    fn wide(&mut self, source: &[u8], mut bit: usize, values: &mut [i64]) {
        let mask = (1u128 << self.width) - 1;
        for value in values {
            let at = bit / 8;
            let word = u128::from_le_bytes(source[at..at + 16].try_into().expect("sixteen bytes"));
            let difference = (word >> (bit % 8)) & mask;
            self.value = self
                .value
                .wrapping_add(self.least)
                .wrapping_add(difference as i64);
            *value = self.value;
            bit += self.width;
        }
    }
}

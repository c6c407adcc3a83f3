//! A checksum for each block of a Parquet file's pages, compared whenever bytes of the block are read: a changed
//! byte is an error of the read that meets it, never a value. They are in the file's own footer, whose bytes the
//! manifest's checksum covers (`FORMAT.md`).

use std::fmt::Write as _;
use std::io;
use std::ops::Range;

/// Key of the footer's metadata that holds them.
pub(super) const METADATA_KEY: &str = "weir.block_crc32";
/// Bytes of a block: about those of a page, so that reading one page sums two or three; the sums are a quarter
/// of a thousandth of the file in memory.
const BLOCK_BYTES: usize = 16 << 10;

/// Sums blocks while a file is written.
#[derive(Debug, Default)]
pub(super) struct BlockSummer {
    done: Vec<u32>,
    open: crc32fast::Hasher,
    open_bytes: usize,
}

impl BlockSummer {
    pub(super) fn update(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let take = bytes.len().min(BLOCK_BYTES - self.open_bytes);
            self.open.update(&bytes[..take]);
            self.open_bytes += take;
            bytes = &bytes[take..];
            if self.open_bytes == BLOCK_BYTES {
                self.done.push(std::mem::take(&mut self.open).finalize());
                self.open_bytes = 0;
            }
        }
    }

    /// The sums of all bytes so far: bytes of a block, bytes that are covered, eight hex digits a block.
    pub(super) fn text(&self) -> String {
        let covered = self.done.len() * BLOCK_BYTES + self.open_bytes;
        let mut text = format!("{BLOCK_BYTES} {covered} ");
        let last = (self.open_bytes > 0).then(|| self.open.clone().finalize());
        for sum in self.done.iter().copied().chain(last) {
            // Writing to a string cannot fail.
            let _ = write!(text, "{sum:08x}");
        }
        text
    }
}

/// The sums of a file that is read.
#[derive(Debug)]
pub(super) struct BlockSums {
    block_bytes: u64,
    covered: u64,
    sums: Vec<u32>,
}

impl BlockSums {
    /// Reads what [`BlockSummer::text`] wrote; `None` when it is something else.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, ' ');
        let block_bytes: u64 = parts.next()?.parse().ok()?;
        let covered: u64 = parts.next()?.parse().ok()?;
        let digits = parts.next()?.as_bytes();
        let blocks = (block_bytes > 0).then(|| covered.div_ceil(block_bytes))?;
        if !digits.len().is_multiple_of(8) || (digits.len() / 8) as u64 != blocks {
            return None;
        }
        let sum = |digits: &[u8]| u32::from_str_radix(str::from_utf8(digits).ok()?, 16).ok();
        Some(Self {
            block_bytes,
            covered,
            sums: digits.chunks_exact(8).map(sum).collect::<Option<_>>()?,
        })
    }

    /// The whole blocks that `range` touches, or `None` where it goes beyond what is covered: page index and
    /// footer, which are compared when the file is opened.
    pub(super) fn blocks(&self, range: Range<u64>) -> Option<Range<u64>> {
        if range.end > self.covered {
            return None;
        }
        let start = range.start / self.block_bytes * self.block_bytes;
        let end = range.end.div_ceil(self.block_bytes) * self.block_bytes;
        Some(start..end.min(self.covered))
    }

    /// Compares `bytes`, which are whole blocks from `start` on.
    pub(super) fn check(&self, start: u64, bytes: &[u8]) -> io::Result<()> {
        let first = (start / self.block_bytes) as usize;
        let blocks = bytes.chunks(self.block_bytes as usize);
        for (place, (block, expected)) in blocks.zip(&self.sums[first..]).enumerate() {
            if crc32fast::hash(block) != *expected {
                let at = (first + place) as u64 * self.block_bytes;
                let what = format!("checksum of the {} bytes at {at} differs", block.len());
                return Err(io::Error::new(io::ErrorKind::InvalidData, what));
            }
        }
        Ok(())
    }

    /// Bytes of memory.
    pub(super) fn memory_bytes(&self) -> usize {
        self.sums.len() * size_of::<u32>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summed(bytes: &[u8], step: usize) -> BlockSums {
        let mut summer = BlockSummer::default();
        bytes.chunks(step).for_each(|piece| summer.update(piece));
        BlockSums::parse(&summer.text()).unwrap()
    }

    #[test]
    fn every_block_is_compared_however_it_was_written() {
        let bytes: Vec<u8> = (0..BLOCK_BYTES * 2 + 100).map(|i| (i * 7 % 251) as u8).collect();
        for step in [1000, BLOCK_BYTES, bytes.len()] {
            let sums = summed(&bytes, step);
            sums.check(0, &bytes).unwrap();
            for at in [0, BLOCK_BYTES - 1, BLOCK_BYTES, bytes.len() - 1] {
                let mut damaged = bytes.clone();
                damaged[at] ^= 1;
                let error = sums.check(0, &damaged).unwrap_err().to_string();
                let block = at / BLOCK_BYTES * BLOCK_BYTES;
                assert!(error.contains(&format!("bytes at {block} differs")), "{error}");
            }
        }
    }

    #[test]
    fn ranges_become_whole_blocks() {
        let block = BLOCK_BYTES as u64;
        let sums = summed(&vec![1; BLOCK_BYTES * 2 + 100], 4096);
        assert_eq!(sums.blocks(10..20), Some(0..block));
        assert_eq!(sums.blocks(block - 1..block + 1), Some(0..2 * block));
        assert_eq!(
            sums.blocks(2 * block + 5..2 * block + 100),
            Some(2 * block..2 * block + 100)
        );
        assert_eq!(sums.blocks(2 * block..2 * block + 101), None);
    }

    #[test]
    fn other_texts_are_no_sums() {
        for text in [
            "",
            "16384",
            "0 0 ",
            "16384 1 ",
            "16384 1 0000000g",
            "16384 16385 00000000",
        ] {
            assert!(BlockSums::parse(text).is_none(), "{text}");
        }
        assert!(BlockSums::parse("16384 0 ").is_some());
    }
}

//! Writing a piece, one sample at a time.

use super::decimal::{exponent_of, scale};
use super::{
    EXPONENT_NONE, PIECE_SAMPLES_MAX, PieceReader, SealedPiece, TIME_RUN, VALUE_EXPONENT, VALUE_RAW_3,
    VALUE_SAME, byte_count, remembered, zigzag,
};

/// Bits of `flags` that hold the exponent.
const EXPONENT_BITS: u8 = 0x1f;
/// The newest byte is a run that may grow.
const RUN: u8 = 0x20;
/// A value was no decimal: exponents are not searched any more in this piece.
const ODD: u8 = 0x40;
/// Buffers grow by this much, then by an eighth: small, because every series has one.
const GROWTH_BYTES_MIN: usize = 32;
/// What allocators round sizes to.
const ROUND_BYTES: usize = 16;
/// Most samples are shorter, and a copy of a fixed length is a few instructions.
const COPY_BYTES: usize = 16;

/// A piece that takes samples. Its newest sample is kept by its owner and handed in.
#[derive(Debug, Clone, Default)]
pub(crate) struct OpenPiece {
    bytes: Box<[u8]>,
    len: u16,
    count: u8,
    flags: u8,
    step: i32,
}

/// What encoding goes on from, as a checkpoint keeps it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct PieceState {
    pub(crate) count: u8,
    pub(crate) flags: u8,
    pub(crate) step: i32,
}

impl OpenPiece {
    /// Puts back a piece that a checkpoint kept; `None` when its bytes do not hold what they should.
    pub(crate) fn restore(bytes: &[u8], state: PieceState) -> Option<Self> {
        let whole = PieceReader::new(bytes, state.count).count() == usize::from(state.count);
        (whole && state.count <= PIECE_SAMPLES_MAX).then_some(Self {
            bytes: bytes.into(),
            len: u16::try_from(bytes.len()).ok()?,
            count: state.count,
            flags: state.flags,
            step: state.step,
        })
    }

    /// What [`OpenPiece::restore`] needs besides the bytes.
    pub(crate) fn state(&self) -> PieceState {
        PieceState {
            count: self.count,
            flags: self.flags,
            step: self.step,
        }
    }

    pub(crate) fn count(&self) -> u8 {
        self.count
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }

    /// The byte that was written last.
    #[inline]
    pub(crate) fn newest_byte(&self) -> u8 {
        let newest = usize::from(self.len).wrapping_sub(1);
        self.bytes.get(newest).copied().unwrap_or_default()
    }

    /// Bytes of memory that its buffer holds.
    pub(crate) fn capacity(&self) -> usize {
        self.bytes.len()
    }

    /// Its samples, oldest first.
    pub(crate) fn reader(&self) -> PieceReader<'_> {
        PieceReader::new(self.bytes(), self.count)
    }

    pub(crate) fn is_full(&self) -> bool {
        self.count >= PIECE_SAMPLES_MAX
    }

    /// Takes what was written so far and begins anew.
    pub(crate) fn seal(&mut self, max_ms: i64) -> SealedPiece {
        let sealed = SealedPiece {
            max_ms,
            bytes: self.bytes().into(),
            count: self.count,
        };
        *self = Self::default();
        sealed
    }

    /// Adds a sample that follows `last`, the newest sample of the series. A full piece must be sealed first.
    #[inline]
    pub(crate) fn push(&mut self, last: (i64, u64), time: i64, bits: u64) {
        if self.count == 0 {
            return self.begin(time, bits);
        }
        let step = time.wrapping_sub(last.0);
        let change = step.wrapping_sub(i64::from(self.step));
        self.count += 1;
        if change == 0 && bits == last.1 {
            return self.repeat();
        }
        self.step = remembered(step);
        let mut sample = SampleBytes::new();
        let time_code = sample.put(zigzag(change), byte_count(zigzag(change)));
        let value_code = self.put_value(&mut sample, last.1, bits);
        sample.bytes[0] = time_code << 4 | value_code;
        self.flags &= !RUN;
        self.append(&sample);
    }

    fn begin(&mut self, time: i64, bits: u64) {
        let exponent = exponent_of(bits, 0).unwrap_or(match f64::from_bits(bits).is_finite() {
            true => EXPONENT_NONE,
            false => 0,
        });
        self.count = 1;
        self.step = 0;
        self.flags = exponent;
        let mut sample = SampleBytes::new();
        sample.bytes[0] = exponent;
        sample.len = 2;
        let time_code = sample.put(zigzag(time), byte_count(zigzag(time)));
        let value_code = self.put_value(&mut sample, 0, bits);
        sample.bytes[1] = time_code << 4 | value_code;
        self.append(&sample);
    }

    /// One more sample with the same step and value.
    #[inline]
    fn repeat(&mut self) {
        let newest = usize::from(self.len) - 1;
        if self.flags & RUN != 0 && self.bytes[newest] < 0xff {
            self.bytes[newest] += 1;
            return;
        }
        self.flags |= RUN;
        let mut sample = SampleBytes::new();
        sample.bytes[0] = TIME_RUN;
        self.append(&sample);
    }

    #[inline]
    fn put_value(&mut self, sample: &mut SampleBytes, last: u64, bits: u64) -> u8 {
        if bits == last {
            return VALUE_SAME;
        }
        let exponent = self.flags & EXPONENT_BITS;
        if let Some(scaled) = scale(bits, exponent) {
            let difference = zigzag(scaled - scale(last, exponent).unwrap_or(0));
            return sample.put(difference, byte_count(difference).max(1));
        }
        self.put_odd(sample, last, bits, exponent)
    }

    /// A value that is no decimal under the piece's exponent: under a higher one, or its raw bits.
    #[cold]
    fn put_odd(&mut self, sample: &mut SampleBytes, last: u64, bits: u64, exponent: u8) -> u8 {
        let is_finite = f64::from_bits(bits).is_finite();
        if is_finite && self.flags & ODD == 0 && exponent != EXPONENT_NONE {
            if let Some((higher, scaled)) =
                exponent_of(bits, exponent + 1).and_then(|higher| Some((higher, scale(bits, higher)?)))
            {
                self.flags = self.flags & !EXPONENT_BITS | higher;
                let difference = zigzag(scaled - scale(last, higher).unwrap_or(0));
                let bytes = byte_count(difference).max(1);
                sample.put(u64::from(higher), 1);
                sample.put(u64::from(bytes), 1);
                sample.put(difference, bytes);
                return VALUE_EXPONENT;
            }
            self.flags |= ODD;
        }
        let differing = bits ^ last;
        let bytes = byte_count(differing).max(3);
        sample.put(differing, bytes);
        VALUE_RAW_3 + bytes - 3
    }

    #[inline]
    fn append(&mut self, sample: &SampleBytes) {
        let (start, end) = (usize::from(self.len), usize::from(self.len) + sample.len);
        if end > self.bytes.len() {
            self.grow(end);
        }
        match self.bytes.get_mut(start..start + COPY_BYTES) {
            Some(room) if sample.len <= COPY_BYTES => room.copy_from_slice(&sample.bytes[..COPY_BYTES]),
            _ => self.bytes[start..end].copy_from_slice(&sample.bytes[..sample.len]),
        }
        self.len = end as u16;
    }

    #[cold]
    fn grow(&mut self, needed: usize) {
        // Allocators round to 16 bytes with 8 of their own, so sizes of 8 past a multiple waste nothing.
        let (len, round) = (usize::from(self.len), ROUND_BYTES);
        let target = needed.max(len + (len / 8).max(GROWTH_BYTES_MIN - round / 2));
        let size = (target + round / 2 - 1) / round * round + round / 2;
        let mut bytes = Vec::with_capacity(size);
        bytes.extend_from_slice(self.bytes());
        bytes.resize(size, 0);
        self.bytes = bytes.into_boxed_slice();
    }
}

/// The bytes of one sample: at most exponent, control, 8 of time, exponent, length and 8 of value, and room
/// for the last whole word.
struct SampleBytes {
    bytes: [u8; 32],
    len: usize,
}

impl SampleBytes {
    #[inline]
    fn new() -> Self {
        Self {
            bytes: [0; 32],
            len: 1,
        }
    }

    /// Appends the low `count` bytes of `word` and returns `count`.
    #[inline]
    fn put(&mut self, word: u64, count: u8) -> u8 {
        self.bytes[self.len..self.len + 8].copy_from_slice(&word.to_le_bytes());
        self.len += usize::from(count);
        count
    }
}

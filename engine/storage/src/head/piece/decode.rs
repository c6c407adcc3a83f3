//! Reading a piece. Bytes that were damaged end the reading; they never panic.

use super::decimal::{scale, unscale};
use super::{EXPONENT_NONE, TIME_RUN, VALUE_EXPONENT, VALUE_RAW_3, VALUE_SAME, remembered, unzigzag};

/// Yields the samples of a piece as `(time, value bits)`, oldest first.
#[derive(Debug, Clone)]
pub(crate) struct PieceReader<'a> {
    rest: &'a [u8],
    left: u8,
    /// Samples of the current run that are still to come.
    run: u8,
    exponent: u8,
    time: i64,
    step: i32,
    bits: u64,
    scaled: i64,
    begun: bool,
}

impl<'a> PieceReader<'a> {
    /// Reads `count` samples of `bytes`.
    pub(crate) fn new(bytes: &'a [u8], count: u8) -> Self {
        let (exponent, rest) = bytes
            .split_first()
            .map_or((EXPONENT_NONE, bytes), |(e, rest)| (*e, rest));
        Self {
            rest,
            left: count,
            run: 0,
            exponent,
            time: 0,
            step: 0,
            bits: 0,
            scaled: 0,
            begun: false,
        }
    }

    #[inline]
    fn read(&mut self, control: u8) -> Option<()> {
        let change = unzigzag(self.take(control >> 4)?);
        let step = i64::from(self.step).wrapping_add(change);
        self.time = self.time.wrapping_add(step);
        self.step = if self.begun { remembered(step) } else { 0 };
        self.begun = true;
        match control & 0x0f {
            VALUE_SAME => {}
            bytes if bytes < VALUE_RAW_3 => {
                self.scaled = self.scaled.wrapping_add(unzigzag(self.take(bytes)?));
                self.bits = unscale(self.scaled, self.exponent);
            }
            VALUE_EXPONENT => {
                self.exponent = self.take(1)? as u8;
                let bytes = self.take(1)? as u8;
                let before = scale(self.bits, self.exponent).unwrap_or(0);
                self.scaled = before.wrapping_add(unzigzag(self.take(bytes)?));
                self.bits = unscale(self.scaled, self.exponent);
            }
            raw => {
                self.bits ^= self.take(raw - VALUE_RAW_3 + 3)?;
                self.scaled = scale(self.bits, self.exponent).unwrap_or(0);
            }
        }
        Some(())
    }

    #[inline]
    fn take(&mut self, count: u8) -> Option<u64> {
        let count = usize::from(count);
        if let Some(word) = self.rest.first_chunk::<8>()
            && count < 8
        {
            self.rest = &self.rest[count..];
            return Some(u64::from_le_bytes(*word) & ((1 << (8 * count)) - 1));
        }
        if count > 8 {
            return None;
        }
        let (taken, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        let mut word = [0; 8];
        word[..count].copy_from_slice(taken);
        Some(u64::from_le_bytes(word))
    }
}

impl Iterator for PieceReader<'_> {
    type Item = (i64, u64);

    #[inline]
    fn next(&mut self) -> Option<(i64, u64)> {
        if self.left == 0 {
            return None;
        }
        self.left -= 1;
        if self.run > 0 {
            self.run -= 1;
            self.time = self.time.wrapping_add(i64::from(self.step));
            return Some((self.time, self.bits));
        }
        let (&control, rest) = self.rest.split_first()?;
        self.rest = rest;
        if control >= TIME_RUN && self.begun {
            self.run = control & 0x0f;
            self.time = self.time.wrapping_add(i64::from(self.step));
            return Some((self.time, self.bits));
        }
        self.read(control)?;
        Some((self.time, self.bits))
    }
}

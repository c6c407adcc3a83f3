//! Reads a chunk's stream of bits, most significant first, and the variable-width numbers in it.

use super::error::BlockError;

/// Widths of the variable-width integers, by the number of ones before the first zero.
const WIDTHS: [u32; 9] = [0, 3, 6, 9, 12, 18, 25, 56, 64];

/// A place in a stream of bits.
#[derive(Debug, Clone)]
pub(super) struct BitReader<'a> {
    bytes: &'a [u8],
    /// Next bit, from the first byte's most significant.
    at: usize,
}

impl<'a> BitReader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    fn ended(&self) -> BlockError {
        BlockError::Truncated {
            what: "chunk",
            offset: self.at / 8,
        }
    }

    pub(super) fn malformed(&self, what: &'static str) -> BlockError {
        BlockError::Malformed {
            what,
            offset: self.at / 8,
        }
    }

    /// Bits that are left.
    pub(super) fn left(&self) -> usize {
        self.bytes.len() * 8 - self.at
    }

    #[inline]
    pub(super) fn bit(&mut self) -> Result<bool, BlockError> {
        let byte = *self.bytes.get(self.at / 8).ok_or_else(|| self.ended())?;
        let bit = byte >> (7 - self.at % 8) & 1;
        self.at += 1;
        Ok(bit == 1)
    }

    /// The next `count` bits, at most 64, as the low bits of a number.
    #[inline]
    pub(super) fn bits(&mut self, count: u32) -> Result<u64, BlockError> {
        if count as usize > self.left() {
            return Err(self.ended());
        }
        let mut value = 0u64;
        let mut wanted = count;
        while wanted > 0 {
            let offset = (self.at % 8) as u32;
            let taken = wanted.min(8 - offset);
            let byte = u32::from(self.bytes[self.at / 8]);
            let part = byte >> (8 - offset - taken) & ((1 << taken) - 1);
            value = value << taken | u64::from(part);
            self.at += taken as usize;
            wanted -= taken;
        }
        Ok(value)
    }

    pub(super) fn double(&mut self) -> Result<f64, BlockError> {
        self.bits(64).map(f64::from_bits)
    }

    /// Go's `binary.Uvarint`, of bytes that need not be aligned.
    pub(super) fn uvarint(&mut self) -> Result<u64, BlockError> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.bits(8)?;
            if shift == 63 && byte > 1 {
                break;
            }
            value |= (byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(self.malformed("a varint of more than 64 bits"))
    }

    /// Go's `binary.Varint` (zigzag).
    pub(super) fn varint(&mut self) -> Result<i64, BlockError> {
        let value = self.uvarint()?;
        Ok((value >> 1) as i64 ^ -((value & 1) as i64))
    }

    /// A variable-width unsigned integer.
    pub(super) fn varbit_unsigned(&mut self) -> Result<u64, BlockError> {
        let width = self.varbit_width()?;
        self.bits(width)
    }

    /// A variable-width signed integer: of `n` bits it holds −2^(n−1)+1 to 2^(n−1).
    pub(super) fn varbit_signed(&mut self) -> Result<i64, BlockError> {
        let width = self.varbit_width()?;
        let value = self.bits(width)?;
        Ok(signed(value, width))
    }

    fn varbit_width(&mut self) -> Result<u32, BlockError> {
        let mut ones = 0;
        while ones < WIDTHS.len() - 1 && self.bit()? {
            ones += 1;
        }
        Ok(WIDTHS[ones])
    }
}

/// The number that `width` bits stand for, when the range is −2^(width−1)+1 to 2^(width−1).
pub(super) fn signed(value: u64, width: u32) -> i64 {
    match width {
        0 => 0,
        64 => value as i64,
        _ if value > 1 << (width - 1) => value as i64 - (1 << width),
        _ => value as i64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_all_widths() {
        // 0 | 10 001 | 10 101 (5 > 4: 5−8) | 110 100000 (32 stays) | 110 100001 (33−64) | padding
        let mut reader = BitReader::new(&[0b0100_0110, 0b1011_1010, 0b0000_1101, 0b0000_1000]);
        let numbers: Vec<i64> = (0..5).map(|_| reader.varbit_signed().unwrap()).collect();
        assert_eq!(numbers, [0, 1, -3, 32, -31]);
        let mut widest = BitReader::new(&[0xff; 9]);
        assert_eq!(widest.varbit_signed().unwrap(), -1);
        assert!(matches!(widest.bit(), Err(BlockError::Truncated { .. })));
        let mut unaligned = BitReader::new(&[0b1000_0000, 0b0101_1111, 0xff]);
        assert!(unaligned.bit().unwrap());
        // 0000_0000 follows: 0
        assert_eq!(unaligned.uvarint().unwrap(), 0);
        assert_eq!(BitReader::new(&[0xac, 0x02]).uvarint().unwrap(), 300);
        assert_eq!(BitReader::new(&[0x03]).varint().unwrap(), -2);
        assert!(BitReader::new(&[0xff; 10]).uvarint().is_err());
    }
}

//! Writes a stream of bits, most significant first, and the variable-width numbers of chunks.

/// Widths of the variable-width numbers, by the number of ones before the first zero; the last has no zero.
const WIDTHS: [u32; 9] = [0, 3, 6, 9, 12, 18, 25, 56, 64];

/// A stream of bits under construction.
#[derive(Debug, Default)]
pub(super) struct BitWriter {
    bytes: Vec<u8>,
    /// Bits of the last byte that are free.
    free: u32,
}

impl BitWriter {
    /// A chunk's stream: it begins with the number of samples.
    pub(super) fn of_chunk(samples: usize) -> Self {
        let mut out = Self::default();
        out.bits(samples as u64, 16);
        out
    }

    pub(super) fn bit(&mut self, bit: bool) {
        self.bits(u64::from(bit), 1);
    }

    /// The low `count` bits of `value`.
    pub(super) fn bits(&mut self, value: u64, count: u32) {
        let mut left = count;
        while left > 0 {
            if self.free == 0 {
                self.bytes.push(0);
                self.free = 8;
            }
            let taken = left.min(self.free);
            let part = (value >> (left - taken)) & ((1 << taken) - 1);
            let last = self.bytes.last_mut().expect("a byte was pushed");
            *last |= (part as u8) << (self.free - taken);
            self.free -= taken;
            left -= taken;
        }
    }

    pub(super) fn double(&mut self, value: f64) {
        self.bits(value.to_bits(), 64);
    }

    /// Go's `binary.Uvarint`, of bytes that need not be aligned.
    pub(super) fn uvarint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.bits(value & 0x7f | 0x80, 8);
            value >>= 7;
        }
        self.bits(value, 8);
    }

    /// Go's `binary.Varint` (zigzag).
    pub(super) fn varint(&mut self, value: i64) {
        self.uvarint(((value << 1) ^ (value >> 63)) as u64);
    }

    pub(super) fn varbit_unsigned(&mut self, value: u64) {
        let needed = 64 - value.leading_zeros();
        let class = WIDTHS.iter().position(|width| needed <= *width);
        self.varbit(value, class.unwrap_or(WIDTHS.len() - 1));
    }

    pub(super) fn varbit_signed(&mut self, value: i64) {
        let class = WIDTHS.iter().position(|&width| fits(value, width));
        self.varbit(value as u64, class.unwrap_or(WIDTHS.len() - 1));
    }

    fn varbit(&mut self, value: u64, class: usize) {
        self.prefix(class, WIDTHS.len());
        self.bits(value, WIDTHS[class]);
    }

    /// `class` ones, and a zero unless it is the last of `classes`.
    pub(super) fn prefix(&mut self, class: usize, classes: usize) {
        (0..class).for_each(|_| self.bit(true));
        if class + 1 < classes {
            self.bit(false);
        }
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

/// Whether `value` is one of −2^(width−1)+1 to 2^(width−1), which `width` bits stand for.
pub(super) fn fits(value: i64, width: u32) -> bool {
    match width {
        0 => value == 0,
        64 => true,
        _ => value > -(1 << (width - 1)) && value <= 1 << (width - 1),
    }
}

//! Chunks of floats in the Gorilla encoding: double deltas of time, values by exclusive or.

use super::bits::{BitReader, signed};
use super::error::BlockError;

/// The window of changed bits that values share, and the newest value.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct XorValue {
    pub(super) bits: u64,
    leading: u32,
    trailing: u32,
}

impl XorValue {
    pub(super) fn new(value: f64) -> Self {
        Self {
            bits: value.to_bits(),
            ..Self::default()
        }
    }

    pub(super) fn value(self) -> f64 {
        f64::from_bits(self.bits)
    }

    /// Reads the next value: unchanged, within the last window, or with a new one.
    pub(super) fn read(&mut self, reader: &mut BitReader<'_>) -> Result<f64, BlockError> {
        if reader.bit()? {
            if reader.bit()? {
                self.read_window(reader)?;
            }
            self.read_change(reader)?;
        }
        Ok(self.value())
    }

    /// Reads a new window.
    pub(super) fn read_window(&mut self, reader: &mut BitReader<'_>) -> Result<(), BlockError> {
        self.leading = reader.bits(5)? as u32;
        // 64 does not fit into six bits and is written as 0, which would change nothing.
        let changed = match reader.bits(6)? as u32 {
            0 => 64,
            changed => changed,
        };
        self.trailing = (64 - self.leading)
            .checked_sub(changed)
            .ok_or_else(|| reader.malformed("a window of more than 64 bits"))?;
        Ok(())
    }

    /// Reads the bits that changed within the window.
    pub(super) fn read_change(&mut self, reader: &mut BitReader<'_>) -> Result<(), BlockError> {
        let change = reader.bits(64 - self.leading - self.trailing)?;
        self.bits ^= change << self.trailing;
        Ok(())
    }
}

/// Decodes a chunk's data into timestamps (ms since the epoch) and values.
pub(super) fn decode(data: &[u8]) -> Result<(Vec<i64>, Vec<f64>), BlockError> {
    let mut reader = BitReader::new(data);
    let count = reader.bits(16)? as usize;
    let (mut timestamps, mut values) = (Vec::with_capacity(count), Vec::with_capacity(count));
    let mut delta = 0i64;
    let mut value = XorValue::default();
    for i in 0..count {
        let timestamp = match timestamps.last() {
            None => reader.varint()?,
            Some(&last) => {
                delta = match i {
                    1 => reader.uvarint()? as i64,
                    _ => delta.wrapping_add(double_delta(&mut reader)?),
                };
                i64::wrapping_add(last, delta)
            }
        };
        match i {
            0 => value = XorValue::new(reader.double()?),
            _ => drop(value.read(&mut reader)?),
        }
        timestamps.push(timestamp);
        values.push(value.value());
    }
    Ok((timestamps, values))
}

fn double_delta(reader: &mut BitReader<'_>) -> Result<i64, BlockError> {
    const WIDTHS: [u32; 5] = [0, 14, 17, 20, 64];
    let mut ones = 0;
    while ones < WIDTHS.len() - 1 && reader.bit()? {
        ones += 1;
    }
    let width = WIDTHS[ones];
    Ok(signed(reader.bits(width)?, width))
}

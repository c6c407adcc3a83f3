//! Chunks of floats in the encoding that Prometheus has had since 3.14: one control prefix for time and
//! value, double deltas that fill whole bytes, a code for staleness markers, and optional start times,
//! which are read past (segments do not hold them yet).

use engine_model::staleness::STALE_NAN;

use super::bits::BitReader;
use super::error::BlockError;
use super::xor::XorValue;

/// Decodes a chunk's data into timestamps (ms since the epoch) and values.
pub(super) fn decode(data: &[u8]) -> Result<(Vec<i64>, Vec<f64>), BlockError> {
    let mut reader = BitReader::new(data);
    let count = reader.bits(16)? as usize;
    let starts = Starts::read(&mut reader)?;
    let (mut timestamps, mut values) = (Vec::with_capacity(count), Vec::with_capacity(count));
    let (mut timestamp, mut delta) = (0i64, 0i64);
    let mut value = XorValue::default();
    for i in 0..count {
        let shown = match i {
            0 => {
                timestamp = reader.varint()?;
                let first = reader.double()?;
                // A marker is no base for the differences of later values.
                if !engine_model::staleness::is_stale(first) {
                    value = XorValue::new(first);
                }
                first
            }
            1 => {
                delta = reader.uvarint()? as i64;
                read_value(&mut reader, &mut value)?
            }
            _ => {
                let (change, shown) = read_joint(&mut reader, &mut value)?;
                delta = delta.wrapping_add(change);
                shown
            }
        };
        if i > 0 {
            timestamp = timestamp.wrapping_add(delta);
        }
        starts.skip(i, &mut reader)?;
        timestamps.push(timestamp);
        values.push(shown);
    }
    Ok((timestamps, values))
}

/// Where the stream has start times.
struct Starts {
    first: bool,
    /// The first sample whose start time differs from that before; 0 for none.
    change_at: usize,
}

impl Starts {
    fn read(reader: &mut BitReader<'_>) -> Result<Self, BlockError> {
        Ok(Self {
            first: reader.bit()?,
            change_at: reader.bits(7)? as usize,
        })
    }

    fn skip(&self, sample: usize, reader: &mut BitReader<'_>) -> Result<(), BlockError> {
        if sample == 0 && self.first {
            reader.varint()?;
        } else if sample > 0 && self.change_at > 0 && sample >= self.change_at {
            reader.varbit_signed()?;
        }
        Ok(())
    }
}

/// The change of the time's delta, and the value.
fn read_joint(reader: &mut BitReader<'_>, value: &mut XorValue) -> Result<(i64, f64), BlockError> {
    let mut ones = 0;
    while ones < 5 && reader.bit()? {
        ones += 1;
    }
    let width = match ones {
        0 => return Ok((0, value.value())),
        1 => {
            if reader.bit()? {
                value.read_window(reader)?;
            }
            value.read_change(reader)?;
            return Ok((0, value.value()));
        }
        2 => 13,
        3 => 20,
        4 => 64,
        _ => return Ok((0, STALE_NAN)),
    };
    let bits = reader.bits(width)?;
    // Two's complement, other than the widths of the older encoding.
    let change = (bits << (64 - width)) as i64 >> (64 - width);
    Ok((change, read_value(reader, value)?))
}

/// A value after a change of the delta: unchanged, in the last window, in a new one, or a marker.
fn read_value(reader: &mut BitReader<'_>, value: &mut XorValue) -> Result<f64, BlockError> {
    if !reader.bit()? {
        return Ok(value.value());
    }
    if reader.bit()? {
        if reader.bit()? {
            return Ok(STALE_NAN);
        }
        value.read_window(reader)?;
    }
    value.read_change(reader)?;
    Ok(value.value())
}

//! Chunks written here by the published rules and read back, and damage of every kind. That blocks of a
//! real Prometheus are read right is for the system tests.

use engine_model::staleness::STALE_NAN;
use proptest::prelude::*;

use super::*;

/// Writes bits, most significant first.
#[derive(Default)]
struct BitWriter {
    bytes: Vec<u8>,
    used: usize,
}

impl BitWriter {
    fn bits(&mut self, value: u64, count: u32) {
        for i in (0..count).rev() {
            if self.used.is_multiple_of(8) {
                self.bytes.push(0);
            }
            let bit = (value >> i & 1) as u8;
            *self.bytes.last_mut().unwrap() |= bit << (7 - self.used % 8);
            self.used += 1;
        }
    }

    fn uvarint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.bits(value & 0x7f | 0x80, 8);
            value >>= 7;
        }
        self.bits(value, 8);
    }

    fn varint(&mut self, value: i64) {
        self.uvarint((value << 1 ^ value >> 63) as u64);
    }

    fn varbit_signed(&mut self, value: i64) {
        for (ones, width) in [3u32, 6, 9, 12, 18, 25, 56].into_iter().enumerate() {
            let high = 1i64 << (width - 1);
            if value == 0 {
                return self.bits(0, 1);
            }
            if value > -high && value <= high {
                self.bits((1 << (ones + 2)) - 2, ones as u32 + 2);
                return self.bits(value as u64 & ((1 << width) - 1), width);
            }
        }
        self.bits(0xff, 8);
        self.bits(value as u64, 64);
    }

    fn varbit_unsigned(&mut self, value: u64) {
        for (ones, width) in [3u32, 6, 9, 12, 18, 25, 56].into_iter().enumerate() {
            if value == 0 {
                return self.bits(0, 1);
            }
            if value < 1 << width {
                self.bits((1 << (ones + 2)) - 2, ones as u32 + 2);
                return self.bits(value, width);
            }
        }
        self.bits(0xff, 8);
        self.bits(value, 64);
    }

    /// A changed value with a window of its own: the prefix, then the window and the bits.
    fn window(&mut self, change: u64) {
        let leading = change.leading_zeros().min(31);
        let trailing = change.trailing_zeros();
        let width = 64 - leading - trailing;
        self.bits(leading.into(), 5);
        self.bits(u64::from(width) & 63, 6);
        self.bits(change >> trailing, width);
    }
}

fn framed(encoding: u8, data: &[u8]) -> Vec<u8> {
    let mut length = BitWriter::default();
    length.uvarint(data.len() as u64);
    let mut summed = vec![encoding];
    summed.extend_from_slice(data);
    let mut bytes = length.bytes;
    bytes.extend_from_slice(&summed);
    bytes.extend_from_slice(&crc32c::crc32c(&summed).to_be_bytes());
    bytes
}

fn xor_chunk(samples: &[(i64, f64)]) -> Vec<u8> {
    let mut out = BitWriter::default();
    out.bits(samples.len() as u64, 16);
    let mut delta = 0i64;
    for (i, &(time, value)) in samples.iter().enumerate() {
        let Some(previous) = i.checked_sub(1).map(|i| samples[i]) else {
            out.varint(time);
            out.bits(value.to_bits(), 64);
            continue;
        };
        let next = time.wrapping_sub(previous.0);
        if i == 1 {
            out.uvarint(next as u64);
        } else {
            let change = next.wrapping_sub(delta);
            match change {
                0 => out.bits(0, 1),
                -8191..=8192 => (out.bits(0b10, 2), out.bits(change as u64 & 0x3fff, 14)).1,
                -65535..=65536 => (out.bits(0b110, 3), out.bits(change as u64 & 0x1ffff, 17)).1,
                -524_287..=524_288 => (out.bits(0b1110, 4), out.bits(change as u64 & 0xfffff, 20)).1,
                _ => (out.bits(0b1111, 4), out.bits(change as u64, 64)).1,
            }
        }
        delta = next;
        match value.to_bits() ^ previous.1.to_bits() {
            0 => out.bits(0, 1),
            change => (out.bits(0b11, 2), out.window(change)).1,
        }
    }
    framed(1, &out.bytes)
}

fn xor2_chunk(samples: &[(i64, f64)], start: Option<i64>) -> Vec<u8> {
    let mut out = BitWriter::default();
    out.bits(samples.len() as u64, 16);
    out.bits(u64::from(start.is_some()), 1);
    out.bits(0, 7);
    let (mut delta, mut base) = (0i64, 0f64);
    for (i, &(time, value)) in samples.iter().enumerate() {
        let stale = engine_model::staleness::is_stale(value);
        let change_of_value = value.to_bits() ^ base.to_bits();
        let next = if i == 0 {
            0
        } else {
            time.wrapping_sub(samples[i - 1].0)
        };
        let change = next.wrapping_sub(delta);
        if i == 0 {
            out.varint(time);
            out.bits(value.to_bits(), 64);
            if let Some(start) = start {
                out.varint(time - start);
            }
        } else if i > 1 && change == 0 {
            match change_of_value {
                _ if stale => out.bits(0b11111, 5),
                0 => out.bits(0, 1),
                _ => (out.bits(0b101, 3), out.window(change_of_value)).1,
            }
        } else {
            match change {
                _ if i == 1 => out.uvarint(next as u64),
                -4096..=4095 => (out.bits(0b110, 3), out.bits(change as u64 & 0x1fff, 13)).1,
                -524_288..=524_287 => (out.bits(0b1110, 4), out.bits(change as u64 & 0xfffff, 20)).1,
                _ => (out.bits(0b11110, 5), out.bits(change as u64, 64)).1,
            }
            match change_of_value {
                _ if stale => out.bits(0b111, 3),
                0 => out.bits(0, 1),
                _ => (out.bits(0b110, 3), out.window(change_of_value)).1,
            }
        }
        delta = next;
        if !stale {
            base = value;
        }
    }
    framed(4, &out.bytes)
}

fn bits_of(chunk: &[u8]) -> Vec<(i64, u64)> {
    match decode_chunk(chunk, 0).unwrap() {
        ChunkSamples::Floats(times, values) => times
            .into_iter()
            .zip(values.into_iter().map(f64::to_bits))
            .collect(),
        ChunkSamples::Histograms(_) => panic!("floats were written"),
    }
}

fn any_samples() -> impl Strategy<Value = Vec<(i64, f64)>> {
    let value = prop_oneof![
        Just(1.0),
        Just(STALE_NAN),
        Just(-0.0),
        any::<f64>(),
        (0u32..1000).prop_map(f64::from)
    ];
    let step = prop_oneof![3 => Just(15_000i64), 1 => 1..20_000i64, 1 => 1..1i64 << 40];
    prop::collection::vec((step, value), 1..200).prop_map(|steps| {
        let mut time = 1_700_000_000_000;
        steps
            .into_iter()
            .map(|(step, value)| {
                time += step;
                (time, value)
            })
            .collect()
    })
}

proptest! {
    #[test]
    fn floats_come_back_bit_by_bit(samples in any_samples(), start in prop::option::of(1_600_000_000_000i64..1_700_000_000_000)) {
        let written: Vec<(i64, u64)> = samples.iter().map(|(time, value)| (*time, value.to_bits())).collect();
        prop_assert_eq!(bits_of(&xor_chunk(&samples)), written.clone());
        prop_assert_eq!(bits_of(&xor2_chunk(&samples, start)), written);
    }

    #[test]
    fn damage_is_an_error_and_no_panic(samples in any_samples(), at in any::<prop::sample::Index>(), bit in 0..8u32, encoding in 0..7u8) {
        let mut chunk = xor_chunk(&samples);
        let last = chunk.len() - 1;
        prop_assert!(decode_chunk(&chunk[..last], 0).is_err());
        let at = at.index(chunk.len());
        chunk[at] ^= 1 << bit;
        prop_assert!(decode_chunk(&chunk, 0).is_err(), "byte {at} of {}", chunk.len());
        // The same bytes under another encoding, with a checksum that holds.
        drop(decode_chunk(&framed(encoding, &chunk), 0));
        drop(parse_tombstones(&chunk));
        drop(BlockIndex::parse(&chunk));
    }
}

#[test]
fn histograms_with_integer_counts() {
    use engine_model::histogram::{Counts, ResetHint};
    let mut out = BitWriter::default();
    out.bits(4, 16);
    out.bits(0b1000_0000, 8);
    out.bits(243, 8);
    out.varbit_signed(3);
    out.varbit_unsigned(1);
    out.varbit_unsigned(2);
    out.varbit_signed(-1);
    out.varbit_unsigned(0);
    let written: [(i64, u64, u64, f64, [i64; 2]); 3] = [
        (1000, 5, 1, 2.5, [2, 0]),
        (2000, 9, 1, 4.5, [3, 1]),
        (3100, 16, 2, 9.0, [6, 0]),
    ];
    out.varbit_signed(1000);
    out.varbit_unsigned(5);
    out.varbit_unsigned(1);
    out.bits(2.5f64.to_bits(), 64);
    out.varbit_signed(2);
    out.varbit_signed(0);
    out.varbit_unsigned(1000);
    for change in [4, 0] {
        out.varbit_signed(change);
    }
    out.bits(0b11, 2);
    out.window(2.5f64.to_bits() ^ 4.5f64.to_bits());
    for change in [1, 1] {
        out.varbit_signed(change);
    }
    for change in [100, 7 - 4, 1] {
        out.varbit_signed(change);
    }
    out.bits(0b11, 2);
    out.window(4.5f64.to_bits() ^ 9f64.to_bits());
    for change in [3 - 1, -1 - 1] {
        out.varbit_signed(change);
    }
    // A marker: no buckets follow.
    for change in [0, 0, 0] {
        out.varbit_signed(change);
    }
    out.bits(0b11, 2);
    out.window(9f64.to_bits() ^ STALE_NAN.to_bits());
    let ChunkSamples::Histograms(decoded) = decode_chunk(&framed(2, &out.bytes), 0).unwrap() else {
        panic!("histograms were written");
    };
    assert_eq!(decoded.len(), 4);
    for (i, (time, count, zero, sum, positive)) in written.into_iter().enumerate() {
        let (at, histogram) = &decoded[i];
        assert_eq!(
            (*at, histogram.sum, histogram.zero_threshold, histogram.schema),
            (time, sum, 0.5, 3)
        );
        let Counts::Integer {
            count: c,
            zero: z,
            positive: p,
            negative,
        } = &histogram.counts
        else {
            panic!("integers were written");
        };
        assert_eq!(
            (*c, *z, p.as_slice(), negative.len()),
            (count, zero, &positive[..], 0)
        );
        let hint = if i == 0 {
            ResetHint::Reset
        } else {
            ResetHint::NotReset
        };
        assert_eq!(histogram.reset_hint, hint);
    }
    assert!(decoded[3].1.is_stale());
    assert_eq!(decoded[3].0, 3100 + 1100);
}

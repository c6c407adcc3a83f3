//! Pieces: up to 120 samples of one series as bytes, the form in which the head and its checkpoint keep them.
//!
//! A piece is one byte exponent, then a control byte a sample and what it announces: in the high half how
//! time moves on (0 the same step as before, 1–8 that many bytes of a change of step, 15 a run of samples
//! with the same step and value), in the low half the value (0 unchanged, 1–8 that many bytes of a difference of
//! scaled integers, 9–14 the 3–8 low bytes of an exclusive or, 15 a new exponent and a difference).

mod decimal;
mod decode;
mod encode;

pub(crate) use decode::PieceReader;
pub(crate) use encode::{OpenPiece, PieceState};

/// Samples of a sealed piece: half an hour of the usual 15 s, so that a piece rarely outlives its cut.
pub(crate) const PIECE_SAMPLES_MAX: u8 = 120;

/// High half of a control byte: the low half plus one is a number of samples that repeat step and value.
const TIME_RUN: u8 = 0xf0;
/// Low halves of control bytes.
const VALUE_SAME: u8 = 0;
const VALUE_RAW_3: u8 = 9;
const VALUE_EXPONENT: u8 = 15;
/// The exponent byte of a piece whose first value is no decimal: its values are not looked at as decimals.
const EXPONENT_NONE: u8 = 31;

/// A piece that takes no more samples.
#[derive(Debug, Clone)]
pub(crate) struct SealedPiece {
    /// Time of its newest sample.
    pub(crate) max_ms: i64,
    pub(crate) bytes: Box<[u8]>,
    pub(crate) count: u8,
}

impl SealedPiece {
    /// Its samples, oldest first.
    pub(crate) fn reader(&self) -> PieceReader<'_> {
        PieceReader::new(&self.bytes, self.count)
    }
}

#[inline]
fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

#[inline]
fn unzigzag(value: u64) -> i64 {
    ((value >> 1) as i64) ^ -((value & 1) as i64)
}

/// Bytes that `value` needs, 0 for 0.
#[inline]
fn byte_count(value: u64) -> u8 {
    ((71 - value.leading_zeros()) / 8) as u8
}

/// The step as the next sample's prediction remembers it: one that needs more than 32 bits is not repeated.
#[inline]
fn remembered(step: i64) -> i32 {
    i32::try_from(step).unwrap_or(0)
}

#[cfg(test)]
mod tests;

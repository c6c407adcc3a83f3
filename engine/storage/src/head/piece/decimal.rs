//! Doubles as integers over a power of ten, where that gives back the identical bits. Rounds by adding a
//! large constant: two additions where a call to the C library would cost more than the rest of a sample.

/// Adding and subtracting this rounds a double below 2^51 to an integer, ties to even.
const ROUNDER: f64 = 6_755_399_441_055_744.0;
/// Bound of the trick above, and far from where neighbouring integers share a double.
const SCALED_MAX: f64 = 2_251_799_813_685_248.0;

/// Exponents above this one are rare in exposed values and their search would cost every odd value.
pub(super) const EXPONENT_MAX: u8 = 12;

const POWERS: [f64; EXPONENT_MAX as usize + 1] =
    [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12];

/// `value` times ten to the `exponent` when dividing that again gives back the identical bits.
#[inline]
pub(super) fn scale(bits: u64, exponent: u8) -> Option<i64> {
    let power = *POWERS.get(exponent as usize)?;
    let value = f64::from_bits(bits);
    let product = value * power;
    // NaN fails the comparison; negative zero and rounding fail the comparison of bits.
    if product.abs() >= SCALED_MAX || product.is_nan() {
        return None;
    }
    let whole = (product + ROUNDER) - ROUNDER;
    let back = if exponent == 0 { whole } else { whole / power };
    // Negative zero rounds to zero or to itself; neither is an integer that remembers the sign.
    (back.to_bits() == bits && bits != NEGATIVE_ZERO).then_some(whole as i64)
}

const NEGATIVE_ZERO: u64 = 1 << 63;

/// Bits of the double that `scaled` and `exponent` stand for.
#[inline]
pub(super) fn unscale(scaled: i64, exponent: u8) -> u64 {
    let power = POWERS.get(exponent as usize).copied().unwrap_or(1.0);
    let value = scaled as f64;
    if exponent == 0 {
        value.to_bits()
    } else {
        (value / power).to_bits()
    }
}

/// The smallest exponent from `from` on under which the value is a decimal.
pub(super) fn exponent_of(bits: u64, from: u8) -> Option<u8> {
    (from..=EXPONENT_MAX).find(|&exponent| scale(bits, exponent).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_identical_bits_are_scaled() {
        for (value, exponent, scaled) in [
            (0.0, 0, Some(0)),
            (-0.0, 0, None),
            (-0.0, 3, None),
            (0.1, 1, Some(1)),
            (0.1 + 0.2, 12, None),
            (-12.34, 2, Some(-1234)),
            (2_251_799_813_685_247.0, 0, Some(2_251_799_813_685_247)),
            (2_251_799_813_685_248.0, 0, None),
            (f64::NAN, 0, None),
            (f64::NEG_INFINITY, 0, None),
        ] {
            assert_eq!(scale(value.to_bits(), exponent), scaled, "{value} {exponent}");
            if let Some(scaled) = scaled {
                assert_eq!(unscale(scaled, exponent), value.to_bits());
            }
        }
        assert_eq!(exponent_of(0.125f64.to_bits(), 0), Some(3));
        assert_eq!(exponent_of(std::f64::consts::PI.to_bits(), 0), None);
    }
}

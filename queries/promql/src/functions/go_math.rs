//! Logarithms and powers as Go computes them, to the last bit where the C library differs: results that are
//! compared with Prometheus's must be equal, not only near.

/// `value` as a fraction in [½, 1) and an exponent of two; zero, infinities and NaN as they are.
fn split(value: f64) -> (f64, i32) {
    if value == 0.0 || !value.is_finite() {
        return (value, 0);
    }
    // Numbers too small for a full mantissa are scaled up by 2^52 first.
    let (value, offset) = match value.is_subnormal() {
        true => (value * (1u64 << 52) as f64, -52),
        false => (value, 0),
    };
    let bits = value.to_bits();
    let exponent = ((bits >> 52) & 0x7ff) as i32 - 1022;
    let fraction = f64::from_bits((bits & !(0x7ff << 52)) | (1022 << 52));
    (fraction, exponent + offset)
}

/// `fraction` · 2^`exponent`, rounded once.
fn join(fraction: f64, exponent: i64) -> f64 {
    let (fraction, own) = split(fraction);
    if fraction == 0.0 || !fraction.is_finite() {
        return fraction;
    }
    let exponent = exponent + i64::from(own);
    let power = |exponent: i64| f64::from_bits(((exponent + 1023) as u64) << 52);
    match exponent {
        1025.. => f64::INFINITY.copysign(fraction),
        -1021..=1024 => fraction * power(exponent - 1) * 2.0,
        -1080..-1021 => fraction * power(exponent + 60) * power(-60),
        _ => 0.0_f64.copysign(fraction),
    }
}

/// Natural logarithm by fdlibm's method: x = 2^k · (1 + f), and a polynomial in f / (2 + f).
#[expect(
    clippy::excessive_precision,
    reason = "the coefficients are fdlibm's as published"
)]
pub(super) fn ln(value: f64) -> f64 {
    const LN2_HIGH: f64 = 6.931_471_803_691_238_164_90e-01;
    const LN2_LOW: f64 = 1.908_214_929_270_587_700_02e-10;
    const ODD: [f64; 4] = [
        6.666_666_666_666_735_130e-01,
        2.857_142_874_366_239_149e-01,
        1.818_357_216_161_805_012e-01,
        1.479_819_860_511_658_591e-01,
    ];
    const EVEN: [f64; 3] = [
        3.999_999_999_940_941_908e-01,
        2.222_219_843_214_978_396e-01,
        1.531_383_769_920_937_332e-01,
    ];
    if value.is_nan() || value == f64::INFINITY {
        return value;
    }
    if value <= 0.0 {
        return if value == 0.0 { f64::NEG_INFINITY } else { f64::NAN };
    }
    let (mut fraction, mut exponent) = split(value);
    if fraction < std::f64::consts::FRAC_1_SQRT_2 {
        fraction *= 2.0;
        exponent -= 1;
    }
    let (f, k) = (fraction - 1.0, f64::from(exponent));
    let s = f / (2.0 + f);
    let s2 = s * s;
    let s4 = s2 * s2;
    let odd = s2 * (ODD[0] + s4 * (ODD[1] + s4 * (ODD[2] + s4 * ODD[3])));
    let even = s4 * (EVEN[0] + s4 * (EVEN[1] + s4 * EVEN[2]));
    let rest = odd + even;
    let half = 0.5 * f * f;
    k * LN2_HIGH - ((half - (s * (half + rest) + k * LN2_LOW)) - f)
}

/// Exact for powers of two.
pub(super) fn log2(value: f64) -> f64 {
    let (fraction, exponent) = split(value);
    if fraction == 0.5 {
        return f64::from(exponent - 1);
    }
    ln(fraction) * std::f64::consts::LOG2_E + f64::from(exponent)
}

pub(super) fn log10(value: f64) -> f64 {
    ln(value) * std::f64::consts::LOG10_E
}

/// `base` to the power of `exponent`: the whole part by squaring, the rest by exponential and logarithm.
pub(super) fn pow(base: f64, exponent: f64) -> f64 {
    if let Some(special) = special_power(base, exponent) {
        return special;
    }
    let (mut whole, mut rest) = (exponent.abs().trunc(), exponent.abs().fract());
    if rest != 0.0 && base < 0.0 {
        return f64::NAN;
    }
    if whole >= i64::MAX as f64 {
        // So large a number is even, and all bases but −1 are off the scale.
        return match base {
            -1.0 => 1.0,
            _ if (base.abs() < 1.0) == (exponent > 0.0) => 0.0,
            _ => f64::INFINITY,
        };
    }
    let (mut result, mut result_exponent) = (1.0, 0i64);
    if rest != 0.0 {
        if rest > 0.5 {
            rest -= 1.0;
            whole += 1.0;
        }
        result = (rest * ln(base)).exp();
    }
    let (mut square, square_exponent) = split(base);
    let mut square_exponent = i64::from(square_exponent);
    let mut bits = whole as i64;
    while bits != 0 {
        if square_exponent.abs() > 1 << 12 {
            // Off the scale whatever follows.
            result_exponent += square_exponent;
            break;
        }
        if bits & 1 == 1 {
            result *= square;
            result_exponent += square_exponent;
        }
        square *= square;
        square_exponent <<= 1;
        if square < 0.5 {
            square += square;
            square_exponent -= 1;
        }
        bits >>= 1;
    }
    if exponent < 0.0 {
        return join(1.0 / result, -result_exponent);
    }
    join(result, result_exponent)
}

/// Powers that need no computation.
fn special_power(base: f64, exponent: f64) -> Option<f64> {
    let odd = || exponent.abs() < 9_007_199_254_740_992.0 && exponent % 2.0 != 0.0 && exponent.fract() == 0.0;
    Some(match (base, exponent) {
        (_, 0.0) | (1.0, _) => 1.0,
        (_, 1.0) => base,
        _ if base.is_nan() || exponent.is_nan() => f64::NAN,
        (0.0, _) if exponent < 0.0 && odd() => f64::INFINITY.copysign(base),
        (0.0, _) if exponent < 0.0 => f64::INFINITY,
        (0.0, _) if odd() => base,
        (0.0, _) => 0.0,
        (-1.0, f64::INFINITY | f64::NEG_INFINITY) => 1.0,
        (_, f64::INFINITY | f64::NEG_INFINITY) if (base.abs() < 1.0) == (exponent > 0.0) => 0.0,
        (_, f64::INFINITY | f64::NEG_INFINITY) => f64::INFINITY,
        (f64::NEG_INFINITY, _) => pow(-0.0, -exponent),
        (f64::INFINITY, _) if exponent < 0.0 => 0.0,
        (f64::INFINITY, _) => f64::INFINITY,
        (_, 0.5) => base.sqrt(),
        (_, -0.5) => 1.0 / base.sqrt(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logarithms() {
        for exponent in -1074..1024 {
            let power = join(1.0, exponent);
            assert_eq!(log2(power), exponent as f64);
        }
        assert_eq!((log10(1000.0), log10(1e15)), (3.0, 14.999_999_999_999_998));
        assert_eq!(ln(1.0), 0.0);
        assert_eq!((ln(0.0), log2(0.0)), (f64::NEG_INFINITY, f64::NEG_INFINITY));
        assert_eq!(log10(f64::INFINITY), f64::INFINITY);
        assert!(ln(-1.0).is_nan() && log2(f64::NAN).is_nan());
        for value in [1e-300, 0.1, 2.0, 10.0, 12_345.678, 1e300] {
            assert!(
                (ln(value) - value.ln()).abs() <= value.ln().abs() * 1e-15,
                "{value}"
            );
        }
    }

    #[test]
    fn powers() {
        let inf = f64::INFINITY;
        for (base, exponent, expected) in [
            (2.0, 10.0, 1024.0),
            (-2.0, 3.0, -8.0),
            (2.0, -1074.0, 5e-324),
            (4.0, 0.5, 2.0),
            (0.0, -1.0, inf),
            (-0.0, -3.0, -inf),
            (-inf, 3.0, -inf),
            (-inf, -2.0, 0.0),
            (-1.0, inf, 1.0),
            (0.5, inf, 0.0),
            (0.5, -inf, inf),
            (-1.0, 1e300, 1.0),
            (2.0, 1e300, inf),
            (f64::NAN, 0.0, 1.0),
            (1.0, f64::NAN, 1.0),
            (1e308, 2.0, inf),
        ] {
            assert_eq!(pow(base, exponent), expected, "{base} ^ {exponent}");
        }
        assert!(pow(-2.0, 0.3).is_nan());
        assert!((pow(3.7, 2.3) - 3.7_f64.powf(2.3)).abs() < 1e-13);
    }
}

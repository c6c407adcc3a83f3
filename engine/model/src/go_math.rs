//! Logarithms and powers of two as Go computes them, to the last bit where the C library differs: results
//! that are compared with Prometheus's must be equal, not only near.

/// `value` as a fraction in [½, 1) and an exponent of two; zero, infinities and NaN as they are.
pub fn split(value: f64) -> (f64, i32) {
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
pub fn join(fraction: f64, exponent: i64) -> f64 {
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
pub fn ln(value: f64) -> f64 {
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

/// Logarithm to base 2, exact for powers of two.
pub fn log2(value: f64) -> f64 {
    let (fraction, exponent) = split(value);
    if fraction == 0.5 {
        return f64::from(exponent - 1);
    }
    ln(fraction) * std::f64::consts::LOG2_E + f64::from(exponent)
}

/// 2 to the power of `value`: fdlibm's rational approximation between −½ and ½, then whole powers.
#[expect(
    clippy::excessive_precision,
    reason = "the coefficients are fdlibm's as published"
)]
pub fn exp2(value: f64) -> f64 {
    const LN2_HIGH: f64 = 6.931_471_803_691_238_164_90e-01;
    const LN2_LOW: f64 = 1.908_214_929_270_587_700_02e-10;
    const TERMS: [f64; 5] = [
        1.666_666_666_666_666_574_15e-01,
        -2.777_777_777_701_559_338_42e-03,
        6.613_756_321_437_934_361_17e-05,
        -1.653_390_220_546_525_153_90e-06,
        4.138_136_797_057_238_460_39e-08,
    ];
    if value.is_nan() || value == f64::INFINITY {
        return value;
    }
    if value > 1.023_999_999_999_999_9e+03 {
        return f64::INFINITY;
    }
    if value < -1.074e+03 {
        return 0.0;
    }
    let whole = (value + 0.5_f64.copysign(value)).trunc();
    let rest = value - whole;
    let (high, low) = (rest * LN2_HIGH, -rest * LN2_LOW);
    let r = high - low;
    let t = r * r;
    let c = r - t * (TERMS[0] + t * (TERMS[1] + t * (TERMS[2] + t * (TERMS[3] + t * TERMS[4]))));
    let power = 1.0 - ((low - (r * c) / (2.0 - c)) - high);
    join(power, whole as i64)
}

/// e to the power of `value`, as Go computes it on processors that multiply and add in one step: a Taylor series
/// of a sixteenth of what whole powers of two leave, squared four times.
#[expect(
    clippy::excessive_precision,
    reason = "the constants are those of the published method"
)]
pub fn exp(value: f64) -> f64 {
    const LN2_UPPER: f64 = 0.693_147_180_559_662_956_511_601_805_686_950_683_593_75;
    const LN2_LOWER: f64 = 0.282_352_905_630_315_771_225_884_481_750_134_360_255_254_120_68e-12;
    const OVERFLOW: f64 = 7.097_827_128_933_84e+02;
    /// 1/8!, 1/7!, … 1/3!, 1/2!, 1.
    const TERMS: [f64; 8] = [
        2.480_158_730_158_730_158_7e-5,
        1.984_126_984_126_984_127_0e-4,
        1.388_888_888_888_888_888_9e-3,
        8.333_333_333_333_333_333_3e-3,
        4.166_666_666_666_666_666_7e-2,
        1.666_666_666_666_666_666_7e-1,
        0.5,
        1.0,
    ];
    if value.is_nan() || value == f64::INFINITY {
        return value;
    }
    if value == f64::NEG_INFINITY {
        return 0.0;
    }
    if value > OVERFLOW {
        return f64::INFINITY;
    }
    let whole = (std::f64::consts::LOG2_E * value).round_ties_even();
    if whole < -1100.0 {
        return 0.0;
    }
    let rest = (-whole).mul_add(LN2_UPPER, value);
    let part = (-whole).mul_add(LN2_LOWER, rest) * 0.0625;
    let series = TERMS[1..]
        .iter()
        .fold(TERMS[0], |sum, term| part.mul_add(sum, *term));
    // (1 + x)² − 1 = x · (x + 2)
    let mut less_one = part * series;
    for _ in 0..3 {
        less_one *= less_one + 2.0;
    }
    join((less_one + 2.0).mul_add(less_one, 1.0), whole as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logarithms() {
        for exponent in -1074..1024 {
            let power = join(1.0, exponent);
            assert_eq!(log2(power), exponent as f64);
            assert_eq!(exp2(exponent as f64), power);
        }
        assert_eq!((ln(1.0), exp2(0.0)), (0.0, 1.0));
        assert_eq!((ln(0.0), log2(0.0)), (f64::NEG_INFINITY, f64::NEG_INFINITY));
        assert!(ln(-1.0).is_nan() && log2(f64::NAN).is_nan() && exp2(f64::NAN).is_nan());
        for value in [1e-300, 0.1, 2.0, 10.0, 12_345.678, 1e300] {
            assert!(
                (ln(value) - value.ln()).abs() <= value.ln().abs() * 1e-15,
                "{value}"
            );
        }
    }

    #[test]
    fn powers_of_e() {
        assert_eq!((exp(0.0), exp(710.0), exp(-800.0)), (1.0, f64::INFINITY, 0.0));
        assert_eq!((exp(f64::INFINITY), exp(f64::NEG_INFINITY)), (f64::INFINITY, 0.0));
        assert!(exp(f64::NAN).is_nan() && exp(-740.0) > 0.0);
        for value in [-20.75, -0.5, 1e-9, 1.0, 3.3, 700.001] {
            assert!((exp(value) / value.exp() - 1.0).abs() < 1e-15, "{value}");
        }
    }

    #[test]
    fn powers_of_two() {
        assert_eq!((exp2(1024.0), exp2(-1075.0)), (f64::INFINITY, 0.0));
        assert_eq!(
            (exp2(f64::INFINITY), exp2(f64::NEG_INFINITY)),
            (f64::INFINITY, 0.0)
        );
        for value in [-20.75, -0.5, 0.1, 0.5, 3.3, 1000.001] {
            assert!((exp2(value) / value.exp2() - 1.0).abs() < 1e-15, "{value}");
        }
    }
}

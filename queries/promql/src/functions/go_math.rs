//! Logarithms and powers as Go computes them, to the last bit where the C library differs: results that are
//! compared with Prometheus's must be equal, not only near.

pub(super) use engine_model::go_math::{exp, ln, log2};
use engine_model::go_math::{join, split};

/// Logarithm to base 10.
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
        result = exp(rest * ln(base));
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
        assert_eq!((log10(1000.0), log10(1e15)), (3.0, 14.999_999_999_999_998));
        assert_eq!(log10(f64::INFINITY), f64::INFINITY);
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

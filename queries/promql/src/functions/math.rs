//! Functions of single samples that Rust's library lacks or answers differently.

/// −1, 0 or 1; zero keeps its sign and NaN stays.
pub(super) fn sign(value: f64) -> f64 {
    match value {
        v if v < 0.0 => -1.0,
        v if v > 0.0 => 1.0,
        v => v,
    }
}

/// Rounds to the nearest multiple of the parameter (1 without one), halves up.
pub(super) fn round(value: f64, parameters: &[f64]) -> Option<f64> {
    // Dividing by the inverse keeps results like 0.1 exact.
    let inverse = 1.0 / parameters.first().copied().unwrap_or(1.0);
    Some((value * inverse + 0.5).floor() / inverse)
}

/// From here on the square of a number and 1 are no more than the square.
const LARGE: f64 = (1u64 << 28) as f64;

/// As the library's, which overflows where the square does.
pub(super) fn asinh(value: f64) -> f64 {
    match value.abs() {
        large if large > LARGE && large.is_finite() => (large.ln() + std::f64::consts::LN_2).copysign(value),
        _ => value.asinh(),
    }
}

/// As the library's, which overflows where the square does.
pub(super) fn acosh(value: f64) -> f64 {
    if value > LARGE {
        return value.ln() + std::f64::consts::LN_2;
    }
    value.acosh()
}

/// Nothing when the bounds cross.
pub(super) fn clamp(value: f64, parameters: &[f64]) -> Option<f64> {
    let &[low, high] = parameters else { return None };
    // As written, a NaN bound lets the sample through as NaN.
    (low <= high || low.is_nan() || high.is_nan()).then(|| max(low, min(high, value)))
}

/// Go's `math.Max`: NaN wins, and +0 is more than −0.
pub(crate) fn max(a: f64, b: f64) -> f64 {
    match (a, b) {
        _ if a == f64::INFINITY || b == f64::INFINITY => f64::INFINITY,
        _ if a.is_nan() || b.is_nan() => f64::NAN,
        _ if a == 0.0 && a == b => {
            if a.is_sign_negative() {
                b
            } else {
                a
            }
        }
        _ => {
            if a > b {
                a
            } else {
                b
            }
        }
    }
}

/// Go's `math.Min`: NaN wins, and −0 is less than +0.
pub(crate) fn min(a: f64, b: f64) -> f64 {
    match (a, b) {
        _ if a == f64::NEG_INFINITY || b == f64::NEG_INFINITY => f64::NEG_INFINITY,
        _ if a.is_nan() || b.is_nan() => f64::NAN,
        _ if a == 0.0 && a == b => {
            if a.is_sign_negative() {
                a
            } else {
                b
            }
        }
        _ => {
            if a < b {
                a
            } else {
                b
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables() {
        assert_eq!(round(2.5, &[]), Some(3.0));
        assert_eq!(round(-2.5, &[]), Some(-2.0));
        assert_eq!(round(123.456, &[0.1]), Some(123.5));
        assert_eq!(clamp(5.0, &[0.0, 3.0]), Some(3.0));
        assert_eq!(clamp(5.0, &[3.0, 0.0]), None);
        assert!(clamp(5.0, &[f64::NAN, 0.0]).unwrap().is_nan());
        assert_eq!(asinh(f64::MAX), 710.475_860_073_943_9);
        assert_eq!(asinh(-f64::MAX), -710.475_860_073_943_9);
        assert_eq!(acosh(f64::MAX), 710.475_860_073_943_9);
        assert_eq!(
            (asinh(f64::INFINITY), asinh(1.0)),
            (f64::INFINITY, 1.0f64.asinh())
        );
        assert!(sign(-0.0).is_sign_negative() && sign(f64::NAN).is_nan());
    }
}

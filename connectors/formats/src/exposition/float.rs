//! Sample values and the rewriting of `le` and `quantile`.

use engine_model::number;

/// Longest run of digits whose number is exact in an f64: below 2^53.
const EXACT_DIGITS_MAX: usize = 15;

/// Powers of ten that are exact in an f64, as far as the digits after the point need them.
const TENS: [f64; EXACT_DIGITS_MAX + 1] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
];

/// The number at the start of `bytes` and its length, if it is an unsigned decimal of few digits without an
/// exponent, as most are, and a blank or a line end follows. One division of exact numbers rounds once, so
/// the result is the nearest float.
#[inline]
pub(crate) fn short_decimal(bytes: &[u8]) -> Option<(f64, usize)> {
    let mut mantissa = 0u64;
    let mut point = None;
    let mut at = 0;
    loop {
        let byte = *bytes.get(at)?;
        let digit = byte.wrapping_sub(b'0');
        if digit < 10 {
            mantissa = mantissa * 10 + u64::from(digit);
        } else if byte == b'.' && point.is_none() {
            point = Some(at);
        } else if matches!(byte, b'\n' | b' ' | b'\t') {
            break;
        } else {
            return None;
        }
        at += 1;
        if at > EXACT_DIGITS_MAX {
            return None;
        }
    }
    match point {
        None if at > 0 => Some((mantissa as f64, at)),
        Some(point) if at > 1 => Some((mantissa as f64 / TENS[at - point - 1], at)),
        _ => None,
    }
}

/// A sample value; numbers too large for a float are refused as in Go.
pub(crate) fn parse_value(bytes: &[u8]) -> Option<f64> {
    let value = number::parse_float(std::str::from_utf8(bytes).ok()?)?;
    let overflowed = value.is_infinite() && bytes.iter().any(u8::is_ascii_digit);
    (!overflowed).then_some(value)
}

/// The OpenMetrics form of a bucket bound or quantile: `1` becomes `1.0`, `1e3` becomes `1000.0`.
/// Text that is no number stays as it is. Unlike a value, a bound may have an underscore between two digits.
pub(crate) fn normalise_bound(text: &str) -> Option<String> {
    if !text.contains('_') {
        return parse_value(text.as_bytes()).map(format_bound);
    }
    let bytes = text.as_bytes();
    let is_digit = |i: usize| bytes.get(i).is_some_and(u8::is_ascii_digit);
    let between_digits = |i: usize| i > 0 && is_digit(i - 1) && is_digit(i + 1);
    if !(0..bytes.len()).all(|i| bytes[i] != b'_' || between_digits(i)) {
        return None;
    }
    parse_value(text.replace('_', "").as_bytes()).map(format_bound)
}

/// A bucket bound or quantile in OpenMetrics form.
pub(crate) fn format_bound(value: f64) -> String {
    let magnitude = value.abs();
    // Go's `strconv` prints 'g' with shortest digits in exponent form below 1e-4 and from 1e6
    // (the 1e21 that people know is `%v`).
    let mut out = if magnitude != 0.0 && magnitude.is_finite() && !(1e-4..1e6).contains(&magnitude) {
        number::format_exponent(value)
    } else {
        number::format_float(value)
    };
    if value.is_finite() && !out.contains(['.', 'e']) {
        out.push_str(".0");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values() {
        for (text, expected) in [
            ("0", Some(0.0)),
            ("42", Some(42.0)),
            ("123456789012345", Some(123_456_789_012_345.0)),
            ("9007199254740993", Some(9_007_199_254_740_992.0)),
            ("-1.5e-3", Some(-0.0015)),
            ("+Inf", Some(f64::INFINITY)),
            ("-inf", Some(f64::NEG_INFINITY)),
            ("1e400", None),
            ("0x1p-2", None),
            ("1_0", None),
            ("", None),
            ("1\r", None),
            ("é", None),
        ] {
            assert_eq!(parse_value(text.as_bytes()), expected, "{text:?}");
        }
    }

    #[test]
    fn bounds() {
        for (text, expected) in [
            ("1", Some("1.0")),
            ("0", Some("0.0")),
            ("-1", Some("-1.0")),
            ("1e3", Some("1000.0")),
            ("0.5", Some("0.5")),
            ("0.50", Some("0.5")),
            ("+Inf", Some("+Inf")),
            ("inf", Some("+Inf")),
            ("NaN", Some("NaN")),
            ("1000000", Some("1e+06")),
            ("100000", Some("100000.0")),
            ("2.5e-05", Some("2.5e-05")),
            ("0.0001", Some("0.0001")),
            ("1_0", Some("10.0")),
            ("_1", None),
            ("1__0", None),
            ("1_.5", None),
            ("0x1", None),
            ("foo", None),
            ("", None),
        ] {
            assert_eq!(normalise_bound(text).as_deref(), expected, "{text:?}");
        }
    }
}

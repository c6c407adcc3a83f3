//! Sample values and the rewriting of `le` and `quantile`.

use engine_model::number;

/// Longest run of digits that is exact in an f64 and cannot overflow the accumulator.
const EXACT_DIGITS_MAX: usize = 15;

/// A sample value; numbers too large for a float are refused as in Go.
#[inline]
pub(crate) fn parse_value(bytes: &[u8]) -> Option<f64> {
    if bytes.len() <= EXACT_DIGITS_MAX && bytes.iter().all(u8::is_ascii_digit) && !bytes.is_empty() {
        let whole = bytes.iter().fold(0u64, |n, b| n * 10 + u64::from(b - b'0'));
        return Some(whole as f64);
    }
    let value = number::parse_float(std::str::from_utf8(bytes).ok()?)?;
    let overflowed = value.is_infinite() && bytes.iter().any(u8::is_ascii_digit);
    (!overflowed).then_some(value)
}

/// The OpenMetrics form of a bucket bound or quantile: `1` becomes `1.0`, `1e3` becomes `1000.0`.
/// Text that is no number stays as it is.
pub(crate) fn normalise_bound(text: &str) -> Option<String> {
    if text.contains(['p', 'P', '_']) {
        return None;
    }
    let value = parse_value(text.as_bytes())?;
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
    Some(out)
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
            ("foo", None),
            ("", None),
        ] {
            assert_eq!(normalise_bound(text).as_deref(), expected, "{text:?}");
        }
    }
}

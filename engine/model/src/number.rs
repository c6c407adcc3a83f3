//! Floats as Go reads and prints them: sample values in exposition text, JSON and templates.

use std::fmt::Write;

use crate::staleness::NORMAL_NAN;

/// Integers below this are all doubles: 2^53.
const INTEGERS_END: f64 = 9_007_199_254_740_992.0;

/// Parses what Prometheus's text parsers accept: decimal and exponent forms, `NaN`, `Inf`,
/// `Infinity` with optional sign in any case; no underscores, no hexadecimal.
/// `NaN` becomes the canonical NaN of a sample.
pub fn parse_float(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let first = *unsigned.as_bytes().first()?;
    if first.is_ascii_digit() || first == b'.' {
        return text.parse().ok();
    }
    let infinite = unsigned.eq_ignore_ascii_case("inf") || unsigned.eq_ignore_ascii_case("infinity");
    match infinite {
        true if text.starts_with('-') => Some(f64::NEG_INFINITY),
        true => Some(f64::INFINITY),
        false => text.eq_ignore_ascii_case("nan").then_some(NORMAL_NAN),
    }
}

/// Appends the shortest decimal text without exponent (Go's `'f', -1`): `0.1`, `+Inf`, `NaN`.
pub fn write_float(out: &mut String, value: f64) {
    if value.fract() == 0.0 && value.abs() < INTEGERS_END && value.is_sign_positive() {
        out.push_str(itoa::Buffer::new().format(value as u64));
        return;
    }
    if write_special(out, value) {
        return;
    }
    let start = out.len();
    let mut buffer = zmij::Buffer::new();
    let text = buffer.format_finite(value);
    match text.split_once('e') {
        None => out.push_str(text.strip_suffix(".0").unwrap_or(text)),
        Some((mantissa, exponent)) => match exponent.parse::<usize>() {
            Ok(exponent) => push_integer(out, mantissa, exponent),
            Err(_) => write!(out, "{value}").expect("writing to a string cannot fail"),
        },
    }
    settle_tie(out, start, value);
}

/// The shortest decimal text without exponent (Go's `'f', -1`).
pub fn format_float(value: f64) -> String {
    let mut out = String::new();
    write_float(&mut out, value);
    out
}

/// Appends a sample value as the JSON API prints it: shortest decimal, exponent form below 1e-6 and from 1e21.
pub fn write_json_value(out: &mut String, value: f64) {
    let magnitude = value.abs();
    if magnitude != 0.0 && magnitude.is_finite() && !(1e-6..1e21).contains(&magnitude) {
        write_exponent(out, value);
        return;
    }
    write_float(out, value);
}

/// Appends what Go's `%v` prints for a float: exponent form for exponents below −4 and from 6.
pub fn write_go_value(out: &mut String, value: f64) {
    let magnitude = value.abs();
    if magnitude != 0.0 && magnitude.is_finite() && !(1e-4..1e6).contains(&magnitude) {
        write_exponent(out, value);
        return;
    }
    write_float(out, value);
}

/// What Go's `%v` prints for a float.
pub fn format_go_value(value: f64) -> String {
    let mut out = String::new();
    write_go_value(&mut out, value);
    out
}

/// Go's `'e', -1`: shortest mantissa, exponent with a sign and at least two digits (`1e+00`).
pub fn format_exponent(value: f64) -> String {
    let mut out = String::new();
    if !write_special(&mut out, value) {
        write_exponent(&mut out, value);
    }
    out
}

fn write_special(out: &mut String, value: f64) -> bool {
    let text = if value.is_nan() {
        "NaN"
    } else if value == f64::INFINITY {
        "+Inf"
    } else if value == f64::NEG_INFINITY {
        "-Inf"
    } else {
        return false;
    };
    out.push_str(text);
    true
}

/// Writes the integer `mantissa` × 10^`exponent` in full.
fn push_integer(out: &mut String, mantissa: &str, exponent: usize) {
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let fraction = fraction.trim_end_matches('0');
    out.push_str(whole);
    out.push_str(fraction);
    out.extend(std::iter::repeat_n('0', exponent - fraction.len()));
}

/// Between two shortest texts that are equally near to `value`, Go writes the even last digit where Rust may
/// write the odd one. `text[start..]` is Rust's.
fn settle_tie(text: &mut String, start: usize, value: f64) {
    let magnitude = value.abs();
    let scaled = magnitude * f64::from(1_u32 << TIE_PLACES);
    // A tie is an odd number of 17 digits times a power of ten. Of an integer it would be a factor of the mantissa,
    // which is below 2^53.
    if text.len() - start < 16 || magnitude.fract() == 0.0 || scaled.fract() != 0.0 {
        return;
    }
    let end = text[start..].find('e').map_or(text.len(), |at| start + at);
    let digits = text[start..end].bytes().filter(u8::is_ascii_digit);
    let kept = digits.skip_while(|&digit| digit == b'0').count();
    let spare = (scaled as u128).trailing_zeros();
    // Below 2^53 times 2^59.
    let exact = (scaled as u128 >> spare) * 5_u128.pow(TIE_PLACES - spare);
    let mut buffer = itoa::Buffer::new();
    let exact = buffer.format(exact).as_bytes();
    let odd = text.as_bytes()[end - 1];
    if kept < 16 || kept + 1 != exact.len() || exact[kept] != b'5' || odd.is_multiple_of(2) {
        return;
    }
    text.replace_range(end - 1..end, char::from(odd - 1).encode_utf8(&mut [0; 4]));
    // Doubles below a power of two lie closer, and the even text may belong to one of them.
    if text[start..].parse() != Ok(value) {
        text.replace_range(end - 1..end, char::from(odd).encode_utf8(&mut [0; 4]));
    }
}

/// Binary places that a value with a tie has at most: the exact decimal has as many places and ends in 5, so 5^25
/// divides its digits; there are no more than 18.
const TIE_PLACES: u32 = 25;

/// Writes `1.5e-07`: Go's exponents have at least two digits.
fn write_exponent(out: &mut String, value: f64) {
    let mut text = format!("{value:e}");
    settle_tie(&mut text, 0, value);
    let (mantissa, exponent) = text.split_once('e').expect("the exponent format has an e");
    let (sign, digits) = match exponent.strip_prefix('-') {
        Some(digits) => ('-', digits),
        None => ('+', exponent),
    };
    write!(out, "{mantissa}e{sign}{digits:0>2}").expect("writing to a string cannot fail");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_what_go_parses() {
        for (text, expected) in [
            ("1", 1.0),
            ("+1.5e3", 1500.0),
            (".5", 0.5),
            ("1.", 1.0),
            ("-inf", f64::NEG_INFINITY),
            ("+Infinity", f64::INFINITY),
        ] {
            assert_eq!(parse_float(text), Some(expected), "{text}");
        }
        assert_eq!(parse_float("nan").map(f64::to_bits), Some(NORMAL_NAN.to_bits()));
        for text in ["", "-", "e5", "0x10", "1_0", "in", "+nan", "1 ", "1e"] {
            assert_eq!(parse_float(text).map(f64::to_bits), None, "{text:?}");
        }
    }

    #[test]
    fn the_fast_way_prints_the_shortest_text() {
        let mut bits = 0x9e37_79b9_7f4a_7c15_u64;
        for round in 0..200_000 {
            bits = bits
                .wrapping_mul(0x5851_f42d_4c95_7f2d)
                .wrapping_add(0x1405_7b7e_f767_814f);
            let values = [
                f64::from_bits(bits),
                (bits >> 20) as f64 / 1000.0,
                (bits >> 40) as f64 / 64.0,
                (bits >> 11) as f64,
                f64::from(round) * 1e-7,
            ];
            for value in values.into_iter().filter(|value| value.is_finite()) {
                let mut slow = value.to_string();
                settle_tie(&mut slow, 0, value);
                assert_eq!(format_float(value), slow, "{value:e}");
            }
        }
    }

    #[test]
    fn prints_as_go_prints() {
        let json = |v| {
            let mut out = String::new();
            write_json_value(&mut out, v);
            out
        };
        for (value, plain, in_json, go, exponent) in [
            (1.0, "1", "1", "1", "1e+00"),
            (0.1, "0.1", "0.1", "0.1", "1e-01"),
            (-0.0, "-0", "-0", "-0", "-0e+00"),
            (1e21, "1000000000000000000000", "1e+21", "1e+21", "1e+21"),
            (1234567.0, "1234567", "1234567", "1.234567e+06", "1.234567e+06"),
            (123456.5, "123456.5", "123456.5", "123456.5", "1.234565e+05"),
            (1.5e-7, "0.00000015", "1.5e-07", "1.5e-07", "1.5e-07"),
            (0.00001, "0.00001", "0.00001", "1e-05", "1e-05"),
            (
                258_391_899_759.203_13,
                "258391899759.20312",
                "258391899759.20312",
                "2.5839189975920312e+11",
                "2.5839189975920312e+11",
            ),
            // Ties: to the even digit, unless the odd one alone is this double.
            (
                2.0_f64.powi(-25),
                "0.000000029802322387695312",
                "2.9802322387695312e-08",
                "2.9802322387695312e-08",
                "2.9802322387695312e-08",
            ),
            (
                2.0_f64.powi(-24),
                "0.00000005960464477539063",
                "5.960464477539063e-08",
                "5.960464477539063e-08",
                "5.960464477539063e-08",
            ),
            (
                18_446_744_073_709_551_615.0,
                "18446744073709552000",
                "18446744073709552000",
                "1.8446744073709552e+19",
                "1.8446744073709552e+19",
            ),
            (f64::INFINITY, "+Inf", "+Inf", "+Inf", "+Inf"),
            (f64::NAN, "NaN", "NaN", "NaN", "NaN"),
        ] {
            assert_eq!(format_float(value), plain);
            assert_eq!(json(value), in_json);
            assert_eq!(format_go_value(value), go);
            assert_eq!(format_exponent(value), exponent);
        }
    }
}

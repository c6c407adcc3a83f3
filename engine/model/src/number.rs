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
    if text.contains('e') {
        write!(out, "{value}").expect("writing to a string cannot fail");
    } else {
        out.push_str(text.strip_suffix(".0").unwrap_or(text));
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

/// Between two shortest texts that are equally near to `value`, Go writes the even last digit where Rust
/// rounds up. `text[start..]` is Rust's, without an exponent.
fn settle_tie(text: &mut String, start: usize, value: f64) {
    // Only 16 digits and more leave a choice, and a tie needs a value with few binary places.
    if text.len() - start < 16 || (value * 262_144.0).fract() != 0.0 {
        return;
    }
    let digits = text[start..].bytes().filter(u8::is_ascii_digit).count();
    if digits < 16 {
        return;
    }
    let Some(last) = text[start..]
        .rfind(|c: char| ('1'..='9').contains(&c))
        .map(|at| start + at)
    else {
        return;
    };
    let shortest = format!("{value:e}");
    let exact = format!("{value:.60e}");
    let digits_of = |text: &str| -> Vec<u8> {
        let mantissa = text.bytes().take_while(|&byte| byte != b'e');
        mantissa.filter(u8::is_ascii_digit).collect()
    };
    let (shortest, exact) = (digits_of(&shortest), digits_of(&exact));
    let rest = &exact[shortest.len().min(exact.len())..];
    let tie = rest.first() == Some(&b'5') && rest[1..].iter().all(|&digit| digit == b'0');
    let odd = text.as_bytes()[last] % 2 == 1;
    if tie && odd {
        let even = char::from(text.as_bytes()[last] - 1);
        text.replace_range(last..=last, even.encode_utf8(&mut [0; 4]));
    }
}

/// Writes `1.5e-07`: Go's exponents have at least two digits.
fn write_exponent(out: &mut String, value: f64) {
    let text = format!("{value:e}");
    let (mantissa, exponent) = text.split_once('e').expect("the exponent format has an e");
    let mut mantissa = mantissa.to_owned();
    settle_tie(&mut mantissa, 0, value);
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

//! Floats by Go's verbs `e E f F g G`, with a precision or with the fewest digits that read back.

/// Where `%g` without a precision turns to exponents: strconv decides as if it had six digits.
const SHORTEST_EXPONENT_MIN: i32 = 6;

/// Formats a float. Without a precision `%g` (and so `%v`) writes the fewest digits that read back,
/// with an exponent below 1e-4 and from 1e6 on: 123456 but 1.234567e+06.
pub(crate) fn format_float(value: f64, verb: char, precision: Option<usize>) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let text = match verb {
        'e' | 'E' => exponent(value, precision),
        'f' | 'F' => decimal(value, precision),
        _ => general(value, precision),
    };
    if verb.is_ascii_uppercase() {
        text.replace('e', "E")
    } else {
        text
    }
}

fn decimal(value: f64, precision: Option<usize>) -> String {
    match precision {
        Some(precision) => format!("{value:.precision$}"),
        None => format!("{value}"),
    }
}

fn exponent(value: f64, precision: Option<usize>) -> String {
    let text = match precision {
        Some(precision) => format!("{value:.precision$e}"),
        None => format!("{value:e}"),
    };
    let (mantissa, exponent) = text.split_once('e').expect("Rust writes an exponent");
    let exponent: i32 = exponent.parse().expect("Rust writes a number");
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.abs())
}

fn general(value: f64, precision: Option<usize>) -> String {
    // Rounding first: 999999.9 with four digits is 1e+06.
    let precision = precision.map(|precision| precision.max(1));
    let scientific = exponent(value, precision.map(|precision| precision - 1));
    let (mantissa, power) = scientific.split_once('e').expect("an exponent was written");
    let power: i32 = power.parse().expect("a number was written");
    let mantissa = trimmed(mantissa);
    let digits = mantissa.bytes().filter(u8::is_ascii_digit).count();
    let threshold = match precision {
        None => SHORTEST_EXPONENT_MIN,
        // strconv's rule: a precision beyond the digits that are there counts as their number.
        Some(precision) => {
            let digits = i32::try_from(digits).unwrap_or(i32::MAX);
            let precision = i32::try_from(precision).unwrap_or(i32::MAX);
            if precision > digits && digits > power {
                digits
            } else {
                precision
            }
        }
    };
    if power < -4 || power >= threshold {
        let sign = if power < 0 { '-' } else { '+' };
        return format!("{mantissa}e{sign}{:02}", power.abs());
    }
    match precision {
        None => format!("{value}"),
        Some(precision) => {
            let decimals = i32::try_from(precision).unwrap_or(i32::MAX) - 1 - power;
            let decimals = usize::try_from(decimals.max(0)).unwrap_or(0);
            trimmed(&format!("{value:.decimals$}")).to_owned()
        }
    }
}

/// Without zeros at the end of a fraction.
fn trimmed(text: &str) -> &str {
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.')
    } else {
        text
    }
}

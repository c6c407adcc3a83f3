//! Durations as Prometheus writes them: `1h30m`, `15s`, `1y2w3d`, `0`.

/// Units from largest to smallest, in milliseconds.
const UNITS: [(&str, i64); 7] = [
    ("y", 365 * 86_400_000),
    ("w", 7 * 86_400_000),
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1000),
    ("ms", 1),
];

/// Why a text is not a duration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// Nothing was written.
    #[error("empty duration string")]
    Empty,
    /// Not a sequence of numbers and units in falling order.
    #[error("not a valid duration string: {0:?}")]
    Invalid(String),
    /// More than a signed 64-bit count of nanoseconds holds, as in Prometheus.
    #[error("duration out of range")]
    OutOfRange,
}

/// Milliseconds of a duration: units `y w d h m s ms` in that order, each at most once, or `0`.
pub fn parse_duration_ms(text: &str) -> Result<i64, DurationError> {
    match text {
        "" => return Err(DurationError::Empty),
        "0" => return Ok(0),
        _ => {}
    }
    let invalid = || DurationError::Invalid(text.to_owned());
    let mut rest = text;
    let mut next_unit = 0;
    let mut total: i64 = 0;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let unit_len = rest[digits..].bytes().take_while(u8::is_ascii_alphabetic).count();
        let unit = &rest[digits..digits + unit_len];
        if digits == 0 || unit.is_empty() {
            return Err(invalid());
        }
        let position = UNITS
            .iter()
            .position(|(name, _)| *name == unit)
            .ok_or_else(invalid)?;
        if position < next_unit {
            return Err(invalid());
        }
        next_unit = position + 1;
        let count: i64 = rest[..digits].parse().map_err(|_| DurationError::OutOfRange)?;
        total = count
            .checked_mul(UNITS[position].1)
            .and_then(|part| total.checked_add(part))
            .ok_or(DurationError::OutOfRange)?;
        rest = &rest[digits + unit_len..];
    }
    if total > i64::MAX / 1_000_000 {
        return Err(DurationError::OutOfRange);
    }
    Ok(total)
}

/// The text of a duration as Prometheus prints it: years and weeks only where they fit exactly.
pub fn format_duration_ms(duration_ms: i64) -> String {
    if duration_ms == 0 {
        return "0s".to_owned();
    }
    let mut out = String::new();
    let mut rest = duration_ms.unsigned_abs();
    if duration_ms < 0 {
        out.push('-');
    }
    for (i, (name, unit_ms)) in UNITS.iter().enumerate() {
        let unit = unit_ms.unsigned_abs();
        // Only exact multiples are written in years and weeks: eight days are 8d, not 1w1d.
        let exact_only = i < 2;
        if exact_only && !rest.is_multiple_of(unit) {
            continue;
        }
        let count = rest / unit;
        if count > 0 {
            out.push_str(&count.to_string());
            out.push_str(name);
            rest -= count * unit;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses() {
        let cases = [
            ("0", Ok(0)),
            ("0s", Ok(0)),
            ("15s", Ok(15_000)),
            ("1h30m", Ok(5_400_000)),
            ("1y2w3d4h5m6s7ms", Ok(382 * 86_400_000 + 14_706_007)),
            ("", Err(DurationError::Empty)),
            ("1", Err(DurationError::Invalid("1".into()))),
            ("1s1h", Err(DurationError::Invalid("1s1h".into()))),
            ("1m1m", Err(DurationError::Invalid("1m1m".into()))),
            ("-1s", Err(DurationError::Invalid("-1s".into()))),
            ("1.5h", Err(DurationError::Invalid("1.5h".into()))),
            ("300y", Err(DurationError::OutOfRange)),
            ("99999999999999999999s", Err(DurationError::OutOfRange)),
        ];
        for (text, expected) in cases {
            assert_eq!(parse_duration_ms(text), expected, "{text}");
        }
    }

    #[test]
    fn formats() {
        let cases = [
            (0, "0s"),
            (15_000, "15s"),
            (90_000, "1m30s"),
            (86_400_000, "1d"),
            (7 * 86_400_000, "1w"),
            (90_000_000, "1d1h"),
            (8 * 86_400_000, "8d"),
            (324, "324ms"),
            (-60_000, "-1m"),
        ];
        for (duration_ms, expected) in cases {
            assert_eq!(format_duration_ms(duration_ms), expected);
        }
    }
}

//! Sizes as Prometheus writes them: `15MB`, `1GiB`, `1GB500MB`; all units are powers of 1024.

/// Why a text is not a size.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ByteSizeError {
    /// Not numbers with units.
    #[error("not a size: {0:?}; write a number with a unit of B, KB, MB, GB, TB, PB, EB, such as 15MB")]
    Invalid(String),
    /// More than fits in 63 bits.
    #[error("size out of range: {0:?}; the most is 7EB")]
    OutOfRange(String),
}

/// Bytes of a size. A number without a unit is refused, except 0, as in Prometheus.
pub fn parse_byte_size(text: &str) -> Result<u64, ByteSizeError> {
    let invalid = || ByteSizeError::Invalid(text.to_owned());
    let out_of_range = || ByteSizeError::OutOfRange(text.to_owned());
    let mut rest = text.trim();
    if rest == "0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let number_len = rest
            .bytes()
            .take_while(|b| b.is_ascii_digit() || *b == b'.')
            .count();
        let unit_len = rest[number_len..]
            .bytes()
            .take_while(u8::is_ascii_alphabetic)
            .count();
        if number_len == 0 {
            return Err(invalid());
        }
        let (number, tail) = rest.split_at(number_len);
        let (unit, tail) = tail.split_at(unit_len);
        let part = multiply(number, unit_bytes(unit).ok_or_else(invalid)?).ok_or_else(invalid)?;
        total = part
            .and_then(|part| total.checked_add(part))
            .ok_or_else(out_of_range)?;
        rest = tail;
    }
    if total > i64::MAX as u64 {
        return Err(out_of_range());
    }
    Ok(total)
}

fn unit_bytes(unit: &str) -> Option<u64> {
    let exponent = match unit {
        "B" => 0,
        "KB" | "KiB" => 1,
        "MB" | "MiB" => 2,
        "GB" | "GiB" => 3,
        "TB" | "TiB" => 4,
        "PB" | "PiB" => 5,
        "EB" | "EiB" => 6,
        _ => return None,
    };
    Some(1 << (10 * exponent))
}

/// `number × unit`: outer `None` for no number, inner `None` when it does not fit.
fn multiply(number: &str, unit: u64) -> Option<Option<u64>> {
    if number.bytes().all(|b| b.is_ascii_digit()) {
        return Some(
            number
                .parse::<u64>()
                .ok()
                .and_then(|count| count.checked_mul(unit)),
        );
    }
    let bytes = number.parse::<f64>().ok()? * unit as f64;
    Some((bytes < i64::MAX as f64).then_some(bytes as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        let cases = [
            ("0", Some(0)),
            ("0B", Some(0)),
            ("15MB", Some(15 << 20)),
            ("1KB", Some(1024)),
            ("1KiB", Some(1024)),
            ("1.5GB", Some(3 << 29)),
            ("1GB500MB", Some((1 << 30) + (500 << 20))),
            ("7EB", Some(7 << 60)),
            ("", None),
            ("15", None),
            ("15mb", None),
            ("15M", None),
            ("MB", None),
            ("-1MB", None),
            ("1.2.3MB", None),
            ("8EB", None),
            ("99999999999999999999B", None),
        ];
        for (text, expected) in cases {
            assert_eq!(parse_byte_size(text).ok(), expected, "{text}");
        }
    }
}

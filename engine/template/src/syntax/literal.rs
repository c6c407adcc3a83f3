//! Literals of Go: numbers in every base, characters, strings with escapes.

use super::tree::OperandKind;

/// An int or a float; `None` for what is neither.
pub(super) fn number(text: &str) -> Option<OperandKind> {
    let (negative, unsigned) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let lower = unsigned.to_ascii_lowercase();
    let hexadecimal = lower.starts_with("0x");
    if !hexadecimal && lower.contains(['.', 'e']) {
        let valid = lower.bytes().all(|b| b.is_ascii_digit() || b"._e+-".contains(&b));
        let value: f64 = valid.then(|| lower.replace('_', "").parse().ok())??;
        return value
            .is_finite()
            .then_some(OperandKind::Float(if negative { -value } else { value }));
    }
    let (radix, digits) = match lower.as_bytes() {
        [b'0', b'x', _, ..] => (16, &lower[2..]),
        [b'0', b'o', _, ..] => (8, &lower[2..]),
        [b'0', b'b', _, ..] => (2, &lower[2..]),
        [b'0', _, ..] => (8, &lower[1..]),
        _ => (10, lower.as_str()),
    };
    if !digits.starts_with(|c: char| c.is_ascii_hexdigit() || c == '_') || digits.ends_with('_') {
        return None;
    }
    let magnitude = i128::from_str_radix(&digits.replace('_', ""), radix).ok()?;
    i64::try_from(if negative { -magnitude } else { magnitude })
        .ok()
        .map(OperandKind::Int)
}

/// A character constant with its quotes.
pub(super) fn character(text: &str) -> Option<i64> {
    let inner = text.strip_prefix('\'')?.strip_suffix('\'')?;
    let decoded = unescape(inner, '\'')?;
    let mut chars = decoded.chars();
    match (chars.next(), chars.next()) {
        (Some(c), None) => Some(i64::from(u32::from(c))),
        _ => None,
    }
}

/// A string constant with its quotes, double or back.
pub(super) fn string(text: &str) -> Option<String> {
    if let Some(raw) = text.strip_prefix('`') {
        return Some(raw.strip_suffix('`')?.replace('\r', ""));
    }
    unescape(text.strip_prefix('"')?.strip_suffix('"')?, '"')
}

fn unescape(text: &str, quote: char) -> Option<String> {
    let mut bytes: Vec<u8> = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        if c != '\\' {
            bytes.extend(c.encode_utf8(&mut [0; 4]).bytes());
            continue;
        }
        let escape = rest.chars().next()?;
        rest = &rest[escape.len_utf8()..];
        match escape {
            'a' => bytes.push(0x07),
            'b' => bytes.push(0x08),
            'f' => bytes.push(0x0c),
            'n' => bytes.push(b'\n'),
            'r' => bytes.push(b'\r'),
            't' => bytes.push(b'\t'),
            'v' => bytes.push(0x0b),
            '\\' => bytes.push(b'\\'),
            c if c == quote => bytes.push(u8::try_from(c).ok()?),
            'x' => {
                bytes.push(u8::from_str_radix(rest.get(..2)?, 16).ok()?);
                rest = &rest[2..];
            }
            '0'..='7' => {
                let digits = format!("{escape}{}", rest.get(..2)?);
                bytes.push(u8::from_str_radix(&digits, 8).ok()?);
                rest = &rest[2..];
            }
            'u' | 'U' => {
                let len = if escape == 'u' { 4 } else { 8 };
                let c = char::from_u32(u32::from_str_radix(rest.get(..len)?, 16).ok()?)?;
                bytes.extend(c.encode_utf8(&mut [0; 4]).bytes());
                rest = &rest[len..];
            }
            _ => return None,
        }
    }
    // Go strings may hold any bytes; ours are text, so stray bytes become replacement characters.
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        let cases = [
            ("0", Some(OperandKind::Int(0))),
            ("-12", Some(OperandKind::Int(-12))),
            ("+12", Some(OperandKind::Int(12))),
            ("1_000", Some(OperandKind::Int(1000))),
            ("0x1f", Some(OperandKind::Int(31))),
            ("017", Some(OperandKind::Int(15))),
            ("0o17", Some(OperandKind::Int(15))),
            ("0b11", Some(OperandKind::Int(3))),
            ("1.5", Some(OperandKind::Float(1.5))),
            ("-.5", Some(OperandKind::Float(-0.5))),
            ("1e3", Some(OperandKind::Float(1000.0))),
            ("9223372036854775808", None),
            ("1x", None),
            ("1e", None),
            ("1.2.3", None),
            ("1i", None),
            ("089", None),
        ];
        for (text, expected) in cases {
            assert_eq!(number(text), expected, "{text}");
        }
    }

    #[test]
    fn strings_and_characters() {
        let strings = [
            (r#""""#, Some("")),
            (r#""a\n\t\"\\\x41\101\u00e9\U0001F600""#, Some("a\n\t\"\\AAé😀")),
            (r#""\xc3\xa9""#, Some("é")),
            ("`a\\n\"`", Some("a\\n\"")),
            (r#""\z""#, None),
            (r#""\'""#, None),
        ];
        for (text, expected) in strings {
            assert_eq!(string(text).as_deref(), expected, "{text}");
        }
        for (text, expected) in [
            ("'a'", Some(97)),
            (r"'\n'", Some(10)),
            ("'é'", Some(233)),
            ("'ab'", None),
            ("''", None),
        ] {
            assert_eq!(character(text), expected, "{text}");
        }
    }
}

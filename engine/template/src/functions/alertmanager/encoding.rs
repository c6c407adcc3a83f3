//! Base64 with the alphabet for URLs, padded, as Alertmanager's functions use it.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

pub(super) fn encode(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |i: usize| u32::from(chunk.get(i).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for i in 0..4 {
            let digit = ALPHABET[(bits >> (18 - 6 * i) & 63) as usize];
            out.push(if i <= chunk.len() { char::from(digit) } else { '=' });
        }
    }
    out
}

/// Line ends are skipped, as Go does.
pub(super) fn decode(text: &str) -> Result<Vec<u8>, String> {
    let cleaned: Vec<u8> = text.bytes().filter(|b| !matches!(b, b'\r' | b'\n')).collect();
    let illegal = |at: usize| format!("illegal base64 data at input byte {at}");
    if !cleaned.len().is_multiple_of(4) {
        return Err(illegal(cleaned.len()));
    }
    let mut out = Vec::with_capacity(cleaned.len() / 4 * 3);
    let last = cleaned.len().saturating_sub(4);
    for (start, chunk) in (0..).step_by(4).zip(cleaned.chunks(4)) {
        let padding = if start == last {
            chunk.iter().rev().take_while(|b| **b == b'=').count()
        } else {
            0
        };
        if padding > 2 {
            return Err(illegal(start));
        }
        let mut bits = 0_u32;
        for (i, byte) in chunk[..4 - padding].iter().enumerate() {
            let digit = ALPHABET
                .iter()
                .position(|known| known == byte)
                .ok_or_else(|| illegal(start + i))?;
            bits |= (digit as u32) << (18 - 6 * i);
        }
        out.extend_from_slice(&bits.to_be_bytes()[1..4 - padding]);
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trip() {
        let cases = [
            ("", ""),
            ("a", "YQ=="),
            ("ab", "YWI="),
            ("abc", "YWJj"),
            ("??>>é", "Pz8-PsOp"),
        ];
        for (text, encoded) in cases {
            assert_eq!(encode(text.as_bytes()), encoded, "{text}");
            assert_eq!(decode(encoded).as_deref(), Ok(text.as_bytes()), "{text}");
        }
        for text in ["YQ", "YQ=", "Y===", "+A==", "YQ==YQ=="] {
            assert!(decode(text).is_err(), "{text}");
        }
    }
}

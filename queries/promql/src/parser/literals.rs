//! Numbers, durations and strings: how far a literal reaches, and what it means.

use engine_model::duration::{DurationError, parse_duration_ms};

use super::lexer::{Lexed, Lexer, is_alphanumeric};
use super::token::TokenKind;

const DECIMAL: &str = "0123456789";
const HEXADECIMAL: &str = "0123456789abcdefABCDEF";

impl Lexer<'_> {
    /// A number, or a duration such as `1h30m`.
    pub(super) fn number_or_duration(&mut self) -> Lexed {
        let start = self.pos;
        if self.scan_number() {
            return self.token(TokenKind::Number, start);
        }
        if self.scan_duration() {
            return self.token(TokenKind::Duration, start);
        }
        let read = engine_model::labels::Quoted(&self.input[start..self.pos]);
        self.fault(start, format!("bad number or duration syntax: {read}"))
    }

    /// The rest of a duration whose first digits are read. On failure the position is where reading stopped.
    fn scan_duration(&mut self) -> bool {
        if !self.accept("smhdwy") {
            return false;
        }
        self.accept("s");
        while self.accept(DECIMAL) {
            while self.accept(DECIMAL) {}
            if !self.accept("smhdw") {
                return false;
            }
            self.accept("s");
        }
        let ends = !self.peek().is_some_and(is_alphanumeric);
        if !ends {
            self.pos += 1;
        }
        ends
    }

    /// Reads a number as far as it goes. What is read is not yet known to be valid.
    fn scan_number(&mut self) -> bool {
        let start = self.pos;
        let mut digits = DECIMAL;
        if self.accept("0") && self.accept("xX") {
            self.accept("_");
            digits = HEXADECIMAL;
        }
        self.accept(".");
        self.accept(digits);
        let (mut dot, mut exponent) = (false, false);
        while let Some(c) = self.peek() {
            match c {
                '.' => {
                    self.pos += 1;
                    if dot || self.accept("_.") || digits == HEXADECIMAL {
                        return false;
                    }
                    dot = true;
                }
                'e' | 'E' => {
                    if !self.exponent(&mut exponent) {
                        return false;
                    }
                }
                '_' => {
                    self.pos += 1;
                    if self.accept("._eE") || self.peek().is_none() {
                        return false;
                    }
                }
                c if digits.contains(c) => while self.accept(digits) {},
                _ => break,
            }
        }
        self.pos != start && !self.peek().is_some_and(is_alphanumeric)
    }

    /// An `e` with its sign; at most one, and something must follow.
    fn exponent(&mut self, seen: &mut bool) -> bool {
        self.pos += 1;
        if *seen {
            return false;
        }
        *seen = true;
        self.accept("+-");
        !self.accept("._eE") && self.peek().is_some()
    }

    /// A quoted string whose first quote is read.
    pub(super) fn string(&mut self, quote: char, start: usize) -> Lexed {
        let raw = quote == '`';
        loop {
            match self.bump() {
                Some(c) if c == quote => return self.token(TokenKind::String, start),
                Some(char::REPLACEMENT_CHARACTER) => {
                    return self.fault(start, "invalid UTF-8 rune");
                }
                None if raw => return self.fault(start, "unterminated raw string"),
                Some(_) if raw => {}
                None | Some('\n') => return self.fault(start, "unterminated quoted string"),
                Some('\\') => {
                    if let Err(message) = self.escape(quote) {
                        return self.fault(start, message);
                    }
                }
                Some(_) => {}
            }
        }
    }

    fn escape(&mut self, quote: char) -> Result<(), String> {
        let unterminated = || "escape sequence not terminated".to_owned();
        let first = self.bump().ok_or_else(unterminated)?;
        let (mut c, digits, base, max) = match first {
            'a' | 'b' | 'f' | 'n' | 'r' | 't' | 'v' | '\\' => return Ok(()),
            c if c == quote => return Ok(()),
            '0'..='7' => (Some(first), 3, 8, 255),
            'x' => (self.bump(), 2, 16, 255),
            'u' => (self.bump(), 4, 16, u32::from(char::MAX)),
            'U' => (self.bump(), 8, 16, u32::from(char::MAX)),
            c => return Err(format!("unknown escape sequence {}", code_point(c))),
        };
        let mut value: u32 = 0;
        for i in 0..digits {
            let digit = c.ok_or_else(unterminated)?;
            let n = digit
                .to_digit(base)
                .ok_or_else(|| format!("illegal character {} in escape sequence", code_point(digit)))?;
            value = value.wrapping_mul(base).wrapping_add(n);
            if i + 1 < digits {
                c = self.bump();
            }
        }
        if value > max || (0xd800..0xe000).contains(&value) {
            return Err("escape sequence is an invalid Unicode code point".to_owned());
        }
        Ok(())
    }
}

fn code_point(c: char) -> String {
    format!("U+{:04X} '{c}'", u32::from(c))
}

/// The bytes that a quoted string stands for. The lexer has checked its escapes.
pub(super) fn unquote(quoted: &str) -> Vec<u8> {
    let body = &quoted[1..quoted.len() - 1];
    if quoted.starts_with('`') || !body.contains('\\') {
        return body.as_bytes().to_vec();
    }
    let mut out = Vec::with_capacity(body.len());
    let mut rest = body;
    while let Some(at) = rest.find('\\') {
        out.extend_from_slice(&rest.as_bytes()[..at]);
        let kind = rest.as_bytes()[at + 1];
        let (digits, base, skip) = match kind {
            b'0'..=b'7' => (3, 8, 1),
            b'x' => (2, 16, 2),
            b'u' => (4, 16, 2),
            b'U' => (8, 16, 2),
            _ => (0, 0, 2),
        };
        let end = at + skip + digits;
        let value = || u32::from_str_radix(&rest[at + skip..end], base).unwrap_or(0);
        match kind {
            b'a' => out.push(7),
            b'b' => out.push(8),
            b'f' => out.push(12),
            b'n' => out.push(b'\n'),
            b'r' => out.push(b'\r'),
            b't' => out.push(b'\t'),
            b'v' => out.push(11),
            b'0'..=b'7' | b'x' => out.push(value() as u8),
            b'u' | b'U' => {
                let c = char::from_u32(value()).unwrap_or(char::REPLACEMENT_CHARACTER);
                out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            }
            other => out.push(other),
        }
        rest = &rest[end..];
    }
    out.extend_from_slice(rest.as_bytes());
    out
}

/// The value of a number token: decimal, exponent, `0x`, leading-zero octal, `Inf`, `NaN`, with underscores.
pub(crate) fn parse_number(text: &str) -> Result<f64, String> {
    let refused = |why| {
        let quoted = engine_model::labels::Quoted(text);
        Err(format!(
            "error parsing number: strconv.ParseFloat: parsing {quoted}: {why}"
        ))
    };
    match text.to_ascii_lowercase().as_str() {
        "inf" => return Ok(f64::INFINITY),
        "nan" => return Ok(f64::NAN),
        _ => {}
    }
    if !underscores_separate_digits(text) {
        return refused("invalid syntax");
    }
    let plain = text.replace('_', "");
    if let Some(hex) = plain.strip_prefix("0x").or_else(|| plain.strip_prefix("0X")) {
        return i64::from_str_radix(hex, 16).map_or_else(|_| refused("invalid syntax"), |n| Ok(n as f64));
    }
    if plain.len() > 1
        && plain.starts_with('0')
        && let Ok(n) = i64::from_str_radix(&plain[1..], 8)
    {
        return Ok(n as f64);
    }
    match plain.parse::<f64>() {
        Ok(value) if value.is_infinite() => refused("value out of range"),
        Ok(value) => Ok(value),
        Err(_) => refused("invalid syntax"),
    }
}

/// Whether each underscore stands between two digits (or between `0x` and a digit).
fn underscores_separate_digits(text: &str) -> bool {
    let hex = text.starts_with("0x") || text.starts_with("0X");
    let is_digit = |b: u8| {
        if hex {
            b.is_ascii_hexdigit()
        } else {
            b.is_ascii_digit()
        }
    };
    let bytes = text.as_bytes();
    bytes.iter().enumerate().all(|(i, b)| {
        let after_digit = i > 0 && (is_digit(bytes[i - 1]) || (hex && i == 2));
        *b != b'_' || (after_digit && bytes.get(i + 1).is_some_and(|next| is_digit(*next)))
    })
}

/// Seconds of a duration token.
pub(super) fn parse_duration_seconds(text: &str) -> Result<f64, String> {
    match parse_duration_ms(text) {
        // Whole seconds and the rest apart: that is how Go makes seconds of a duration.
        Ok(ms) => Ok((ms / 1000) as f64 + (ms % 1000) as f64 / 1000.0),
        Err(error @ DurationError::Invalid(_)) => Err(match unknown_unit(text) {
            Some(unit) => format!("unknown unit {unit:?} in duration {text:?}"),
            None => error.to_string(),
        }),
        Err(error) => Err(error.to_string()),
    }
}

/// The first unit of a duration, if it is unknown before anything else is wrong.
fn unknown_unit(text: &str) -> Option<&str> {
    const UNITS: [&str; 7] = ["y", "w", "d", "h", "m", "s", "ms"];
    let mut previous = None;
    let mut rest = text;
    while rest.starts_with(|c: char| c.is_ascii_digit()) {
        let unit_and_rest = rest.trim_start_matches(|c: char| c.is_ascii_digit());
        let end = unit_and_rest
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(unit_and_rest.len());
        let (unit, after) = unit_and_rest.split_at(end);
        let Some(place) = UNITS.iter().position(|u| *u == unit) else {
            return (!unit.is_empty()).then_some(unit);
        };
        if previous.is_some_and(|p| place <= p) {
            return None;
        }
        previous = Some(place);
        rest = after;
    }
    None
}

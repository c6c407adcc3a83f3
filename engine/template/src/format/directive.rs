//! One `%…` of a format: flags, width, precision, argument index, verb.

use crate::value::Value;

/// Widths and precisions beyond this are refused, as in Go.
const SIZE_MAX: usize = 1_000_000;

/// A directive with its stars resolved.
#[derive(Debug, Clone, Default)]
pub(super) struct Directive {
    pub(super) minus: bool,
    pub(super) plus: bool,
    pub(super) sharp: bool,
    pub(super) space: bool,
    pub(super) zero: bool,
    pub(super) width: Option<usize>,
    pub(super) precision: Option<usize>,
    pub(super) bad_width: bool,
    pub(super) bad_precision: bool,
    pub(super) bad_index: bool,
}

/// The arguments of a format and which one is next.
pub(super) struct Cursor<'a> {
    pub(super) args: &'a [Value],
    pub(super) next: usize,
    /// An explicit index was used, so that arguments left over are no fault.
    pub(super) reordered: bool,
}

impl Directive {
    /// Reads what follows a percent sign up to the verb; gives back where the verb stands.
    pub(super) fn read(format: &str, mut at: usize, cursor: &mut Cursor<'_>) -> (Self, usize) {
        let mut directive = Self::default();
        let bytes = format.as_bytes();
        while let Some(byte) = bytes.get(at) {
            match byte {
                b'#' => directive.sharp = true,
                b'0' => directive.zero = true,
                b'+' => directive.plus = true,
                b'-' => directive.minus = true,
                b' ' => directive.space = true,
                _ => break,
            }
            at += 1;
        }
        at = directive.read_index(format, at, cursor);
        if bytes.get(at) == Some(&b'*') {
            at += 1;
            match cursor.size() {
                Some(width) => {
                    directive.minus |= width < 0;
                    directive.width = usize::try_from(width.unsigned_abs()).ok();
                }
                None => directive.bad_width = true,
            }
        } else {
            (directive.width, at) = number(format, at);
            directive.bad_width = directive.width.is_some_and(|width| width > SIZE_MAX);
        }
        if bytes.get(at) == Some(&b'.') {
            at = directive.read_index(format, at + 1, cursor);
            if bytes.get(at) == Some(&b'*') {
                at += 1;
                let size = cursor.size();
                directive.precision = size.and_then(|size| usize::try_from(size).ok());
                directive.bad_precision = size.is_none();
            } else {
                let (precision, after) = number(format, at);
                directive.precision = Some(precision.unwrap_or(0));
                directive.bad_precision = precision.is_some_and(|precision| precision > SIZE_MAX);
                at = after;
            }
        }
        at = directive.read_index(format, at, cursor);
        if directive.bad_width {
            directive.width = None;
        }
        if directive.bad_precision {
            directive.precision = None;
        }
        (directive, at)
    }

    /// Reads `[n]`, which names the next argument.
    fn read_index(&mut self, format: &str, at: usize, cursor: &mut Cursor<'_>) -> usize {
        if format.as_bytes().get(at) != Some(&b'[') {
            return at;
        }
        cursor.reordered = true;
        let Some(close) = format[at..].find(']') else {
            self.bad_index = true;
            return at + 1;
        };
        match format[at + 1..at + close].parse::<usize>() {
            Ok(index) if (1..=cursor.args.len()).contains(&index) => cursor.next = index - 1,
            _ => self.bad_index = true,
        }
        at + close + 1
    }

    /// Pads a text to the width, counted in characters.
    pub(super) fn pad(&self, out: &mut String, text: &str) {
        let missing = self.width.unwrap_or(0).saturating_sub(text.chars().count());
        let fill = std::iter::repeat_n(if self.zero && !self.minus { '0' } else { ' ' }, missing);
        if self.minus {
            out.push_str(text);
            out.extend(fill);
        } else {
            out.extend(fill);
            out.push_str(text);
        }
    }

    /// Pads a number: zeros go between the sign and the digits.
    pub(super) fn pad_number(&self, out: &mut String, text: &str) {
        let zeros = self.zero && !self.minus && self.width.is_some();
        match text.chars().next() {
            Some(sign @ ('+' | '-' | ' ')) if zeros => {
                out.push(sign);
                let width = self.width.map(|width| width.saturating_sub(1));
                Self {
                    width,
                    ..self.clone()
                }
                .pad(out, &text[1..]);
            }
            _ => self.pad(out, text),
        }
    }
}

impl Cursor<'_> {
    /// The next argument as a width or precision.
    fn size(&mut self) -> Option<i64> {
        let value = self.args.get(self.next);
        self.next += 1;
        match value {
            Some(Value::Int(size)) if size.unsigned_abs() <= SIZE_MAX as u64 => Some(*size),
            _ => None,
        }
    }
}

fn number(format: &str, at: usize) -> (Option<usize>, usize) {
    let len = format[at..].bytes().take_while(u8::is_ascii_digit).count();
    if len == 0 {
        return (None, at);
    }
    (Some(format[at..at + len].parse().unwrap_or(usize::MAX)), at + len)
}

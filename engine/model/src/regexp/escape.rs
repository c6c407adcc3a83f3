//! What stands behind a backslash, and classes in brackets.

use std::fmt::Write;

use super::error::{Fault, SyntaxError};
use super::parser::{Flags, decode};
use super::tree::Node;
use super::unicode::{ANYTHING, NOTHING, perl, posix, property};

type Parsed<T> = Result<T, SyntaxError>;

/// Reads the escape of one character at `text[at]`; answers its code point and where it ends.
pub(super) fn escape(text: &[u8], at: usize) -> Parsed<(u32, usize)> {
    if at + 1 == text.len() {
        return Err(SyntaxError::new(Fault::TrailingBackslash, b""));
    }
    let (c, end) = decode(text, at + 1)?;
    let octal = |at: usize| text.get(at).filter(|b| (b'0'..=b'7').contains(*b));
    let refuse = |end: usize| Err(SyntaxError::new(Fault::InvalidEscape, &text[at..end]));
    match c {
        '0' => Ok(octal_number(text, at + 1)),
        '1'..='7' if octal(end).is_some() => Ok(octal_number(text, at + 1)),
        'x' => hexadecimal(text, at, end),
        'a' => Ok((7, end)),
        'f' => Ok((12, end)),
        'n' => Ok((10, end)),
        'r' => Ok((13, end)),
        't' => Ok((9, end)),
        'v' => Ok((11, end)),
        c if c.is_ascii() && !c.is_ascii_alphanumeric() => Ok((u32::from(c), end)),
        _ => refuse(end),
    }
}

/// Up to three octal digits.
fn octal_number(text: &[u8], from: usize) -> (u32, usize) {
    let digits = text[from..]
        .iter()
        .take(3)
        .take_while(|b| (b'0'..=b'7').contains(*b));
    let (mut value, mut end) = (0, from);
    for digit in digits {
        value = value * 8 + u32::from(digit - b'0');
        end += 1;
    }
    (value, end)
}

/// `\xHH` or `\x{H…}`; `at` is the backslash, `from` what follows the x.
fn hexadecimal(text: &[u8], at: usize, from: usize) -> Parsed<(u32, usize)> {
    let refuse = |end: usize| Err(SyntaxError::new(Fault::InvalidEscape, &text[at..end]));
    if from == text.len() {
        return refuse(from);
    }
    let (first, mut end) = decode(text, from)?;
    if first != '{' {
        let (second, end) = decode(text, end)?;
        return match (first.to_digit(16), second.to_digit(16)) {
            (Some(high), Some(low)) => Ok((high * 16 + low, end)),
            _ => refuse(end),
        };
    }
    let (mut value, mut digits) = (0, 0);
    while end < text.len() {
        let (c, next) = decode(text, end)?;
        end = next;
        match c.to_digit(16) {
            Some(digit) if value * 16 + digit <= u32::from(char::MAX) => value = value * 16 + digit,
            None if c == '}' && digits > 0 => return Ok((value, end)),
            _ => return refuse(end),
        }
        digits += 1;
    }
    refuse(end)
}

/// Reads `\pN`, `\p{Name}` or their opposites, if that comes next; the class is in the engine's syntax.
pub(super) fn unicode_class(text: &[u8], at: usize) -> Parsed<Option<(String, usize)>> {
    let [b'\\', letter @ (b'p' | b'P'), ..] = &text[at..] else {
        return Ok(None);
    };
    let (c, mut end) = decode(text, at + 2)?;
    let mut name = &text[at + 2..end];
    if c == '{' {
        let Some(length) = text[at..].iter().position(|b| *b == b'}') else {
            check_utf8(&text[at..])?;
            return Err(SyntaxError::new(Fault::InvalidCharRange, &text[at..]));
        };
        end = at + length + 1;
        name = &text[at + 3..end - 1];
        check_utf8(name)?;
    }
    let (name, turned) = match name.strip_prefix(b"^") {
        Some(name) => (name, true),
        None => (name, false),
    };
    let name = str::from_utf8(name).unwrap_or_default();
    match property(name, (*letter == b'P') != turned) {
        Some(class) => Ok(Some((class, end))),
        None => Err(SyntaxError::new(Fault::InvalidCharRange, &text[at..end])),
    }
}

/// Reads `\d` and its kin, if that comes next.
pub(super) fn perl_class(text: &[u8], at: usize) -> Option<(&'static str, usize)> {
    match &text[at..] {
        [b'\\', letter, ..] => Some((perl(*letter)?, at + 2)),
        _ => None,
    }
}

/// Reads `[:name:]`, if that comes next.
fn posix_class(text: &[u8], at: usize) -> Parsed<Option<(String, usize)>> {
    if !text[at..].starts_with(b"[:") {
        return Ok(None);
    }
    let Some(length) = text[at + 2..].windows(2).position(|two| two == b":]") else {
        return Ok(None);
    };
    let (inner, end) = (&text[at + 2..at + 2 + length], at + length + 4);
    let (name, caret) = match inner.strip_prefix(b"^") {
        Some(name) => (name, "^"),
        None => (inner, ""),
    };
    match posix(str::from_utf8(name).unwrap_or_default()) {
        Some(class) => Ok(Some((format!("[{caret}{class}]"), end))),
        None => Err(SyntaxError::new(Fault::InvalidCharRange, &text[at..end])),
    }
}

/// Reads the class in brackets at `text[at]`.
pub(super) fn bracket_class(text: &[u8], at: usize, flags: Flags) -> Parsed<(Node, usize)> {
    let negated = text.get(at + 1) == Some(&b'^');
    let mut pos = at + 1 + usize::from(negated);
    let mut class = Class::default();
    // A bracket that closes stands for itself as the first character.
    let first = pos;
    while pos == first || text.get(pos) != Some(&b']') {
        if let Some((named, end)) = named_class(text, pos)? {
            class.add(&named);
            pos = end;
            continue;
        }
        let (low, end) = class_character(text, pos, at)?;
        let (mut high, mut after) = (low, end);
        if text.get(end) == Some(&b'-') && text.get(end + 1).is_some_and(|b| *b != b']') {
            (high, after) = class_character(text, end + 1, at)?;
            if high < low {
                return Err(SyntaxError::new(Fault::InvalidCharRange, &text[pos..after]));
            }
        }
        class.add_range(low, high);
        pos = after;
    }
    Ok((class.node(negated, flags), pos + 1))
}

fn named_class(text: &[u8], at: usize) -> Parsed<Option<(String, usize)>> {
    let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) else {
        return Ok(None);
    };
    match rest[0] {
        b'[' => posix_class(text, at),
        b'\\' => Ok(match unicode_class(text, at)? {
            Some(found) => Some(found),
            None => perl_class(text, at).map(|(class, end)| (class.to_owned(), end)),
        }),
        _ => Ok(None),
    }
}

/// One character of the class that begins at `class`.
fn class_character(text: &[u8], at: usize, class: usize) -> Parsed<(u32, usize)> {
    match text.get(at) {
        None => Err(SyntaxError::new(Fault::MissingBracket, &text[class..])),
        Some(b'\\') => escape(text, at),
        Some(_) => decode(text, at).map(|(c, end)| (u32::from(c), end)),
    }
}

/// What stands in brackets, in the engine's syntax.
#[derive(Default)]
struct Class {
    items: String,
    /// The one character, as long as nothing else was added.
    only: Option<u32>,
}

impl Class {
    fn add(&mut self, named: &str) {
        self.items.push_str(named);
        self.only = None;
    }

    fn add_range(&mut self, low: u32, high: u32) {
        let fresh = self.items.is_empty() || self.only == Some(low);
        self.only = (fresh && low == high).then_some(low);
        // Text has no surrogates, and the engine takes none.
        for (low, high) in [(low, high.min(0xD7FF)), (low.max(0xE000), high)] {
            if low <= high {
                write!(self.items, "\\x{{{low:X}}}-\\x{{{high:X}}}").expect("a String takes everything");
            }
        }
    }

    fn node(self, negated: bool, flags: Flags) -> Node {
        let single = self.only.and_then(char::from_u32);
        match single {
            Some(c) if !negated && !flags.fold => return Node::literal(c, false),
            _ => {}
        }
        let text = match (self.items.as_str(), negated) {
            ("", false) => NOTHING.to_owned(),
            ("", true) => ANYTHING.to_owned(),
            (items, false) => format!("[{items}]"),
            (items, true) => format!("[^{items}]"),
        };
        Node::atom(folded(text, flags))
    }
}

/// An atom for a class in the engine's syntax.
pub(super) fn folded(class: String, flags: Flags) -> String {
    match flags.fold {
        true => format!("(?i:{class})"),
        false => class,
    }
}

/// Refuses bytes that are not UTF-8.
pub(super) fn check_utf8(text: &[u8]) -> Parsed<()> {
    match str::from_utf8(text) {
        Ok(_) => Ok(()),
        Err(error) => Err(SyntaxError::new(Fault::InvalidUtf8, &text[error.valid_up_to()..])),
    }
}

//! Steps over the parts of a line of text; what Prometheus's text and OpenMetrics share.

use memchr::{memchr, memchr2, memchr3};

use super::error::{Reason, excerpt};

#[inline]
pub(crate) fn is_name_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte == b':'
}

#[inline]
pub(crate) fn is_name(byte: u8) -> bool {
    is_name_start(byte) || byte.is_ascii_digit()
}

/// The byte after the metric name at `at`.
#[inline]
pub(crate) fn skip_name(input: &[u8], at: usize) -> usize {
    at + input[at..].iter().take_while(|byte| is_name(**byte)).count()
}

/// The byte after the `}` that closes the brace at `open`; quoted texts may hold anything.
#[inline]
pub(crate) fn skip_label_set(input: &[u8], open: usize) -> Result<usize, Reason> {
    let mut at = open + 1;
    loop {
        let found = memchr3(b'"', b'}', b'\n', &input[at..]).map(|i| at + i);
        match found.map(|i| (i, input[i])) {
            Some((i, b'}')) => return Ok(i + 1),
            Some((i, b'"')) => at = skip_quoted(input, i)?,
            _ => return Err(Reason::Unclosed(excerpt_at(input, open))),
        }
    }
}

/// The byte after the quote that closes the one at `open`.
#[inline]
pub(crate) fn skip_quoted(input: &[u8], open: usize) -> Result<usize, Reason> {
    let mut at = open + 1;
    while let Some(i) = input.get(at..).and_then(|rest| memchr2(b'"', b'\\', rest)) {
        match input[at + i] {
            b'"' => return Ok(at + i + 1),
            _ => at += i + 2,
        }
    }
    Err(Reason::Unterminated(excerpt_at(input, open)))
}

/// Where the line that `at` is in ends.
#[inline]
pub(crate) fn line_end(input: &[u8], at: usize) -> usize {
    memchr(b'\n', &input[at..]).map_or(input.len(), |i| at + i)
}

/// An excerpt from `at` on, for an error.
pub(crate) fn excerpt_at(input: &[u8], at: usize) -> String {
    excerpt(input.get(at..).unwrap_or_default())
}

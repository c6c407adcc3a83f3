//! Byte spans of the query text and their `line:column` form.

use std::fmt;

/// A range of bytes of the query: `start` inclusive, `end` exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// Byte after the last one.
    pub end: usize,
}

impl Span {
    /// The span from `start` up to `end`.
    pub fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    /// The span from the start of `self` to the end of `last`.
    pub fn to(self, last: Self) -> Self {
        Self::new(self.start, last.end)
    }
}

/// A place in a query, both parts counted from 1; columns count bytes, as in Prometheus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Position {
    /// Line, from 1.
    pub line: usize,
    /// Byte in the line, from 1.
    pub column: usize,
}

impl Position {
    /// The place of a byte of `query`; a byte behind its end counts as the end.
    pub fn of(query: &str, byte: usize) -> Self {
        let before = &query.as_bytes()[..byte.min(query.len())];
        let line_start = before.iter().rposition(|b| *b == b'\n').map_or(0, |i| i + 1);
        Self {
            line: 1 + before.iter().filter(|b| **b == b'\n').count(),
            column: before.len() - line_start + 1,
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_from_one() {
        for (query, byte, expected) in [
            ("foo", 0, "1:1"),
            ("foo", 3, "1:4"),
            ("foo", 9, "1:4"),
            ("a\nbc", 2, "2:1"),
            ("a\nbc", 1, "1:2"),
            ("é + 1", 3, "1:4"),
        ] {
            assert_eq!(
                Position::of(query, byte).to_string(),
                expected,
                "{query:?} {byte}"
            );
        }
    }
}

//! Why a regular expression is refused, in the words of Go's `regexp/syntax`, which Prometheus passes on.

use std::fmt;

/// What is wrong. Go has one code more, for character classes, which its parser never gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// A range of characters that ends before it begins, or a class nobody knows.
    InvalidCharRange,
    /// A backslash before something that it does not go with.
    InvalidEscape,
    /// `(?P<` or `(?<` without a name of letters, digits and underscores.
    InvalidNamedCapture,
    /// `(?` before something that is no flag: look-around, comments, `x`.
    InvalidPerlOp,
    /// A repetition of a repetition, as `a**`.
    InvalidRepeatOp,
    /// A count above 1,000, alone or multiplied with those inside, or the smaller bound behind the larger.
    InvalidRepeatSize,
    /// Bytes that are not UTF-8.
    InvalidUtf8,
    /// `[` without `]`.
    MissingBracket,
    /// `(` without `)`.
    MissingParen,
    /// A repetition of nothing.
    MissingRepeatArgument,
    /// A backslash at the end.
    TrailingBackslash,
    /// `)` without `(`.
    UnexpectedParen,
    /// Groups and repetitions in each other, more than 1,000 deep.
    NestingDepth,
    /// More than the program for an expression may hold.
    Large,
}

impl Fault {
    /// Go's text for it.
    pub fn text(self) -> &'static str {
        match self {
            Self::InvalidCharRange => "invalid character class range",
            Self::InvalidEscape => "invalid escape sequence",
            Self::InvalidNamedCapture => "invalid named capture",
            Self::InvalidPerlOp => "invalid or unsupported Perl syntax",
            Self::InvalidRepeatOp => "invalid nested repetition operator",
            Self::InvalidRepeatSize => "invalid repeat count",
            Self::InvalidUtf8 => "invalid UTF-8",
            Self::MissingBracket => "missing closing ]",
            Self::MissingParen => "missing closing )",
            Self::MissingRepeatArgument => "missing argument to repetition operator",
            Self::TrailingBackslash => "trailing backslash at end of expression",
            Self::UnexpectedParen => "unexpected )",
            Self::NestingDepth => "expression nests too deeply",
            Self::Large => "expression too large",
        }
    }
}

/// A regular expression that is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxError {
    /// What is wrong.
    pub fault: Fault,
    /// The part of the expression that is at fault; bytes that are not UTF-8 are U+FFFD, one each.
    pub fragment: String,
}

impl SyntaxError {
    pub(super) fn new(fault: Fault, fragment: &[u8]) -> Self {
        let mut text = String::with_capacity(fragment.len());
        for chunk in fragment.utf8_chunks() {
            text.push_str(chunk.valid());
            text.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
        }
        Self {
            fault,
            fragment: text,
        }
    }
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "error parsing regexp: {}: `{}`",
            self.fault.text(),
            self.fragment
        )
    }
}

impl std::error::Error for SyntaxError {}

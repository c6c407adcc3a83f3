//! Regular expressions as Prometheus has them: Go's syntax, its meaning and its error texts. The parser refuses what
//! Go refuses and writes the rest for Rust's engine in a form that both read alike: `\d`, `\w` and `\b` are ASCII,
//! `[a&&b]` and `[[a]` have no set operations, `\<` is a plain character, names of groups may repeat.

mod error;
mod escape;
mod expand;
mod parser;
mod tree;
mod unicode;

use regex::{Captures, Regex, RegexBuilder};

pub use error::{Fault, SyntaxError};
use parser::{Flags, Parsing, parse};

/// A compiled expression.
#[derive(Debug, Clone)]
pub struct Regexp {
    regex: Regex,
    /// The names of the groups that capture, from the first.
    names: Vec<Option<String>>,
}

/// Compiled programs above this size are refused, so that a hostile expression cannot take the memory. Go's own limit
/// is higher for what has no large classes.
const PROGRAM_BYTES_MAX: usize = 10 << 20;

/// Rust's engine walks an expression by recursion in places: deeper trees are compiled where the stack is large.
const HEIGHT_ON_ANY_STACK: usize = 100;

/// Enough for the deepest tree that is accepted, several times over.
const DEEP_STACK_BYTES: usize = 64 << 20;

impl Regexp {
    /// An expression that may match anywhere in a text, as in Go's `regexp.Compile`.
    pub fn new(text: &str) -> Result<Self, SyntaxError> {
        let parsing = parse(text.as_bytes(), Flags::default())?;
        Self::compile(&parsing, text, "", "")
    }

    /// An expression that has to match a whole text; it stands alone, and its dot matches newlines.
    pub fn whole(text: &str) -> Result<Self, SyntaxError> {
        let flags = Flags {
            dot_newline: true,
            ..Flags::default()
        };
        let parsing = parse(text.as_bytes(), flags)?;
        Self::compile(&parsing, text, "\\A(?:", ")\\z")
    }

    fn compile(parsing: &Parsing, text: &str, before: &str, after: &str) -> Result<Self, SyntaxError> {
        let mut written = String::with_capacity(text.len() * 2);
        written.push_str(before);
        parsing.tree.write(&mut written);
        written.push_str(after);
        let build = || {
            RegexBuilder::new(&written)
                .size_limit(PROGRAM_BYTES_MAX)
                .nest_limit(u32::MAX)
                .build()
        };
        let built = match parsing.tree.height > HEIGHT_ON_ANY_STACK {
            true => std::thread::scope(|scope| {
                let thread = std::thread::Builder::new().stack_size(DEEP_STACK_BYTES);
                let running = thread.spawn_scoped(scope, build).ok()?;
                running.join().ok()?.ok()
            }),
            false => build().ok(),
        };
        // The engine reads all that is written here, so only the size of the program can be at fault.
        let regex = built.ok_or_else(|| SyntaxError::new(Fault::Large, text.as_bytes()))?;
        Ok(Self {
            regex,
            names: parsing.names.clone(),
        })
    }

    /// Whether it matches `text`.
    #[inline]
    pub fn is_match(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }

    /// `template` with its references (`$1`, `${name}`) replaced by what the groups found in `text`; `None` without a
    /// match.
    pub fn expand(&self, text: &str, template: &str) -> Option<String> {
        let captures = self.regex.captures(text)?;
        let mut out = String::new();
        expand::expand(template, &captures, &self.names, &mut out);
        Some(out)
    }

    /// `text` with every match replaced by the expanded `template`, as Go's `ReplaceAllString` does.
    pub fn replace_all(&self, text: &str, template: &str) -> String {
        let replacement = |captures: &Captures<'_>| {
            let mut out = String::new();
            expand::expand(template, captures, &self.names, &mut out);
            out
        };
        self.regex.replace_all(text, replacement).into_owned()
    }
}

/// Why bytes are no regular expression; none are that are not UTF-8.
pub(crate) fn refusal_of_bytes(text: &[u8]) -> Option<SyntaxError> {
    let flags = Flags {
        dot_newline: true,
        ..Flags::default()
    };
    parse(text, flags).err()
}

#[cfg(test)]
mod tests;

//! What is wrong in a configuration file: where, what, and what to do about it.

use std::fmt;
use std::sync::Arc;

/// One fault in a configuration file, shown as `file:line:column: message`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}:{column}: {message}")]
pub struct Error {
    /// The file as it was named when it was read.
    pub file: Arc<str>,
    /// 1-based line.
    pub line: usize,
    /// 1-based column, in characters.
    pub column: usize,
    /// The place in the tree, such as `scrape_configs[0].job_name`; empty at the top level.
    pub path: String,
    /// What is wrong and what to do.
    pub message: String,
}

/// All faults that one reading of a file found, in file order; never empty when it is returned.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diagnostics {
    errors: Vec<Error>,
}

impl Diagnostics {
    /// The faults, sorted by place and without repetitions.
    pub fn new(mut errors: Vec<Error>) -> Self {
        errors.sort_by(|a, b| {
            (&a.file, a.line, a.column, &a.message).cmp(&(&b.file, b.line, b.column, &b.message))
        });
        errors.dedup();
        Self { errors }
    }

    /// The faults in file order.
    pub fn errors(&self) -> &[Error] {
        &self.errors
    }

    /// Adds the faults of another file.
    pub fn merge(self, other: Self) -> Self {
        Self::new(self.errors.into_iter().chain(other.errors).collect())
    }
}

impl From<Error> for Diagnostics {
    fn from(error: Error) -> Self {
        Self { errors: vec![error] }
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, error) in self.errors.iter().enumerate() {
            let separator = if i == 0 { "" } else { "\n" };
            write!(f, "{separator}{error}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Diagnostics {}

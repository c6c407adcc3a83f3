//! OpenMetrics text, versions 0.0.1 and 1.0.0, as Prometheus reads it.
//!
//! [`Parser`] walks the bytes and checks everything but the inside of label sets, which are read when somebody
//! asks for them. Start timestamps come from the `_created` lines of a family.

mod created;
mod parser;

pub(crate) use parser::{Event, Parser};

#[cfg(test)]
mod tests;

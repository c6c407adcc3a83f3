//! The subcommands, one file each.

pub mod check;
pub mod import;
pub mod inspect;
pub mod query;
pub mod run;
pub mod sql;
pub mod test;
pub mod verify;

use std::io::Write;

/// Prints an error and its causes for a person.
pub fn complain(error: &anyhow::Error) {
    // Where standard error is closed there is nobody to tell.
    drop(writeln!(std::io::stderr(), "weir: {error:#}"));
}

/// Prints a remark beside a result.
fn remark(text: &str) {
    // As in `complain`.
    drop(writeln!(std::io::stderr(), "{text}"));
}

/// Prints a result for a person or a script.
fn print(text: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

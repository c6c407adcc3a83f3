//! Subcommands of the binary that end by themselves.

use std::ffi::OsStr;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::process::Command;
use tokio::time::timeout;

use crate::weir::binary;

/// Longest run of such a command, of a binary that is not optimised.
const ENDS_WITHIN: Duration = Duration::from_secs(120);

/// How a command ended and what it printed.
#[derive(Debug)]
pub(crate) struct Ended {
    /// Nothing when a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    /// The last line on standard output.
    pub(crate) fn last_line(&self) -> &str {
        self.stdout.lines().last().unwrap_or_default()
    }
}

/// Runs `weir` with arguments to its end.
pub(crate) async fn weir<A: AsRef<OsStr>>(arguments: &[A]) -> Result<Ended> {
    end(Command::new(binary()).args(arguments)).await
}

/// Runs a program to its end.
pub(crate) async fn end(command: &mut Command) -> Result<Ended> {
    let output = command.stdin(Stdio::null()).kill_on_drop(true).output();
    let output = timeout(ENDS_WITHIN, output)
        .await
        .with_context(|| format!("it runs longer than {ENDS_WITHIN:?}"))??;
    Ok(Ended {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout)?,
        stderr: String::from_utf8(output.stderr)?,
    })
}

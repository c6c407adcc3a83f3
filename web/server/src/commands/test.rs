//! `weir test promql`: scripts in Prometheus's format against the query engine.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use queries_promql::testscript::{InMemoryEngine, format_reports, run_script};

use super::print;
use crate::cli::{TestOptions, TestTarget};

/// Runs the command; the exit code is 1 when an evaluation failed.
pub fn run(options: &TestOptions) -> anyhow::Result<ExitCode> {
    let TestTarget::Promql { files, list_failures } = &options.what;
    promql(files, *list_failures)
}

fn promql(files: &[PathBuf], list_failures: bool) -> anyhow::Result<ExitCode> {
    let mut reports = Vec::new();
    for file in files {
        let name = file.display().to_string();
        let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {name}"))?;
        let mut engine = InMemoryEngine::new().context("cannot start the query engine")?;
        reports.push(run_script(&name, &text, &mut engine));
    }
    print(&format_reports(&reports, list_failures))?;
    let failed = reports.iter().any(|report| !report.failures.is_empty());
    Ok(if failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

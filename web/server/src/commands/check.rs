//! `weir check`: files are read as `weir run` reads them, and nothing is started.

use std::path::Path;
use std::process::ExitCode;

use queries_promql::parser::ParseOptions;
use queries_rules::RuleFile;

use super::{complain, print};
use crate::cli::{CheckOptions, CheckTarget};
use crate::config::ServerConfig;

/// Runs the command; the exit code is 1 when a file has faults.
pub fn run(options: &CheckOptions) -> anyhow::Result<ExitCode> {
    // Reading receivers sets up HTTP clients, which need the process's TLS provider.
    super::run::install_tls_provider();
    match &options.what {
        CheckTarget::Config { file } => config(file),
        CheckTarget::Rules { files } => rules(files),
    }
}

fn config(file: &Path) -> anyhow::Result<ExitCode> {
    let config = ServerConfig::read(file)?;
    for warning in &config.alert_router.warnings {
        print(&format!("warning: {warning}\n"))?;
    }
    let rules: usize = config.rule_groups.iter().map(|group| group.rules.len()).sum();
    print(&format!(
        "{} is valid: {} scrape jobs, {} rule files with {rules} rules, {} receivers\n",
        file.display(),
        config.scrape.len(),
        config.rule_files.len(),
        config.alert_router.receivers.len()
    ))?;
    Ok(ExitCode::SUCCESS)
}

fn rules(files: &[std::path::PathBuf]) -> anyhow::Result<ExitCode> {
    let mut failed = false;
    for file in files {
        let name = file.display().to_string();
        let parsed = std::fs::read_to_string(file)
            .map_err(|error| anyhow::Error::new(error).context(format!("cannot read {name}")))
            .and_then(|text| Ok(RuleFile::parse(&name, &text, &ParseOptions::default())?));
        match parsed {
            Ok(parsed) => {
                let rules: usize = parsed.groups.iter().map(|group| group.rules.len()).sum();
                print(&format!("{name} is valid: {rules} rules\n"))?;
            }
            Err(error) => {
                failed = true;
                complain(&error);
            }
        }
    }
    Ok(if failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

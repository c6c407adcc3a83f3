//! Ingest beside the peers: by remote write (`write.rs`) and by scrape (`scrape.rs`).

mod comparison;
mod scrape;
mod write;

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};
use tempfile::TempDir;

use crate::load::Protocol;
use crate::report;
use crate::servers::Kind;

/// What to run.
#[derive(Debug, Args)]
pub struct Options {
    /// One of the two loads.
    #[arg(long, value_enum)]
    only: Option<Load>,
    /// The servers, ours first.
    #[arg(long, value_delimiter = ',', default_value = "weir,prometheus,victoria-metrics", value_parser = Kind::from_word)]
    servers: Vec<Kind>,
    /// Weir's program; otherwise the release build beside this program.
    #[arg(long)]
    weir: Option<PathBuf>,
    /// Series that are pushed.
    #[arg(long, default_value_t = 100_000)]
    series: usize,
    /// Samples that are pushed for each.
    #[arg(long, default_value_t = 40)]
    rounds: usize,
    /// Series of a write request.
    #[arg(long, default_value_t = 2_000)]
    series_per_request: usize,
    /// The message that is pushed; VictoriaMetrics takes v1 alone.
    #[arg(long, value_enum, default_value = "v1")]
    protocol: Protocol,
    /// Connections that push.
    #[arg(long, default_value_t = 4)]
    connections: usize,
    /// Seconds of rest before memory is read again.
    #[arg(long, default_value_t = 30)]
    rest: u64,
    /// Targets that are scraped.
    #[arg(long, default_value_t = 500)]
    targets: usize,
    /// Series of a target.
    #[arg(long, default_value_t = 2_000)]
    target_series: usize,
    /// Time between scrapes of a target, in seconds.
    #[arg(long, default_value_t = 15)]
    interval: u64,
    /// Minutes of scraping after the first round.
    #[arg(long, default_value_t = 3.0)]
    minutes: f64,
    /// Keep the servers' folders below this one, for a look at them.
    #[arg(long)]
    keep: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Load {
    Write,
    Scrape,
}

/// A server to compare.
#[derive(Debug, Clone)]
struct Contender {
    kind: Kind,
    program: PathBuf,
}

/// Runs the loads on each server and writes the results down.
///
/// # Errors
/// When a server misbehaves or a file cannot be written.
pub fn check(options: &Options) -> Result<()> {
    let contenders = contenders(options)?;
    let mut versions = String::new();
    for contender in &contenders {
        let version = contender.kind.version(&contender.program)?;
        versions.push_str(&format!("- {}: {version}\n", contender.kind.name()));
    }
    report::say(&versions);
    let temporary = TempDir::with_prefix("weir-bench-")?;
    let folder = options.keep.as_deref().unwrap_or_else(|| temporary.path());
    if options.only != Some(Load::Scrape) {
        let found = write::run(options, &contenders, folder)?;
        report::save("ingest", "write", &format!("{versions}{found}"))?;
    }
    if options.only != Some(Load::Write) {
        let found = scrape::run(options, &contenders, folder)?;
        report::save("ingest", "scrape", &format!("{versions}{found}"))?;
    }
    Ok(())
}

/// The servers whose programs are here. Absent peers are named; our own must be there when it is asked for.
fn contenders(options: &Options) -> Result<Vec<Contender>> {
    let mut found = Vec::new();
    for &kind in &options.servers {
        let given = options.weir.clone().filter(|_| kind == Kind::Weir);
        let program = given.unwrap_or_else(|| kind.program());
        if program.is_file() {
            found.push(Contender { kind, program });
        } else if kind == Kind::Weir {
            bail!(
                "no {}: run `make build`, or name it with --weir",
                program.display()
            );
        } else {
            report::say(&format!("SKIPPED {}: no {}", kind.name(), program.display()));
        }
    }
    Ok(found)
}

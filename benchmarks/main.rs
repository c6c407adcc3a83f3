//! Lists the claims, or checks the one that is named.

use anyhow::Result;
use benchmarks::claims::{self, Claim};
use benchmarks::report;
use clap::Parser;

/// Claims and how to check them. Without a claim, lists them.
#[derive(Debug, Parser)]
#[command(name = "bench")]
struct Options {
    #[command(subcommand)]
    claim: Option<Claim>,
}

fn main() -> Result<()> {
    match Options::parse().claim {
        Some(claim) => claim.check(),
        None => {
            for (name, text) in claims::list() {
                report::say(&format!("{name:<12} {text}"));
            }
            Ok(())
        }
    }
}

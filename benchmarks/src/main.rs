//! Lists the claims. Running them comes with the first case.
#![expect(clippy::print_stdout, reason = "this is a program for the terminal")]

use std::path::Path;

use anyhow::{Result, bail};

fn main() -> Result<()> {
    let cases = benchmarks::cases(&Path::new(env!("CARGO_MANIFEST_DIR")).join("cases"))?;
    if let Some(name) = std::env::args().nth(1) {
        bail!("cannot run {name:?}: no case has a runner yet");
    }
    if cases.is_empty() {
        println!("no benchmark exists yet");
    }
    for case in cases {
        println!("{:<24} {}", case.name, case.claim);
    }
    Ok(())
}

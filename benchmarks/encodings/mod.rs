//! What candidate encodings of the stored columns cost, on three sets of data.

mod candidates;
mod columns;
mod data;
mod peers;
mod segments;

use anyhow::{Result, bail};
use clap::Args;
use tempfile::TempDir;

use crate::report::{self, Table, say, short};
use data::DataSet;

/// What to measure.
#[derive(Debug, Args)]
pub struct Options {
    /// One of the sets: node, churn, buckets.
    #[arg(long)]
    set: Option<String>,
    /// Series of each set.
    #[arg(long, default_value_t = 2_000)]
    series: usize,
    /// Samples of each series that lives a day.
    #[arg(long, default_value_t = 5_760)]
    samples: usize,
    /// Leave out what takes longest: the same samples in Prometheus and VictoriaMetrics.
    #[arg(long)]
    no_peers: bool,
}

/// Measures and writes the results down.
///
/// # Errors
/// When a set is unknown, a file cannot be written, or a server misbehaves.
pub fn check(options: &Options) -> Result<()> {
    let wanted = |name: &&&str| options.set.as_deref().is_none_or(|set| set == **name);
    let mut sets = data::NAMES.iter().filter(wanted).peekable();
    if sets.peek().is_none() {
        bail!("no set {:?}; there are {}", options.set, data::NAMES.join(", "));
    }
    for name in sets {
        let set = DataSet::generate(name, options.series, options.samples);
        say(&format!(
            "{name}: {} series, {} samples",
            set.series.len(),
            set.samples()
        ));
        report::save("encodings", name, &one(&set, options)?)?;
    }
    Ok(())
}

fn one(set: &DataSet, options: &Options) -> Result<String> {
    let folder = TempDir::with_prefix("weir-bench-")?;
    let samples = set.samples() as f64;
    let mut text = format!("{} series, {} samples.\n\n", set.series.len(), set.samples());

    let mut whole = Table::new(&[
        "whole",
        "samples B/sample",
        "series B/series",
        "together B/sample",
        "write ns/sample",
        "read ns/sample",
    ]);
    let mut stored = None;
    for level in segments::LEVELS {
        let segment = segments::write(set, level, folder.path())?;
        whole.row(vec![
            format!("Weir, level {}", level.number()),
            short(segment.samples_bytes as f64 / samples),
            short(segment.series_bytes as f64 / set.series.len() as f64),
            short((segment.samples_bytes + segment.series_bytes) as f64 / samples),
            short(segment.write_ns / samples),
            short(segment.read_ns / samples),
        ]);
        stored = Some(segment);
    }
    if !options.no_peers {
        for (peer, bytes) in peers::bytes(set, folder.path())? {
            let bytes = short(bytes as f64 / samples);
            whole.row(vec![
                peer,
                "–".to_owned(),
                "–".to_owned(),
                bytes,
                "–".to_owned(),
                "–".to_owned(),
            ]);
        }
    }
    say(&whole.markdown());
    text.push_str(&whole.markdown());

    let Some(segment) = stored else {
        return Ok(text);
    };
    for (title, table) in candidates::measure(&segment, set)? {
        say(&format!("{title}\n{table}"));
        text.push_str(&format!("\n### {title}\n\n{table}"));
    }
    text.push('\n');
    Ok(text)
}

//! SQL beside DuckDB: the same questions of the same Parquet files, CPU and wall time of each answer.

mod ask;
mod duckdb;
mod questions;

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, bail};
use clap::Args;
use engine_model::time::format_rfc3339_ms;

use self::ask::Cost;
use self::questions::{QUESTIONS, Question};
use crate::queries::data::{DataSet, SLICE_MS, Scale, push, sets};
use crate::report::{self, Table, say, short};
use crate::servers::options::Asking;
use crate::servers::{Kind, Server};

/// What to run.
#[derive(Debug, Args)]
pub struct Options {
    #[command(flatten)]
    asking: Asking,
    /// Hosts with 8 series each, a day at 15 s.
    #[arg(long, default_value_t = 125)]
    hosts: usize,
    /// Containers, ten minutes at 60 s.
    #[arg(long, default_value_t = 100_000)]
    containers: usize,
    /// Seconds of each question at least.
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
}

/// Loads Weir, asks both and writes the results down.
///
/// # Errors
/// When a program is missing or misbehaves, or a file cannot be written.
pub fn check(options: &Options) -> Result<()> {
    let program = options.asking.program(Kind::Weir)?;
    let program = program.context("Weir is asked whatever is there")?;
    if !duckdb::python().is_file() {
        bail!("no DuckDB at {}: run `.ci/needs`", duckdb::python().display());
    }
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .context("a clock before 1970")?;
    let end_ms = (now.as_millis() as i64 / SLICE_MS) * SLICE_MS;
    let folder = options.asking.folder("sql")?;
    let versions = format!(
        "- Weir: {}\n- DuckDB: {}\n",
        Kind::Weir.version(&program)?,
        duckdb::version()?
    );
    let server = Server::start(Kind::Weir, &program, &folder.path, "scrape_configs: []\n")?;
    load(options, &server, end_ms)?;
    options.asking.hold(&server)?;
    let asked: Vec<&Question> = QUESTIONS
        .iter()
        .filter(|q| options.asking.wants(q.name))
        .collect();
    let theirs = ask_duckdb(options, &asked, &folder.path, end_ms)?;
    let mut ours = Vec::with_capacity(asked.len());
    for (question, theirs) in asked.iter().zip(&theirs) {
        let cost = ask::ask(&server, &at(question.sql, end_ms), options.seconds)?;
        say(&format!("{}: Weir {cost:?}, DuckDB {theirs:?}", question.name));
        ours.push(cost);
    }
    let body = format!("{versions}\n{}", tables(&asked, &ours, &theirs));
    say(&body);
    report::save("sql", "duckdb", &body)
}

fn ask_duckdb(options: &Options, asked: &[&Question], folder: &Path, end_ms: i64) -> Result<Vec<Cost>> {
    let statements: Vec<String> = asked
        .iter()
        .map(|question| at(question.duckdb.unwrap_or(question.sql), end_ms))
        .collect();
    duckdb::ask(&folder.join("data/segments"), &statements, options.seconds)
}

/// The statement with its times.
fn at(sql: &str, end_ms: i64) -> String {
    let mut text = sql.to_owned();
    for hours in [1, 2, 6] {
        let time = format_rfc3339_ms(end_ms - hours * 3_600_000);
        text = text.replace(&format!("{{end-{hours}}}"), &time);
    }
    text
}

fn load(options: &Options, server: &Server, end_ms: i64) -> Result<()> {
    let scale = Scale {
        hosts: options.hosts,
        histograms: 0,
        containers: options.containers,
        old: 0,
    };
    let mut sets: Vec<DataSet> = sets(scale, end_ms)
        .into_iter()
        .filter(DataSet::has_series)
        .collect();
    let mut until = sets.iter().map(DataSet::start_ms).min().context("no data")?;
    let mut samples = 0;
    while until < end_ms {
        until += SLICE_MS;
        samples += push(server, &mut sets, until)?;
    }
    let bytes = server.compacted_bytes()?;
    say(&format!("{samples} samples are in segments of {bytes} bytes"));
    Ok(())
}

/// One number of a cost.
type Figure = fn(&Cost) -> f64;

fn tables(asked: &[&Question], ours: &[Cost], theirs: &[Cost]) -> String {
    let mut text = String::new();
    let figures: [(&str, Figure); 2] = [("CPU", |cost| cost.cpu), ("wall", |cost| cost.wall)];
    for (title, figure) in figures {
        let mut table = Table::new(&["question", "Weir", "DuckDB", "DuckDB / Weir"]);
        let mut log = 0.0;
        for ((question, ours), theirs) in asked.iter().zip(ours).zip(theirs) {
            let ratio = figure(theirs) / figure(ours).max(1e-6);
            log += ratio.max(1e-9).ln();
            table.row(vec![
                question.name.to_owned(),
                short(figure(ours) * 1e3),
                short(figure(theirs) * 1e3),
                short(ratio),
            ]);
        }
        let mean = (log / asked.len().max(1) as f64).exp();
        table.row(vec![
            "geometric mean".to_owned(),
            String::new(),
            String::new(),
            short(mean),
        ]);
        text.push_str(&format!("## {title} ms a question\n\n{}\n", table.markdown()));
    }
    for ((question, ours), theirs) in asked.iter().zip(ours).zip(theirs) {
        let (a, b) = (ours.answer, theirs.answer);
        let close = (a.1 - b.1).abs() <= 1e-9 * a.1.abs().max(b.1.abs());
        if a.0 != b.0 || !close {
            text.push_str(&format!(
                "- The answers to \"{}\" differ: Weir {a:?}, DuckDB {b:?} (rows, sum).\n",
                question.name
            ));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_put_in() {
        let sql = at("x >= '{end-6}' AND y >= '{end-1}'", 6 * 3_600_000);
        assert_eq!(
            sql,
            "x >= '1970-01-01T00:00:00.000Z' AND y >= '1970-01-01T05:00:00.000Z'"
        );
        assert!(
            QUESTIONS
                .iter()
                .all(|question| !at(question.sql, 0).contains('{'))
        );
    }
}

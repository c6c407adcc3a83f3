//! Queries beside the peers: the same data in each, the same questions, CPU and wall time of each answer.

pub(crate) mod data;
pub(crate) mod measure;
mod questions;

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};
use clap::Args;

use self::data::{SLICE_MS, Scale};
use self::measure::Cost;
use self::questions::{QUESTIONS, Question};
use crate::report::{self, Table, say, short};
use crate::servers::options::Compared;
use crate::servers::{Kind, Server};

/// What to run.
#[derive(Debug, Args)]
pub struct Options {
    #[command(flatten)]
    compared: Compared,
    /// Hosts with 8 series each, a day at 15 s.
    #[arg(long, default_value_t = 125)]
    hosts: usize,
    /// Histograms of 10 buckets, an hour at 15 s.
    #[arg(long, default_value_t = 1000)]
    histograms: usize,
    /// Containers, ten minutes at 60 s.
    #[arg(long, default_value_t = 100_000)]
    containers: usize,
    /// Series of one host, 30 days at 60 s.
    #[arg(long, default_value_t = 300)]
    old: usize,
    /// Seconds of each question at least.
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
}

/// What one server said: a cost a question, then the storm's and the start's.
struct Outcome {
    kind: Kind,
    costs: Vec<(&'static str, Cost)>,
    cold_start: f64,
}

/// Loads the servers one after the other, asks and writes the results down.
///
/// # Errors
/// When a server misbehaves or a file cannot be written.
pub fn check(options: &Options) -> Result<()> {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .context("a clock before 1970")?;
    // A full half hour that is over, so that every server sees the same slices.
    let end_ms = (now.as_millis() as i64 / SLICE_MS) * SLICE_MS;
    let folder = options.compared.asking.folder("queries")?;
    let (versions, outcomes) = options.compared.each(&folder.path, |kind, program, folder| {
        one(options, kind, program, folder, end_ms)
    })?;
    let body = format!("{versions}\n{}", tables(&outcomes));
    say(&body);
    report::save("queries", "promql", &body)
}

fn one(options: &Options, kind: Kind, program: &Path, folder: &Path, end_ms: i64) -> Result<Outcome> {
    let mut server = Server::start(kind, program, folder, "scrape_configs: []\n")?;
    load(options, &server, end_ms)?;
    options.compared.asking.hold(&server)?;
    let mut costs = Vec::new();
    let asked: Vec<&Question> = QUESTIONS
        .iter()
        .filter(|q| options.compared.asking.wants(q.name))
        .collect();
    for question in &asked {
        let cost = measure::ask(&server, question, end_ms, options.seconds)?;
        say(&format!(
            "{}: {}: CPU {:.1} ms, median {:.1} ms, 99 % {:.1} ms, {:?}",
            kind.name(),
            question.name,
            cost.cpu * 1e3,
            cost.median * 1e3,
            cost.slow * 1e3,
            cost.answer
        ));
        costs.push((question.name, cost));
    }
    let Some(instant) = asked.iter().find(|q| q.range.is_none()) else {
        return Ok(Outcome {
            kind,
            costs,
            cold_start: 0.0,
        });
    };
    costs.push((
        "storm of 100 clients, one series now",
        measure::storm(&server, instant, end_ms, 100, 50)?,
    ));
    let cold_start = measure::cold_start(&mut server, asked[0], end_ms)?.as_secs_f64();
    Ok(Outcome {
        kind,
        costs,
        cold_start,
    })
}

fn load(options: &Options, server: &Server, end_ms: i64) -> Result<()> {
    let scale = Scale {
        hosts: options.hosts,
        histograms: options.histograms,
        containers: options.containers,
        old: options.old,
    };
    let samples = data::load(server, data::sets(scale, end_ms), end_ms)?;
    say(&format!("{}: {samples} samples are in", server.kind.name()));
    Ok(())
}

/// One number of a cost.
type Figure = fn(&Cost) -> f64;

/// A table of CPU time, one of wall time, and what the goals say.
fn tables(outcomes: &[Outcome]) -> String {
    let ours = outcomes.iter().position(|outcome| outcome.kind == Kind::Weir);
    let mut head = vec!["question"];
    for outcome in outcomes {
        head.push(outcome.kind.name());
    }
    let peers: Vec<usize> = (0..outcomes.len())
        .filter(|at| Some(*at) != ours && ours.is_some())
        .collect();
    let ratios: Vec<String> = peers
        .iter()
        .map(|at| format!("{} / Weir", outcomes[*at].kind.name()))
        .collect();
    head.extend(ratios.iter().map(String::as_str));
    let sections: [(&str, Figure); 4] = [
        ("CPU ms a question", |cost| cost.cpu * 1e3),
        ("wall ms, mean", |cost| cost.mean * 1e3),
        ("wall ms, median", |cost| cost.median * 1e3),
        ("wall ms, 99 %", |cost| cost.slow * 1e3),
    ];
    let mut text = String::new();
    for (title, figure) in sections {
        let mut table = Table::new(&head);
        let mut logs = vec![(0.0, 0usize); peers.len()];
        let questions = outcomes.first().map_or(0, |outcome| outcome.costs.len());
        for question in 0..questions {
            let figures: Vec<f64> = outcomes.iter().map(|o| figure(&o.costs[question].1)).collect();
            let mut cells = vec![outcomes[0].costs[question].0.to_owned()];
            cells.extend(figures.iter().map(|value| short(*value)));
            for (log, peer) in logs.iter_mut().zip(&peers) {
                let ratio = figures[*peer] / figures[ours.unwrap_or_default()].max(0.001);
                *log = (log.0 + ratio.max(1e-9).ln(), log.1 + 1);
                cells.push(short(ratio));
            }
            table.row(cells);
        }
        let mut means = vec!["geometric mean".to_owned()];
        means.extend(outcomes.iter().map(|_| String::new()));
        means.extend(
            logs.iter()
                .map(|(sum, count)| short((sum / (*count).max(1) as f64).exp())),
        );
        table.row(means);
        text.push_str(&format!("## {title}\n\n{}\n", table.markdown()));
    }
    for outcome in outcomes {
        text.push_str(&format!(
            "- {}: killed and started again, the first right answer came after {:.2} s.\n",
            outcome.kind.name(),
            outcome.cold_start
        ));
    }
    text.push_str(&differences(outcomes));
    text
}

/// Questions to which the servers do not answer alike.
fn differences(outcomes: &[Outcome]) -> String {
    let Some((first, others)) = outcomes.split_first() else {
        return String::new();
    };
    let mut text = String::new();
    for other in others {
        for ((name, ours), (_, theirs)) in first.costs.iter().zip(&other.costs) {
            let (a, b) = (ours.answer, theirs.answer);
            let close = (a.2 - b.2).abs() <= 1e-9 * a.2.abs().max(b.2.abs());
            if (a.0, a.1) != (b.0, b.1) || !close {
                text.push_str(&format!(
                    "- {} answers otherwise than {} to \"{name}\": {b:?} and {a:?} (series, points, sum).\n",
                    other.kind.name(),
                    first.kind.name()
                ));
            }
        }
    }
    text
}

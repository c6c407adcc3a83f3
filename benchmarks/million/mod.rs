//! A million active series for half an hour: memory, CPU and the latency of queries, minute by minute.

use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, bail};
use clap::Args;
use tempfile::TempDir;

use crate::load::Exporter;
use crate::report::{self, Table, say, short};
use crate::servers::{Kind, Server, escape};

/// What to run.
#[derive(Debug, Args)]
pub struct Options {
    /// Minutes.
    #[arg(long, default_value_t = 30)]
    minutes: usize,
    /// Targets that are scraped.
    #[arg(long, default_value_t = 500)]
    targets: usize,
    /// Series of a target.
    #[arg(long, default_value_t = 2_000)]
    target_series: usize,
    /// Time between scrapes of a target, in seconds.
    #[arg(long, default_value_t = 15)]
    interval: u64,
    /// The server.
    #[arg(long, default_value = "weir", value_parser = Kind::from_word)]
    server: Kind,
    /// Its program; otherwise the release build beside this program, or the unpacked peer.
    #[arg(long)]
    program: Option<PathBuf>,
}

/// A question that is asked again and again.
struct Question {
    name: &'static str,
    query: &'static str,
    /// Length of a graph; an instant query otherwise.
    range_s: Option<u64>,
    latencies: Vec<Duration>,
}

const ONE_SERIES: &str =
    "node_cpu_seconds_total{instance=\"host-7.example.org:9100\",cpu=\"1\",mode=\"user\"}";
const QUESTIONS: [(&str, &str, Option<u64>); 4] = [
    ("one series", ONE_SERIES, None),
    (
        "rates by mode",
        "sum by (mode) (rate(node_cpu_seconds_total[1m]))",
        None,
    ),
    (
        "a target's graph",
        "sum by (mode) (rate(node_cpu_seconds_total{instance=\"host-3.example.org:9100\"}[1m]))",
        Some(3600),
    ),
    ("all series", "count({job=\"node\"})", None),
];
const PAUSE: Duration = Duration::from_secs(1);

/// Runs and writes the results down.
///
/// # Errors
/// When the server ends or answers with an error.
pub fn check(options: &Options) -> Result<()> {
    let program = options
        .program
        .clone()
        .unwrap_or_else(|| options.server.program());
    let version = options.server.version(&program)?;
    let exporter = Exporter::start(options.targets, options.target_series)?;
    let folder = TempDir::with_prefix("weir-bench-")?;
    let config = exporter.scrape_config(&format!("{}s", options.interval));
    let mut server = Server::start(options.server, &program, &folder.path().join("server"), &config)?;
    let mut questions = QUESTIONS.map(|(name, query, range_s)| Question {
        name,
        query,
        range_s,
        latencies: Vec::new(),
    });
    let minutes = watch(options, &mut server, &exporter, &mut questions)?;
    let by_question = latencies(&mut questions);
    let series = (options.targets * options.target_series) as f64;
    let peak = server.process.memory()?.peak as f64 / series;
    let text = format!(
        "{version}: {} targets × {} series every {} s for {} minutes. At most {peak:.0} bytes resident a series.\n\n{}\n{}",
        options.targets,
        options.target_series,
        options.interval,
        options.minutes,
        by_question.markdown(),
        minutes.markdown()
    );
    say(&by_question.markdown());
    report::save("million", options.server.word(), &text)
}

/// Asks for as long as the options say; a row a minute.
fn watch(
    options: &Options,
    server: &mut Server,
    exporter: &Exporter,
    questions: &mut [Question],
) -> Result<Table> {
    let series = (options.targets * options.target_series) as f64;
    let mut minutes = Table::new(&[
        "minute",
        "bytes/series",
        "CPU-s",
        "CPU-s/M samples",
        "scrapes of those due",
        "MB on disk",
        "p50 ms",
        "p99 ms",
    ]);
    let mut asked = Vec::new();
    for minute in 1..=options.minutes {
        let (cpu, (scrapes, samples, _)) = (server.process.cpu_seconds()?, exporter.served());
        let before: Vec<usize> = questions
            .iter()
            .map(|question| question.latencies.len())
            .collect();
        ask_for_a_minute(server, questions)?;
        if let Some(status) = server.process.ended()? {
            bail!("{} ended with {status}", options.server.name());
        }
        asked.clear();
        for (question, before) in questions.iter().zip(before) {
            asked.extend_from_slice(&question.latencies[before..]);
        }
        let cpu = server.process.cpu_seconds()? - cpu;
        let (scrapes_now, samples_now, _) = exporter.served();
        let due = (options.targets as u64 * 60 / options.interval) as f64;
        let cells = vec![
            minute.to_string(),
            short(server.process.memory()?.resident as f64 / series),
            short(cpu),
            short(1e6 * cpu / (samples_now - samples) as f64),
            short((scrapes_now - scrapes) as f64 / due),
            short(server.bytes()? as f64 / 1e6),
            short(quantile_ms(&mut asked, 0.5)),
            short(quantile_ms(&mut asked, 0.99)),
        ];
        say(&cells.join("  "));
        minutes.row(cells);
    }
    Ok(minutes)
}

/// A row a question.
fn latencies(questions: &mut [Question]) -> Table {
    let mut by_question = Table::new(&["query", "asked", "p50 ms", "p99 ms"]);
    for question in questions {
        let all = &mut question.latencies;
        by_question.row(vec![
            format!("{} `{}`", question.name, question.query),
            all.len().to_string(),
            short(quantile_ms(all, 0.5)),
            short(quantile_ms(all, 0.99)),
        ]);
    }
    by_question
}

fn ask_for_a_minute(server: &Server, questions: &mut [Question]) -> Result<()> {
    let mut connection = server.connect()?;
    let started = Instant::now();
    let mut turn = 0;
    while started.elapsed() < Duration::from_secs(60) {
        let next = started + PAUSE * (turn as u32 + 1);
        let count = questions.len();
        let question = &mut questions[turn % count];
        turn += 1;
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .context("a clock before 1970")?
            .as_secs();
        let query = escape(question.query);
        let path = match question.range_s {
            None => format!("/api/v1/query?query={query}&time={now}"),
            Some(range) => format!(
                "/api/v1/query_range?query={query}&start={}&end={now}&step=15",
                now - range
            ),
        };
        let asked = Instant::now();
        let answer = connection.get(&path)?;
        question.latencies.push(asked.elapsed());
        if answer.status != 200 {
            bail!("{}: status {}: {}", question.query, answer.status, answer.text());
        }
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
    }
    Ok(())
}

/// The latency that a share of the requests stays within, in ms.
fn quantile_ms(latencies: &mut [Duration], share: f64) -> f64 {
    latencies.sort_unstable();
    let last = latencies.len().saturating_sub(1);
    let at = (share * last as f64).round() as usize;
    latencies
        .get(at)
        .map_or(0.0, |latency| latency.as_secs_f64() * 1e3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles() {
        let mut latencies: Vec<_> = (1..=101).rev().map(Duration::from_millis).collect();
        assert_eq!(quantile_ms(&mut latencies, 0.5), 51.0);
        assert_eq!(quantile_ms(&mut latencies, 0.99), 100.0);
        assert_eq!(quantile_ms(&mut [], 0.5), 0.0);
    }
}

//! Scraping: the same targets for each server, the first round apart from the steady state.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use super::comparison::{Figure, table};
use super::{Contender, Options};
use crate::load::Exporter;
use crate::report::say;
use crate::servers::{Kind, Memory, Server};

/// How often the exporter's counters are read.
const POLL: Duration = Duration::from_millis(20);

struct Outcome {
    first_cpu: f64,
    first_samples: f64,
    steady_cpu: f64,
    steady_samples: f64,
    missed: f64,
    memory: Memory,
}

pub(super) fn run(options: &Options, contenders: &[Contender], folder: &Path) -> Result<String> {
    say("scrape: preparing the targets");
    let mut outcomes = Vec::new();
    let mut sample_bytes = 0.0;
    for contender in contenders {
        // A new exporter for each server begins with the same values.
        let exporter = Exporter::start(options.targets, options.target_series)?;
        say(&format!("scrape: {}", contender.kind.name()));
        let folder = folder.join("scrape").join(contender.kind.word());
        outcomes.push(one(options, contender, &exporter, &folder)?);
        let (_, samples, bytes) = exporter.served();
        sample_bytes = bytes as f64 / samples as f64;
    }
    let servers: Vec<Kind> = contenders.iter().map(|contender| contender.kind).collect();
    let table = table(&servers, &figures(options, &outcomes));
    say(&table);
    Ok(format!(
        "\n{} targets × {} series every {} s for {} minutes, {sample_bytes:.0} bytes a sample.\n\n{table}",
        options.targets, options.target_series, options.interval, options.minutes
    ))
}

fn one(options: &Options, contender: &Contender, exporter: &Exporter, folder: &Path) -> Result<Outcome> {
    let config = exporter.scrape_config(&format!("{}s", options.interval));
    let server = Server::start(contender.kind, &contender.program, folder, &config)?;
    let interval = Duration::from_secs(options.interval);
    // Offsets spread the first scrapes over one interval; a second one leaves none out.
    let started = Instant::now();
    while exporter.served().0 < options.targets as u64 {
        if started.elapsed() > 4 * interval {
            bail!(
                "only {} of {} targets were scraped",
                exporter.served().0,
                options.targets
            );
        }
        thread::sleep(POLL);
    }
    let first_cpu = server.process.cpu_seconds()?;
    let first_samples = exporter.served().1;
    thread::sleep(interval);

    let (cpu_before, (scrapes_before, samples_before, _)) =
        (server.process.cpu_seconds()?, exporter.served());
    let steady = Duration::from_secs_f64(60.0 * options.minutes);
    thread::sleep(steady);
    let (cpu_after, (scrapes_after, samples_after, _)) = (server.process.cpu_seconds()?, exporter.served());
    let due = options.targets as f64 * steady.as_secs_f64() / interval.as_secs_f64();
    Ok(Outcome {
        first_cpu,
        first_samples: first_samples as f64,
        steady_cpu: cpu_after - cpu_before,
        steady_samples: (samples_after - samples_before) as f64,
        missed: (1.0 - (scrapes_after - scrapes_before) as f64 / due).max(0.0),
        memory: server.process.memory()?,
    })
}

fn figures(options: &Options, outcomes: &[Outcome]) -> Vec<Figure> {
    let series = (options.targets * options.target_series) as f64;
    let figure = |name, goals, value: &dyn Fn(&Outcome) -> f64| Figure {
        name,
        values: outcomes.iter().map(|outcome| Some(value(outcome))).collect(),
        goals,
    };
    vec![
        figure(
            "CPU-s per million samples, known series",
            Some((0.1, 1.0 / 3.0)),
            &|o| 1e6 * o.steady_cpu / o.steady_samples,
        ),
        figure("CPU-s per million samples, start and first round", None, &|o| {
            1e6 * o.first_cpu / o.first_samples
        }),
        figure("share of due scrapes that did not happen", None, &|o| o.missed),
        figure("resident bytes per series", Some((1.0 / 3.0, 0.5)), &|o| {
            o.memory.resident as f64 / series
        }),
        figure("resident bytes per series at most", None, &|o| {
            o.memory.peak as f64 / series
        }),
    ]
}

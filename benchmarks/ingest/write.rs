//! Remote write: the same requests to each server, a rest, a kill, a restart, a count, a compaction.

use std::path::Path;
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};

use super::comparison::{Figure, table};
use super::{Contender, Options};
use crate::load::{WritePlan, WriteRequests, metric_names, send};
use crate::report::say;
use crate::servers::{Kind, Memory, Server, count};

/// Background work that follows the last acknowledgement belongs to the samples: flushes come within 5 s.
const SETTLE: Duration = Duration::from_secs(10);
const STEP_MS: i64 = 15_000;

/// What one server did.
struct Outcome {
    cpu_load: f64,
    cpu_settled: f64,
    wall: Duration,
    retries: usize,
    loaded: Memory,
    rested: Memory,
    restart: Duration,
    lost: u64,
    bytes_before: u64,
    bytes_compacted: u64,
    rest_cpu: f64,
}

pub(super) fn run(options: &Options, contenders: &[Contender], folder: &Path) -> Result<String> {
    say("remote write: making the requests");
    let now_ms = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .context("a clock before 1970")?;
    let requests = WriteRequests::prepare(WritePlan {
        series: options.series,
        // The last round is the one that the kill follows.
        rounds: options.rounds + 1,
        series_per_request: options.series_per_request,
        step_ms: STEP_MS,
        start_ms: now_ms.as_millis() as i64 - options.rounds as i64 * STEP_MS,
        protocol: options.protocol,
    })?;
    let bytes: usize = requests.rounds.iter().flatten().map(Vec::len).sum();
    let samples = options.series * requests.rounds.len();
    let mut text = format!(
        "\n{} series × {} samples, {} series a request, {:.0} bytes of labels a series, {:.1} bytes a sample on the wire ({:?}), {} connections.\n\n",
        options.series,
        options.rounds,
        options.series_per_request,
        requests.label_bytes,
        bytes as f64 / samples as f64,
        options.protocol,
        options.connections
    );
    let mut outcomes = Vec::new();
    for contender in contenders {
        say(&format!("remote write: {}", contender.kind.name()));
        let folder = folder.join("write").join(contender.kind.word());
        outcomes.push(one(options, contender, &requests, &folder)?);
    }
    let servers: Vec<Kind> = contenders.iter().map(|contender| contender.kind).collect();
    let table = table(&servers, &figures(options, &outcomes));
    say(&table);
    text.push_str(&table);
    Ok(text)
}

fn one(options: &Options, contender: &Contender, requests: &WriteRequests, folder: &Path) -> Result<Outcome> {
    let mut server = Server::start(contender.kind, &contender.program, folder, "scrape_configs: []\n")?;
    let (load, last) = requests.rounds.split_at(options.rounds);
    let push = |server: &Server, rounds| {
        let path = server.kind.write_path();
        send(
            server.address,
            path,
            requests.plan.protocol,
            rounds,
            options.connections,
        )
    };
    let work = || {
        let started = std::time::Instant::now();
        push(&server, load).map(|sent| (sent, started.elapsed()))
    };
    let ((sent, wall), cpu_load, cpu_settled) = server.process.cpu_during(SETTLE, work)?;
    let loaded = server.process.memory()?;
    let before_rest = server.process.cpu_seconds()?;
    thread::sleep(Duration::from_secs(options.rest));
    let rested = server.process.memory()?;
    let rest_cpu = server.process.cpu_seconds()? - before_rest;
    let bytes_before = server.bytes()?;

    push(&server, last)?;
    let acknowledged = (options.series * requests.rounds.len()) as u64;
    let (restart, lost) = restart(&mut server, requests, options.rounds, acknowledged)?;
    let bytes_compacted = server.compacted_bytes()?;
    Ok(Outcome {
        cpu_load,
        cpu_settled,
        wall,
        retries: sent.retries,
        loaded,
        rested,
        restart,
        lost,
        bytes_before,
        bytes_compacted,
        rest_cpu,
    })
}

/// Kills the server, starts it, waits for the right answer about what had been there for long, and counts all.
fn restart(
    server: &mut Server,
    requests: &WriteRequests,
    rounds: usize,
    acknowledged: u64,
) -> Result<(Duration, u64)> {
    let plan = requests.plan;
    let range_s = (rounds as i64 + 2) * plan.step_ms / 1000;
    let settled_ms = plan.time_ms(rounds - 1);
    let expected = (requests.checked_series * rounds) as u64;
    let short = format!(
        "sum(count_over_time({}[{range_s}s]))",
        WriteRequests::CHECKED_METRIC
    );
    let ask = |server: &Server| count(server, &short, settled_ms);
    server.until(&expected, ask)?;
    server.kill_and_restart()?;
    let restart = server.until(&expected, ask)?;
    // Metric by metric: counts lose their names, and one name's series must not meet another's.
    let mut kept = 0;
    for name in metric_names() {
        kept += count(
            server,
            &format!("sum(count_over_time({name}[{range_s}s]))"),
            plan.time_ms(rounds),
        )?;
    }
    Ok((restart, acknowledged.saturating_sub(kept)))
}

fn figures(options: &Options, outcomes: &[Outcome]) -> Vec<Figure> {
    let millions = (options.series * options.rounds) as f64 / 1e6;
    let series = options.series as f64;
    let samples = (options.series * (options.rounds + 1)) as f64;
    let figure = |name, goals, value: &dyn Fn(&Outcome) -> f64| Figure {
        name,
        values: outcomes.iter().map(|outcome| Some(value(outcome))).collect(),
        goals,
    };
    vec![
        figure(
            "CPU-s per million samples, 10 s of settling included",
            Some((0.1, 1.0 / 3.0)),
            &|o| o.cpu_settled / millions,
        ),
        figure(
            "CPU-s per million samples until the last acknowledgement",
            None,
            &|o| o.cpu_load / millions,
        ),
        figure("CPU-s of the rest after it", None, &|o| o.rest_cpu),
        figure("wall s until the last acknowledgement", None, &|o| {
            o.wall.as_secs_f64()
        }),
        figure("requests sent twice", None, &|o| o.retries as f64),
        figure(
            "resident bytes per series after the load",
            Some((1.0 / 3.0, 0.5)),
            &|o| o.loaded.resident as f64 / series,
        ),
        figure(
            "resident bytes per series after the rest",
            Some((1.0 / 3.0, 0.5)),
            &|o| o.rested.resident as f64 / series,
        ),
        figure("of these not backed by a file", None, &|o| {
            o.rested.anonymous as f64 / series
        }),
        figure("resident bytes per series at most", None, &|o| {
            o.rested.peak as f64 / series
        }),
        figure("bytes per sample on disk before a compaction", None, &|o| {
            o.bytes_before as f64 / (millions * 1e6)
        }),
        figure("bytes per sample on disk after it", Some((1.0, 1.0)), &|o| {
            o.bytes_compacted as f64 / samples
        }),
        figure("s from kill -9 to the right answer", Some((0.1, 1.0)), &|o| {
            o.restart.as_secs_f64()
        }),
        figure("acknowledged samples lost by it", None, &|o| o.lost as f64),
    ]
}

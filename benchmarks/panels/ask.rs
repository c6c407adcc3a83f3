//! What is done with each server: loaded, left to come to rest, asked.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use super::SCRAPE_S;
use super::answers::Answer;
use super::motion::Host;
use super::page::PageSeries;
use super::questions::Part;
use super::results::{Asked, Outcome};
use crate::queries::data::{self, DataSet};
use crate::queries::measure;
use crate::report::say;
use crate::servers::{Server, escape};

/// How long a server may go on merging what it was given, before it is asked anyway.
const SETTLE_MAX: Duration = Duration::from_secs(300);
/// Seconds of rest in a row: longer than VictoriaMetrics keeps new samples from queries.
const REST_SECONDS: usize = 5;
/// CPU seconds that a server at rest takes in a second at most.
const REST_CPU: f64 = 0.02;

/// Pushes the host's samples from `start_ms` on and waits until the server is at rest.
pub(super) fn load(server: &Server, series: &[PageSeries], start_ms: i64, end_ms: i64) -> Result<()> {
    let labels = series.iter().map(|series| series.labels.clone()).collect();
    let set = DataSet::of(
        labels,
        Box::new(Host::new(series)),
        1000 * SCRAPE_S,
        start_ms,
        end_ms,
    );
    let samples = data::load(server, vec![set], end_ms)?;
    let (started, mut rested) = (Instant::now(), 0);
    while rested < REST_SECONDS && started.elapsed() < SETTLE_MAX {
        let ((), _, cpu) = server.process.cpu_during(Duration::from_secs(1), || Ok(()))?;
        rested = if cpu < REST_CPU { rested + 1 } else { 0 };
    }
    say(&format!(
        "{}: {samples} samples of {} series are in, at rest after {:.0} s",
        server.kind.name(),
        series.len(),
        started.elapsed().as_secs_f64()
    ));
    Ok(())
}

/// A label's values over all the time that there is, as Grafana asks for them.
pub(super) fn label_values(
    server: &Server,
    selector: Option<&str>,
    label: &str,
    start_ms: i64,
    end_ms: i64,
) -> Result<Vec<String>> {
    let matched = selector.map_or_else(String::new, |selector| format!("&match[]={}", escape(selector)));
    let (start, end) = (start_ms / 1000, end_ms / 1000);
    let path = format!(
        "/api/v1/label/{}/values?start={start}&end={end}{matched}",
        escape(label)
    );
    let answer = server.connect()?.get(&path)?;
    if answer.status != 200 {
        bail!("{path} answered {}: {}", answer.status, answer.text());
    }
    let answer: Value = serde_json::from_slice(&answer.body)?;
    let values = answer["data"].as_array().context("an answer without values")?;
    Ok(values
        .iter()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect())
}

/// Asks all questions, each `rounds` times.
pub(super) fn all(server: &Server, parts: &[Part], end_ms: i64, rounds: usize) -> Result<Outcome> {
    let mut outcome = Outcome {
        kind: server.kind,
        parts: Vec::with_capacity(parts.len()),
    };
    for part in parts {
        let (mut asked, started) = (Vec::with_capacity(part.questions.len()), Instant::now());
        for question in &part.questions {
            let path = measure::path(server.kind, &question.query, part.range, end_ms);
            let answer = server.connect()?.get(&path)?;
            asked.push(if answer.status == 200 {
                let answer = Answer::of(&answer.body).with_context(|| question.name.clone())?;
                let enough = |answers, _| answers >= rounds;
                Asked::Answered(measure::repeat(server, &question.name, &path, enough)?, answer)
            } else {
                Asked::Refused(format!("{} {}", answer.status, answer.text().trim()))
            });
        }
        say(&format!(
            "{}: {}: {} expressions asked in {:.0} s",
            server.kind.name(),
            part.title,
            asked.len(),
            started.elapsed().as_secs_f64()
        ));
        outcome.parts.push(asked);
    }
    Ok(outcome)
}

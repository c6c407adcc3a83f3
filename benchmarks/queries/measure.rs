//! Asks one server the questions: CPU time of its process a question, latencies, and the answers' fingerprint.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use super::questions::Question;
use crate::servers::{Kind, Server, escape};

/// What one question cost one server.
#[derive(Debug, Clone)]
pub(crate) struct Cost {
    /// CPU seconds of the process a question.
    pub(crate) cpu: f64,
    /// Seconds of an answer on average: of clients that wait for each other's turn, the only fair one.
    pub(crate) mean: f64,
    /// Seconds that half of the answers took at most.
    pub(crate) median: f64,
    /// Seconds that 99 of 100 took at most.
    pub(crate) slow: f64,
    /// Number of series, of points, and sum of the finite values.
    pub(crate) answer: (usize, usize, f64),
}

/// Asks one question for at least `seconds` and at least five times, after one answer that is not counted.
pub(super) fn ask(server: &Server, question: &Question, end_ms: i64, seconds: f64) -> Result<Cost> {
    let path = path(server.kind, question.query, question.range, end_ms);
    repeat(server, question.name, &path, |answers, passed| {
        answers >= 5 && passed >= seconds
    })
}

/// Asks until it is `enough` (answers so far, seconds passed), after one answer that is not counted.
///
/// # Errors
/// When an answer is not the result of a query; `name` is in the text.
pub(crate) fn repeat(
    server: &Server,
    name: &str,
    path: &str,
    enough: impl Fn(usize, f64) -> bool,
) -> Result<Cost> {
    let mut connection = server.connect()?;
    let mut get = || -> Result<Vec<u8>> {
        let answer = connection.get(path)?;
        if answer.status != 200 {
            bail!(
                "{}: {name} answered {}: {}",
                server.kind.name(),
                answer.status,
                answer.text()
            );
        }
        Ok(answer.body)
    };
    let answer = fingerprint(&get()?).with_context(|| format!("{}: {name}", server.kind.name()))?;
    let (mut took, started) = (Vec::new(), Instant::now());
    let before = server.process.cpu_seconds()?;
    while !enough(took.len(), started.elapsed().as_secs_f64()) {
        let asked = Instant::now();
        get()?;
        took.push(asked.elapsed().as_secs_f64());
    }
    cost(server, before, &mut took, answer)
}

/// As many threads as `clients` ask the same instant question at once, `rounds` times each.
pub(super) fn storm(
    server: &Server,
    question: &Question,
    end_ms: i64,
    clients: usize,
    rounds: usize,
) -> Result<Cost> {
    let path = path(server.kind, question.query, question.range, end_ms);
    let before = server.process.cpu_seconds()?;
    let answers = thread::scope(|scope| {
        let asking: Vec<_> = (0..clients)
            .map(|_| {
                scope.spawn(|| -> Result<Vec<f64>> {
                    let mut connection = server.connect()?;
                    let mut took = Vec::with_capacity(rounds);
                    for _ in 0..rounds {
                        let asked = Instant::now();
                        let answer = connection.get(&path)?;
                        if answer.status != 200 {
                            bail!("{}: {}: {}", server.kind.name(), answer.status, answer.text());
                        }
                        took.push(asked.elapsed().as_secs_f64());
                    }
                    Ok(took)
                })
            })
            .collect();
        asking.into_iter().map(|thread| thread.join()).collect::<Vec<_>>()
    });
    let mut took = Vec::new();
    for answer in answers {
        let Ok(times) = answer else {
            bail!("a client's thread ended early")
        };
        took.extend(times?);
    }
    cost(server, before, &mut took, (0, 0, 0.0))
}

/// Seconds from the start of a killed server to the first answer to `question` that is as before.
pub(super) fn cold_start(server: &mut Server, question: &Question, end_ms: i64) -> Result<Duration> {
    let path = path(server.kind, question.query, question.range, end_ms);
    let answer = |server: &Server| {
        fingerprint(&server.connect()?.get(&path)?.body).map(|(series, points, _)| (series, points))
    };
    let before = answer(server)?;
    server.kill_and_restart()?;
    server.until(&before, answer)
}

/// What answers that took so long each cost the server since it had used `before` CPU seconds.
fn cost(server: &Server, before: f64, took: &mut [f64], answer: (usize, usize, f64)) -> Result<Cost> {
    let cpu = (server.process.cpu_seconds()? - before) / took.len() as f64;
    let mean = took.iter().sum::<f64>() / took.len() as f64;
    let (median, slow) = percentiles(took);
    Ok(Cost {
        cpu,
        mean,
        median,
        slow,
        answer,
    })
}

fn percentiles(took: &mut [f64]) -> (f64, f64) {
    took.sort_unstable_by(f64::total_cmp);
    let at = |share: f64| took[((took.len() as f64 * share).ceil() as usize).clamp(1, took.len()) - 1];
    (at(0.5), at(0.99))
}

/// The path of a query over `range` (hours back from the end of the data, step in seconds), or at the end.
pub(crate) fn path(kind: Kind, query: &str, range: Option<(i64, i64)>, end_ms: i64) -> String {
    // VictoriaMetrics would answer from its cache of results, which says nothing of its speed.
    let cache = if kind == Kind::VictoriaMetrics {
        "&nocache=1"
    } else {
        ""
    };
    let (end, query) = (end_ms / 1000, escape(query));
    match range {
        Some((hours, step)) => {
            let start = end - hours * 3600;
            format!("/api/v1/query_range?query={query}&start={start}&end={end}&step={step}{cache}")
        }
        None => format!("/api/v1/query?query={query}&time={end}{cache}"),
    }
}

fn fingerprint(body: &[u8]) -> Result<(usize, usize, f64)> {
    let answer: Value = serde_json::from_slice(body)?;
    let series = answer["data"]["result"]
        .as_array()
        .context("an answer without a result")?;
    let (mut points, mut sum) = (0, 0.0);
    for one in series {
        let values = one["values"]
            .as_array()
            .cloned()
            .unwrap_or_else(|| vec![one["value"].clone()]);
        points += values.len();
        let numbers = values
            .iter()
            .filter_map(|pair| pair[1].as_str()?.parse::<f64>().ok());
        sum += numbers.filter(|number| number.is_finite()).sum::<f64>();
    }
    Ok((series.len(), points, sum))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_and_percentiles() {
        let body = br#"{"data":{"result":[{"values":[[1,"2"],[2,"NaN"]]},{"value":[1,"0.5"]}]}}"#;
        assert_eq!(fingerprint(body).unwrap(), (2, 3, 2.5));
        let mut took: Vec<f64> = (1..=200).rev().map(f64::from).collect();
        assert_eq!(percentiles(&mut took), (100.0, 198.0));
    }
}

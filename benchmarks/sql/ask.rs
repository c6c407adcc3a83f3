//! Asks Weir over HTTP: CPU time of its process a question, latency, and the answer's fingerprint.

use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use crate::servers::Server;

/// What one question cost.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cost {
    /// CPU seconds of the process.
    pub(super) cpu: f64,
    /// Seconds that half of the answers took at most.
    pub(super) wall: f64,
    /// Rows, and the sum of all numbers in them.
    pub(super) answer: (usize, f64),
}

/// Asks one question for at least `seconds` and at least five times, after one answer that is not counted.
pub(super) fn ask(server: &Server, sql: &str, seconds: f64) -> Result<Cost> {
    let body = json!({ "query": sql }).to_string();
    let mut connection = server.connect()?;
    let mut post = || -> Result<Vec<u8>> {
        let headers = "content-type: application/json\r\n";
        let answer = connection.post("/api/v1/sql", headers, body.as_bytes())?;
        if answer.status != 200 {
            bail!("{sql}: {}: {}", answer.status, answer.text());
        }
        Ok(answer.body)
    };
    let answer = fingerprint(&post()?)?;
    let (mut took, started) = (Vec::new(), Instant::now());
    let before = server.process.cpu_seconds()?;
    while took.len() < 5 || started.elapsed().as_secs_f64() < seconds {
        let asked = Instant::now();
        post()?;
        took.push(asked.elapsed().as_secs_f64());
    }
    let cpu = (server.process.cpu_seconds()? - before) / took.len() as f64;
    took.sort_unstable_by(f64::total_cmp);
    Ok(Cost {
        cpu,
        wall: took[took.len() / 2],
        answer,
    })
}

fn fingerprint(body: &[u8]) -> Result<(usize, f64)> {
    let answer: Value = serde_json::from_slice(body)?;
    let rows = answer["rows"].as_array().context("an answer without rows")?;
    let cells = rows.iter().filter_map(Value::as_array).flatten();
    Ok((rows.len(), cells.filter_map(Value::as_f64).sum()))
}

#[cfg(test)]
mod tests {
    #[test]
    fn numbers_of_an_answer() {
        let body = br#"{"columns":[],"rows":[["a",1,2.5],["b",null,-1]]}"#;
        assert_eq!(super::fingerprint(body).unwrap(), (2, 2.5));
    }
}

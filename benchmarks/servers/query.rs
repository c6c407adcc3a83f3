//! Questions that check what a server holds.

use anyhow::{Context as _, Result, bail};

use super::Server;

/// The number that an instant query gives, 0 for an empty answer. `time_ms` is in ms since the epoch.
///
/// # Errors
/// When the server refuses the query or gives more than one number.
pub fn count(server: &Server, query: &str, time_ms: i64) -> Result<u64> {
    let time = time_ms as f64 / 1000.0;
    let path = format!("/api/v1/query?query={}&time={time:.3}", escape(query));
    let answer = server.connect()?.get(&path)?;
    if answer.status != 200 {
        bail!("{}: {}", answer.status, answer.text());
    }
    let answer: serde_json::Value = serde_json::from_slice(&answer.body)?;
    let result = answer["data"]["result"]
        .as_array()
        .context("an answer without a result")?;
    match result.as_slice() {
        [] => Ok(0),
        [one] => {
            let text = one["value"][1].as_str().context("a result without a value")?;
            Ok(text.parse::<f64>()? as u64)
        }
        more => bail!("{} results for {query}", more.len()),
    }
}

/// A query as part of a URL.
pub fn escape(query: &str) -> String {
    let mut escaped = String::with_capacity(2 * query.len());
    for byte in query.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'-' | b'.' => escaped.push(byte as char),
            _ => escaped.push_str(&format!("%{byte:02X}")),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    #[test]
    fn queries_are_escaped() {
        assert_eq!(
            super::escape("sum(a{b=\"ü\"}[1h])"),
            "sum%28a%7Bb%3D%22%C3%BC%22%7D%5B1h%5D%29"
        );
    }
}

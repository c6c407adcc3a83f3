//! Native histograms as scripts write them: `{{schema:1 sum:3 count:4 buckets:[1 2 1]}}`.

use std::collections::HashSet;

use crate::parser::parse_number;

/// A histogram as written; keys that are left out are zero or empty.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct HistogramLiteral {
    /// Resolution, −53 for custom bounds.
    pub schema: i64,
    /// Sum of observations.
    pub sum: f64,
    /// Number of observations.
    pub count: f64,
    /// Observations in the zero bucket.
    pub zero_count: f64,
    /// Half width of the zero bucket.
    pub zero_threshold: f64,
    /// Counts of adjacent positive buckets.
    pub buckets: Vec<f64>,
    /// Index of the first positive bucket.
    pub offset: i64,
    /// Counts of adjacent negative buckets.
    pub negative_buckets: Vec<f64>,
    /// Index of the first negative bucket.
    pub negative_offset: i64,
    /// Upper bounds of custom buckets.
    pub custom_values: Vec<f64>,
    /// The hint, if one is written; an expectation without one accepts any.
    pub counter_reset_hint: Option<CounterResetHint>,
}

/// What a histogram says about a reset before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CounterResetHint {
    /// Nothing is known.
    Unknown,
    /// There was one.
    Reset,
    /// There was none.
    NotReset,
    /// The histogram is a gauge.
    Gauge,
}

impl HistogramLiteral {
    /// Parses what stands between `{{` and `}}`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut literal = Self::default();
        let mut seen = HashSet::new();
        let mut rest = text.trim();
        while !rest.is_empty() {
            let (key, after) = rest
                .split_once(':')
                .ok_or_else(|| format!("missing `:` after histogram key {rest:?}"))?;
            if !seen.insert(key) {
                return Err(format!("duplicate key {key:?} in histogram"));
            }
            let end = if after.starts_with('[') {
                after.find(']').map(|at| at + 1)
            } else {
                after.find(char::is_whitespace)
            };
            let (value, next) = after.split_at(end.unwrap_or(after.len()));
            literal.set(key, value)?;
            if !next.is_empty() && !next.starts_with(char::is_whitespace) {
                return Err(format!("unexpected {next:?} behind histogram key {key:?}"));
            }
            rest = next.trim_start();
        }
        Ok(literal)
    }

    fn set(&mut self, key: &str, value: &str) -> Result<(), String> {
        match key {
            "schema" => self.schema = integer(value)?,
            "sum" => self.sum = number(value)?,
            "count" => self.count = number(value)?,
            "z_bucket" => self.zero_count = number(value)?,
            "z_bucket_w" => self.zero_threshold = number(value)?,
            "buckets" => self.buckets = numbers(value)?,
            "offset" => self.offset = integer(value)?,
            "n_buckets" => self.negative_buckets = numbers(value)?,
            "n_offset" => self.negative_offset = integer(value)?,
            "custom_values" => self.custom_values = numbers(value)?,
            "counter_reset_hint" => {
                self.counter_reset_hint = Some(match value {
                    "unknown" => CounterResetHint::Unknown,
                    "reset" => CounterResetHint::Reset,
                    "not_reset" => CounterResetHint::NotReset,
                    "gauge" => CounterResetHint::Gauge,
                    other => return Err(format!("unknown counter reset hint {other:?}")),
                });
            }
            other => return Err(format!("unknown histogram key {other:?}")),
        }
        Ok(())
    }
}

/// A number with an optional sign.
pub(super) fn number(text: &str) -> Result<f64, String> {
    match text.strip_prefix('-') {
        Some(magnitude) => Ok(-parse_number(magnitude)?),
        None => parse_number(text.strip_prefix('+').unwrap_or(text)),
    }
}

fn integer(text: &str) -> Result<i64, String> {
    text.parse().map_err(|_| format!("{text:?} is not an integer"))
}

fn numbers(text: &str) -> Result<Vec<f64>, String> {
    let inner = text.strip_prefix('[').and_then(|t| t.strip_suffix(']'));
    let inner = inner.ok_or_else(|| format!("expected a list in brackets, got {text:?}"))?;
    inner.split_whitespace().map(number).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys() {
        let literal = HistogramLiteral::parse(
            "schema:-53 sum:-0.5 count:3 z_bucket:1 z_bucket_w:0.001 buckets:[1 2.5 -Inf ] offset:-3 \
             n_buckets:[4] n_offset:2 custom_values:[5 10] counter_reset_hint:gauge ",
        )
        .unwrap();
        let expected = HistogramLiteral {
            schema: -53,
            sum: -0.5,
            count: 3.0,
            zero_count: 1.0,
            zero_threshold: 0.001,
            buckets: vec![1.0, 2.5, f64::NEG_INFINITY],
            offset: -3,
            negative_buckets: vec![4.0],
            negative_offset: 2,
            custom_values: vec![5.0, 10.0],
            counter_reset_hint: Some(CounterResetHint::Gauge),
        };
        assert_eq!(literal, expected);
        assert_eq!(HistogramLiteral::parse(" "), Ok(HistogramLiteral::default()));
        for text in [
            "schema:1 schema:1",
            "foo:1",
            "schema :1",
            "schema:x",
            "buckets:5",
            "buckets:[5",
            "buckets:[5]x",
            "counter_reset_hint:foo",
            "sum",
        ] {
            assert!(HistogramLiteral::parse(text).is_err(), "{text}");
        }
    }
}

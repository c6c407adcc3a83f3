//! What is asked: an expression at an instant or over a range, or a metadata endpoint.

use std::fmt;

use super::data::{INTERVAL_MS, STEPS};
use super::random::Random;

/// A request: a path below `/api/v1/` and form fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Question {
    pub(super) path: String,
    pub(super) fields: Vec<(String, String)>,
}

impl Question {
    pub(super) fn new(path: &str, fields: &[(&str, &str)]) -> Self {
        let owned = fields
            .iter()
            .map(|&(name, value)| (name.to_owned(), value.to_owned()));
        Self {
            path: path.to_owned(),
            fields: owned.collect(),
        }
    }

    /// Reads what [`fmt::Display`] writes of a query.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (path, mut rest) = text.split_once(" query=")?;
        let mut fields = Vec::new();
        for name in ["step", "end", "start", "time"] {
            if let Some((before, value)) = rest.rsplit_once(&format!(" {name}=")) {
                fields.push((name, value));
                rest = before;
            }
        }
        fields.push(("query", rest));
        Some(Self::new(path, &fields))
    }

    /// The expression; nothing for metadata.
    pub(super) fn expression(&self) -> Option<&str> {
        let mut fields = self.fields.iter();
        let query = fields.find(|(name, _)| name == "query" && self.path.starts_with("query"));
        query.map(|(_, expression)| expression.as_str())
    }

    /// The same request with another expression.
    pub(super) fn with_expression(&self, expression: &str) -> Self {
        let mut other = self.clone();
        for (name, value) in &mut other.fields {
            if name == "query" {
                expression.clone_into(value);
            }
        }
        other
    }

    pub(super) fn is_range(&self) -> bool {
        self.path == "query_range"
    }
}

impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path)?;
        for (name, value) in &self.fields {
            write!(f, " {name}={value}")?;
        }
        Ok(())
    }
}

/// Draws the times at which expressions are evaluated, within and around the data.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    pub(super) end_ms: i64,
}

impl Times {
    pub(super) fn start_ms(self) -> i64 {
        self.end_ms - INTERVAL_MS * (STEPS as i64 - 1)
    }

    /// On a sample's timestamp, a millisecond beside one, or anywhere.
    pub(super) fn instant_ms(self, random: &mut Random) -> i64 {
        let steps = STEPS as i64;
        let on_grid = self.start_ms() + INTERVAL_MS * random.between(-2, steps + 24);
        match random.below(4) {
            0 => on_grid,
            1 => on_grid + random.between(-1, 1),
            _ => on_grid + random.between(0, INTERVAL_MS - 1),
        }
    }

    pub(super) fn instant(self, expression: &str, random: &mut Random) -> Question {
        let time = seconds(self.instant_ms(random));
        Question::new("query", &[("query", expression), ("time", &time)])
    }

    /// A few to some sixty steps.
    pub(super) fn range(self, expression: &str, random: &mut Random) -> Question {
        let step_ms = [1_000, 7_000, 15_000, 30_000, 60_000, 300_000, 61_500][random.below(7)];
        let steps = random.between(0, 60);
        let latest = self.end_ms + 600_000 - step_ms * steps;
        let start_ms = self.instant_ms(random).min(latest);
        let end_ms = start_ms + step_ms * steps + random.between(0, step_ms - 1);
        let fields = [
            ("query", expression),
            ("start", &seconds(start_ms)),
            ("end", &seconds(end_ms)),
            ("step", &seconds(step_ms)),
        ];
        Question::new("query_range", &fields)
    }
}

/// Unix seconds as text, exact to the millisecond.
pub(super) fn seconds(ms: i64) -> String {
    format!("{}.{:03}", ms.div_euclid(1000), ms.rem_euclid(1000))
}

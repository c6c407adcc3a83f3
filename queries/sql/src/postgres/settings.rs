//! What a client has set: kept to be shown again, and `statement_timeout` is obeyed.

use std::collections::BTreeMap;
use std::time::Duration;

use pgwire::error::PgWireResult;

use super::errors;
use crate::pg_catalog::setting;

/// Most settings that a connection keeps; no client sets a tenth of it.
const SETTINGS_MAX: usize = 256;
const STATEMENT_TIMEOUT: &str = "statement_timeout";

/// The settings of one connection, by their names in small letters.
#[derive(Debug, Default)]
pub(super) struct Settings {
    set: BTreeMap<String, String>,
    /// What they were when the connection began, to which `RESET` goes back.
    first: BTreeMap<String, String>,
}

impl Settings {
    /// Takes what a client said when it connected: `name` and `value` pairs, and `options` as on a command line.
    pub(super) fn greeting<'a>(
        &mut self,
        parameters: impl Iterator<Item = (&'a str, &'a str)>,
    ) -> PgWireResult<()> {
        for (name, value) in parameters {
            match name {
                "user" | "database" | "replication" => {}
                "options" => {
                    for (name, value) in options(value) {
                        self.set(&name, value)?;
                    }
                }
                name => self.set(name, value.to_owned())?,
            }
        }
        self.first.clone_from(&self.set);
        Ok(())
    }

    /// Sets one.
    pub(super) fn set(&mut self, name: &str, value: String) -> PgWireResult<()> {
        let name = name.to_ascii_lowercase();
        if name == STATEMENT_TIMEOUT && duration(&value).is_none() {
            let text = format!("invalid value for parameter \"{name}\": \"{value}\"");
            return Err(errors::error("22023", text));
        }
        if self.set.len() >= SETTINGS_MAX && !self.set.contains_key(&name) {
            return Err(errors::error("53400", "too many settings"));
        }
        self.set.insert(name, value);
        Ok(())
    }

    /// Goes back to the beginning: with one setting, or with all.
    pub(super) fn reset(&mut self, name: Option<&str>) {
        let Some(name) = name else {
            self.set.clone_from(&self.first);
            return;
        };
        match self.first.get(name) {
            Some(value) => self.set.insert(name.to_owned(), value.clone()),
            None => self.set.remove(name),
        };
    }

    /// What one is.
    pub(super) fn get(&self, name: &str) -> Option<String> {
        let set = self.set.get(&name.to_ascii_lowercase()).cloned();
        set.or_else(|| setting(name).map(str::to_owned))
    }

    /// How long a statement may take, where a client says it.
    pub(super) fn statement_timeout(&self) -> Option<Duration> {
        let timeout = duration(self.set.get(STATEMENT_TIMEOUT)?)?;
        (!timeout.is_zero()).then_some(timeout)
    }
}

/// `-c name=value` and `--name=value`, of which there may be several.
fn options(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut words = text.split_whitespace();
    while let Some(word) = words.next() {
        let pair = match word.strip_prefix("--") {
            Some(pair) => Some(pair),
            None => match word.strip_prefix("-c") {
                Some("") => words.next(),
                other => other,
            },
        };
        if let Some((name, value)) = pair.and_then(|pair| pair.split_once('=')) {
            found.push((name.replace('-', "_"), value.to_owned()));
        }
    }
    found
}

/// A duration as PostgreSQL writes it: a number of milliseconds, or of the unit that follows.
fn duration(text: &str) -> Option<Duration> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number: u64 = text[..digits].parse().ok()?;
    let us = match text[digits..].trim() {
        "us" => 1,
        "" | "ms" => 1_000,
        "s" => 1_000_000,
        "min" => 60_000_000,
        "h" => 3_600_000_000,
        "d" => 86_400_000_000,
        _ => return None,
    };
    Some(Duration::from_micros(number.checked_mul(us)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_in_units() {
        for (text, ms) in [
            ("200", 200),
            ("5s", 5000),
            ("1 min", 60_000),
            ("0", 0),
            ("1h", 3_600_000),
        ] {
            assert_eq!(duration(text), Some(Duration::from_millis(ms)), "{text}");
        }
        for text in ["", "soon", "-1", "1 week", "99999999999999999999"] {
            assert_eq!(duration(text), None, "{text}");
        }
    }

    #[test]
    fn a_greeting_is_what_a_reset_goes_back_to() {
        let mut settings = Settings::default();
        let greeting = [
            ("user", "me"),
            (
                "options",
                "-c statement_timeout=300 --search-path=x -csome.thing=1",
            ),
            ("application_name", "psql"),
        ];
        settings.greeting(greeting.into_iter()).unwrap();
        assert_eq!(settings.statement_timeout(), Some(Duration::from_millis(300)));
        assert_eq!(settings.get("some.thing").as_deref(), Some("1"));
        assert_eq!(settings.get("search_path").as_deref(), Some("x"));
        assert_eq!(settings.get("user"), None);
        settings.set("Statement_Timeout", "0".to_owned()).unwrap();
        assert_eq!(settings.statement_timeout(), None);
        assert!(settings.set("statement_timeout", "soon".to_owned()).is_err());
        settings.reset(Some("statement_timeout"));
        assert_eq!(settings.get("statement_timeout").as_deref(), Some("300"));
        settings.set("datestyle", "German".to_owned()).unwrap();
        settings.reset(None);
        assert_eq!(settings.get("DateStyle").as_deref(), Some("ISO, MDY"));
    }
}

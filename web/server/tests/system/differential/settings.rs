//! What a run depends on: the same three numbers give the same samples and questions.

use std::env;
use std::fmt;
use std::str::FromStr;

use anyhow::{Result, anyhow};
use engine_model::time::now_ms;

/// Generated queries of a run among the other tests.
const QUERIES: usize = 250;
/// Differences that are made small and shown; beyond these only their number is said.
const SHOWN_MAX: usize = 25;

#[derive(Clone, Copy, Debug)]
pub(super) struct Settings {
    pub(super) seed: u64,
    pub(super) queries: usize,
    /// Time of the last samples.
    pub(super) end_ms: i64,
    /// Whether expressions of native histograms are among the generated ones; they are unless 0 is said.
    pub(super) native: bool,
    /// How many differences are shown.
    pub(super) shown_max: usize,
}

impl Settings {
    pub(super) fn from_environment() -> Result<Self> {
        // A few minutes ago, on a full minute.
        let recent = (now_ms() / 60_000 - 5) * 60_000;
        Ok(Self {
            seed: number("WEIR_DIFFERENTIAL_SEED", 1)?,
            queries: number("WEIR_DIFFERENTIAL_QUERIES", QUERIES)?,
            end_ms: number("WEIR_DIFFERENTIAL_END", recent)?,
            native: number("WEIR_DIFFERENTIAL_NATIVE", 1u8)? > 0,
            shown_max: number("WEIR_DIFFERENTIAL_SHOWN", SHOWN_MAX)?,
        })
    }
}

fn number<T: FromStr>(name: &str, default: T) -> Result<T> {
    match env::var(name) {
        Ok(text) => text.parse().map_err(|_| anyhow!("{name}={text} is no number")),
        Err(_) => Ok(default),
    }
}

impl fmt::Display for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            seed,
            queries,
            end_ms,
            native,
            ..
        } = self;
        write!(
            f,
            "WEIR_DIFFERENTIAL_SEED={seed} WEIR_DIFFERENTIAL_QUERIES={queries} WEIR_DIFFERENTIAL_NATIVE={} WEIR_DIFFERENTIAL_END={end_ms}",
            u8::from(*native)
        )
    }
}

//! The part of `global` that scrape configurations inherit.

use engine_settings::{Error, Field, Mapping};

use super::Limits;
use super::supported::{default_protocols, protocols, refuse_other_than_default};

/// Prometheus's default interval.
const SCRAPE_INTERVAL_MS: i64 = 60_000;
/// Prometheus's default timeout, cut to the interval where that is shorter.
const SCRAPE_TIMEOUT_MS: i64 = 10_000;

/// Defaults of every scrape configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GlobalScrape {
    /// Time between scrapes, in ms.
    pub scrape_interval_ms: i64,
    /// Time a scrape may take, in ms; at most the interval.
    pub scrape_timeout_ms: i64,
    /// Limits that jobs inherit.
    pub limits: Limits,
    /// Most dropped targets that are remembered for each job; 0 means all.
    pub keep_dropped_targets: u64,
    /// Media types to ask for, most wanted first.
    pub protocols: Vec<&'static str>,
    /// Whether three more report series are written.
    pub extra_scrape_metrics: bool,
}

impl Default for GlobalScrape {
    fn default() -> Self {
        Self {
            scrape_interval_ms: SCRAPE_INTERVAL_MS,
            scrape_timeout_ms: SCRAPE_TIMEOUT_MS,
            limits: Limits::default(),
            keep_dropped_targets: 0,
            protocols: default_protocols(),
            extra_scrape_metrics: false,
        }
    }
}

impl GlobalScrape {
    /// Reads the scraping keys of the `global` mapping; the caller reads the others and finishes it.
    pub fn decode(global: &Mapping<'_>) -> Result<Self, Error> {
        let defaults = Self::default();
        let interval_ms = non_zero(global.get("scrape_interval", Field::duration_ms)?);
        let scrape_interval_ms = interval_ms.unwrap_or(defaults.scrape_interval_ms);
        let timeout_ms = non_zero(global.get("scrape_timeout", Field::duration_ms)?);
        if timeout_ms.is_some_and(|timeout_ms| timeout_ms > scrape_interval_ms) {
            return Err(at(
                global,
                "scrape_timeout",
                "global scrape timeout greater than scrape interval",
            ));
        }
        refuse_other_than_default(global)?;
        Ok(Self {
            scrape_interval_ms,
            scrape_timeout_ms: timeout_ms.unwrap_or(SCRAPE_TIMEOUT_MS.min(scrape_interval_ms)),
            limits: Limits::decode(global, &defaults.limits)?,
            keep_dropped_targets: global.get_or("keep_dropped_targets", Field::u64, 0)?,
            protocols: global.get_or("scrape_protocols", protocols, defaults.protocols)?,
            extra_scrape_metrics: global.get_or("extra_scrape_metrics", Field::bool, false)?,
        })
    }
}

/// A duration of 0 counts as not written, as in Prometheus.
pub(super) fn non_zero(duration_ms: Option<i64>) -> Option<i64> {
    duration_ms.filter(|ms| *ms != 0)
}

/// An error at the value of `key`, or at the mapping when it is not written.
pub(super) fn at(mapping: &Mapping<'_>, key: &str, message: &str) -> Error {
    match mapping.optional(key) {
        Some(field) => field.error(message),
        None => mapping.error(message),
    }
}

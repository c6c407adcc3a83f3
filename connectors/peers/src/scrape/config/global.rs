//! The part of `global` that scrape configurations inherit.

use std::path::PathBuf;

use engine_settings::{Error, Field, Mapping};

use super::Limits;
use super::histograms::HistogramOptions;
use super::names::NameScheme;
use super::protocol::{ScrapeProtocol, protocols};

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
    /// Formats to ask for, most wanted first, where they are written.
    pub protocols: Option<Vec<ScrapeProtocol>>,
    /// What is done with histograms.
    pub histograms: HistogramOptions,
    /// Which names are valid.
    pub names: NameScheme,
    /// Where failed scrapes are logged.
    pub failure_log_file: Option<PathBuf>,
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
            protocols: None,
            histograms: HistogramOptions::default(),
            names: NameScheme::default(),
            failure_log_file: None,
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
        Ok(Self {
            scrape_interval_ms,
            scrape_timeout_ms: timeout_ms.unwrap_or(SCRAPE_TIMEOUT_MS.min(scrape_interval_ms)),
            limits: Limits::decode(global, &defaults.limits)?,
            keep_dropped_targets: global.get_or("keep_dropped_targets", Field::u64, 0)?,
            protocols: global.get("scrape_protocols", protocols)?,
            histograms: HistogramOptions::decode(global, defaults.histograms)?,
            names: NameScheme::decode(global, defaults.names)?,
            failure_log_file: global.get("scrape_failure_log_file", Field::path_of_file)?,
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

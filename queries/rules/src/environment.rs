//! What all groups share: the doors to the rest of the server and the settings of the configuration.

use std::fmt;
use std::sync::Arc;

use engine_model::{Labels, SeriesTable};
use queries_promql::parser::ParseOptions;

use crate::evaluate::{Evaluate, History};
use crate::output::AlertSink;
use engine_model::WallClock;

/// The doors to the rest of the server.
#[derive(Clone)]
pub struct Doors {
    /// Answers expressions.
    pub evaluate: Arc<dyn Evaluate>,
    /// Reads what was stored.
    pub history: Arc<dyn History>,
    /// Takes alerts.
    pub alerts: Arc<dyn AlertSink>,
    /// Names the series of results; the one that the store appends with.
    pub series: Arc<SeriesTable>,
    /// The time.
    pub clock: WallClock,
}

impl fmt::Debug for Doors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Doors")
    }
}

/// What the configuration and the flags say about all groups.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleSettings {
    /// Interval of groups that name none, in ms.
    pub evaluation_interval_ms: i64,
    /// Query offset of groups that name none, in ms.
    pub query_offset_ms: i64,
    /// What templates see as `$externalLabels`.
    pub external_labels: Labels,
    /// What templates see as `$externalURL`, and the base of links; without a slash at its end.
    pub external_url: String,
    /// Least time between two sendings of a firing alert, in ms.
    pub resend_delay_ms: i64,
    /// Longest outage over which the state of pending alerts is restored, in ms.
    pub outage_tolerance_ms: i64,
    /// Least time that a restored alert still waits before it fires, in ms.
    pub for_grace_period_ms: i64,
    /// The language of expressions.
    pub parse_options: ParseOptions,
}

impl Default for RuleSettings {
    /// Prometheus's defaults.
    fn default() -> Self {
        const MINUTE_MS: i64 = 60_000;
        Self {
            evaluation_interval_ms: MINUTE_MS,
            query_offset_ms: 0,
            external_labels: Labels::empty(),
            external_url: String::new(),
            resend_delay_ms: MINUTE_MS,
            outage_tolerance_ms: 60 * MINUTE_MS,
            for_grace_period_ms: 10 * MINUTE_MS,
            parse_options: ParseOptions::default(),
        }
    }
}

/// Shared by the groups of one configuration.
#[derive(Debug)]
pub(crate) struct Environment {
    pub(crate) doors: Doors,
    pub(crate) settings: RuleSettings,
}

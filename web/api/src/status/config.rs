//! The configuration in force and how the last attempt to load one went: written by the server, read by
//! the API and by the self-metrics.

use std::sync::Arc;

use parking_lot::RwLock;

use crate::metrics::Exposition;

/// The configuration in force.
#[derive(Debug, Default)]
pub struct ConfigStatus {
    state: RwLock<State>,
}

#[derive(Debug, Default)]
struct State {
    yaml: Arc<str>,
    last_reload_worked: bool,
    loaded_ms: Option<i64>,
}

impl ConfigStatus {
    /// A configuration came into force at `now_ms`; `yaml` is its text with secrets hidden.
    pub fn loaded(&self, yaml: &str, now_ms: i64) {
        *self.state.write() = State {
            yaml: yaml.into(),
            last_reload_worked: true,
            loaded_ms: Some(now_ms),
        };
    }

    /// A configuration could not be loaded; the old one stays.
    pub fn failed(&self) {
        self.state.write().last_reload_worked = false;
    }

    /// The text in force.
    pub fn yaml(&self) -> Arc<str> {
        Arc::clone(&self.state.read().yaml)
    }

    /// Whether the last attempt worked.
    pub fn last_reload_worked(&self) -> bool {
        self.state.read().last_reload_worked
    }

    /// When the configuration in force was loaded, in ms since the epoch.
    pub fn loaded_ms(&self) -> Option<i64> {
        self.state.read().loaded_ms
    }

    /// Appends what is counted of reloads.
    pub fn collect(&self, out: &mut Exposition) {
        out.gauge(
            "prometheus_config_last_reload_successful",
            "Whether the last configuration reload attempt was successful.",
            &[],
            f64::from(u8::from(self.last_reload_worked())),
        );
        out.gauge(
            "prometheus_config_last_reload_success_timestamp_seconds",
            "Timestamp of the last successful configuration reload.",
            &[],
            self.loaded_ms().unwrap_or(0) as f64 / 1000.0,
        );
    }
}

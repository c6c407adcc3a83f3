//! `alertmanager.yml`, read with line and column. What Alertmanager knows and this crate does not do
//! yet is refused by name; nothing that is written is ignored.

mod decode;
mod receiver;
mod route;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::Arc;

use engine_settings::{Diagnostics, Document};

pub use receiver::{IntegrationConfig, LogConfig, Receiver, UrlSource, WebhookConfig};
pub use route::{GroupBy, RouteConfig};

/// The configuration of a router that has none: one route, one receiver that writes to the log.
pub const DEFAULT_CONFIG: &str = include_str!("default.yml");

/// A checked configuration.
#[derive(Debug, Clone)]
pub struct Config {
    /// How long an alert that was posted without an end counts as firing, in ms.
    pub resolve_timeout_ms: i64,
    /// The root of the route tree.
    pub route: RouteConfig,
    /// All receivers, in file order.
    pub receivers: Vec<Receiver>,
    /// Template files: paths whose last element may have `*` and `?`.
    pub templates: Vec<PathBuf>,
    /// What is legal but probably not meant, each with its place.
    pub warnings: Vec<String>,
    /// The text of the file with secrets hidden, for the status page.
    pub redacted: Arc<str>,
}

/// Reads and checks a configuration. `file_name` is what errors name, and relative paths in the
/// configuration are taken from its folder. All faults are reported at once.
pub fn parse_config(text: &str, file_name: &str) -> Result<Config, Diagnostics> {
    let document = Document::parse(file_name, text)?;
    decode::config(&document)
}

/// The built-in configuration.
pub fn default_config() -> Config {
    parse_config(DEFAULT_CONFIG, "built-in alert router configuration")
        .expect("a test parses the built-in configuration")
}

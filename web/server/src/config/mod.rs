//! The configuration: one Prometheus file with our sections beside its own, and the files that it names.
//! Everything is read and checked before anything is started; what is not supported is refused by name.

mod auto_reload;
mod fingerprint;
mod job_text;
mod load;
mod patterns;
mod rules;
mod scrape_files;
mod storage;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use connectors_peers::scrape::{GlobalScrape, ScrapeConfig};
use engine_model::Labels;
use engine_settings::Diagnostics;
use queries_rules::RuleGroup;

pub(crate) use auto_reload::AutoReload;
pub(crate) use storage::RetentionFlags;
pub use storage::StorageConfig;

/// The configuration of a server that is given none; also the reference for the keys.
pub const DEFAULT_CONFIG: &str = include_str!("default.yml");

/// A checked configuration.
#[derive(Debug, Clone)]
pub struct ServerConfig {
    /// Defaults of scrape jobs.
    pub scrape_global: GlobalScrape,
    /// Scrape jobs.
    pub scrape: Vec<ScrapeConfig>,
    /// The text of each job by its name, with defaults and secrets hidden.
    pub job_texts: BTreeMap<String, String>,
    /// Interval of rule groups that name none, ms.
    pub evaluation_interval_ms: i64,
    /// How far in the past rules are evaluated unless their group says otherwise, ms.
    pub rule_query_offset_ms: i64,
    /// Labels that leave with alerts.
    pub external_labels: Labels,
    /// Where queries are logged.
    pub query_log_file: Option<PathBuf>,
    /// Rule groups of all rule files.
    pub rule_groups: Vec<RuleGroup>,
    /// Names of the rule files that were read.
    pub rule_files: Vec<String>,
    /// The alert router's configuration.
    pub alert_router: alert_router::Config,
    /// How samples are stored and for how long.
    pub storage: StorageConfig,
    /// The file with secrets hidden, for the status page.
    pub redacted: String,
}

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    /// A file has faults; each is a line with its place.
    #[error(transparent)]
    Invalid(#[from] Diagnostics),
    /// The alert router's receivers cannot be set up.
    #[error("the alert router's configuration cannot be used")]
    Receivers(#[from] alert_router::ReceiversError),
}

impl ServerConfig {
    /// Reads a file and everything that it names.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = read_text(path)?;
        load::load(&path.display().to_string(), &text)
    }

    /// The built-in configuration, scraping this server at `port` of this machine.
    pub fn built_in(port: u16) -> Result<Self, ConfigError> {
        load::load(
            "built-in configuration",
            &DEFAULT_CONFIG.replace("localhost:9090", &format!("localhost:{port}")),
        )
    }
}

fn read_text(path: &Path) -> Result<String, ConfigError> {
    std::fs::read_to_string(path).map_err(|source| ConfigError::Read {
        path: path.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests;

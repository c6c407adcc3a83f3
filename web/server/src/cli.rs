//! The command line. Flags keep Prometheus's names where the meaning is the same.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use engine_model::duration::parse_duration_ms;

/// Metrics, alerts and dashboards in one program, on open files.
#[derive(Debug, Parser)]
#[command(name = "weir", version, about, propagate_version = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Scrape, store, query, judge, route and show metrics.
    Run(Box<RunOptions>),
    /// Check files without running anything.
    Check(CheckOptions),
    /// Run test scripts.
    Test(TestOptions),
    /// Print SQL for other tools.
    Sql(SqlOptions),
    /// Bring history from elsewhere into a storage folder. The server must not run on it meanwhile.
    Import(ImportOptions),
}

/// Options of `weir run`.
#[derive(Debug, Clone, Args)]
pub struct RunOptions {
    /// A Prometheus configuration file; without it the built-in one is used.
    #[arg(long = "config.file", value_name = "FILE")]
    pub config_file: Option<PathBuf>,
    /// Read the configuration again when it or a file that it names changes.
    #[arg(long = "config.auto-reload", requires = "config_file")]
    pub auto_reload: bool,
    /// How often it is looked whether the configuration changed.
    #[arg(long = "config.auto-reload-interval", value_name = "DURATION", default_value = "30s", value_parser = parse_duration)]
    pub auto_reload_interval: Duration,
    /// Folder for all data.
    #[arg(
        long = "storage.path",
        visible_alias = "storage.tsdb.path",
        value_name = "DIR",
        default_value = "weir-data"
    )]
    pub storage_path: PathBuf,
    /// Address to serve on.
    #[arg(long = "web.listen-address", value_name = "HOST:PORT", default_value = "0.0.0.0:9090", value_parser = parse_address)]
    pub listen_address: SocketAddr,
    /// URL under which people reach this server, for links in alerts.
    #[arg(long = "web.external-url", value_name = "URL")]
    pub external_url: Option<String>,
    /// Allow reload and shutdown over HTTP.
    #[arg(long = "web.enable-lifecycle")]
    pub enable_lifecycle: bool,
    /// Allow administration of the storage over HTTP.
    #[arg(long = "web.enable-admin-api")]
    pub enable_admin_api: bool,
    /// How far back a sample counts as current.
    #[arg(long = "query.lookback-delta", value_name = "DURATION", default_value = "5m", value_parser = parse_duration)]
    pub lookback: Duration,
    /// Longest that a query may run.
    #[arg(long = "query.timeout", value_name = "DURATION", default_value = "2m", value_parser = parse_duration)]
    pub query_timeout: Duration,
    /// Most samples that one query may hold in memory.
    #[arg(long = "query.max-samples", value_name = "N", default_value_t = 50_000_000)]
    pub query_samples_max: usize,
    /// Format of the log.
    #[arg(long = "log.format", value_enum, default_value_t = LogFormat::Logfmt)]
    pub log_format: LogFormat,
    /// Least severity that is logged.
    #[arg(long = "log.level", value_enum, default_value_t = LogLevel::Info)]
    pub log_level: LogLevel,
}

/// Options of `weir check`.
#[derive(Debug, Args)]
pub struct CheckOptions {
    /// What to check.
    #[command(subcommand)]
    pub what: CheckTarget,
}

/// What `weir check` checks.
#[derive(Debug, Subcommand)]
pub enum CheckTarget {
    /// A configuration file with everything that it names.
    Config {
        /// The file.
        file: PathBuf,
    },
    /// Rule files.
    Rules {
        /// The files.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
}

/// Options of `weir test`.
#[derive(Debug, Args)]
pub struct TestOptions {
    /// What to test.
    #[command(subcommand)]
    pub what: TestTarget,
}

/// What `weir test` runs.
#[derive(Debug, Subcommand)]
pub enum TestTarget {
    /// PromQL scripts in the format of Prometheus's own tests.
    Promql {
        /// The scripts.
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// Show what each failed evaluation expected and got.
        #[arg(long)]
        list_failures: bool,
    },
}

/// Options of `weir sql`.
#[derive(Debug, Args)]
pub struct SqlOptions {
    /// Print SQL that makes `samples(name, labels, timestamp, value)` in DuckDB from the segments of this
    /// storage folder.
    #[arg(long, value_name = "DIR", required = true)]
    pub duckdb_view: PathBuf,
}

/// Options of `weir import`.
#[derive(Debug, Args)]
pub struct ImportOptions {
    /// From what.
    #[command(subcommand)]
    pub source: ImportSource,
}

/// What `weir import` reads.
#[derive(Debug, Subcommand)]
pub enum ImportSource {
    /// Blocks of a Prometheus data folder.
    Tsdb {
        /// Prometheus's data folder, a snapshot's folder, or one block.
        #[arg(long, value_name = "DIR")]
        from: PathBuf,
        /// Folder of the storage; made when it is not there.
        #[arg(long = "storage.path", value_name = "DIR", default_value = "weir-data")]
        storage_path: PathBuf,
    },
}

/// Format of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// `key=value` pairs.
    Logfmt,
    /// One JSON object a line.
    Json,
}

/// Least severity that is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogLevel {
    /// Everything that helps to find a fault.
    Debug,
    /// What an operator wants to know.
    Info,
    /// What may need attention.
    Warn,
    /// What needs attention.
    Error,
}

/// `host:port`, where an empty host means all addresses and names are resolved.
fn parse_address(text: &str) -> Result<SocketAddr, String> {
    use std::net::ToSocketAddrs;
    let full = if text.starts_with(':') {
        format!("0.0.0.0{text}")
    } else {
        text.to_owned()
    };
    let mut found = full
        .to_socket_addrs()
        .map_err(|error| format!("{error}; write HOST:PORT, such as 127.0.0.1:9090"))?;
    found.next().ok_or_else(|| format!("{text} has no address"))
}

fn parse_duration(text: &str) -> Result<Duration, String> {
    let ms = parse_duration_ms(text).map_err(|error| error.to_string())?;
    Ok(Duration::from_millis(ms.unsigned_abs()))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_is_sound_and_defaults_parse() {
        Cli::command().debug_assert();
        let Command::Run(options) = Cli::parse_from(["weir", "run", "--web.listen-address", ":0"]).command
        else {
            panic!("run is a command");
        };
        assert_eq!(options.listen_address.to_string(), "0.0.0.0:0");
        assert_eq!(options.lookback, Duration::from_secs(300));
    }
}

//! The command line. Flags keep Prometheus's names where the meaning is the same.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use connectors_peers::remote_write::Version;
use engine_model::duration::parse_duration_ms;
use engine_settings::parse_byte_size;

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
    /// Ask a server a PromQL query.
    Query(QueryOptions),
    /// Print SQL for other tools.
    Sql(SqlOptions),
    /// Show what is in a storage folder, changing nothing. The server must not run on it meanwhile.
    Inspect(InspectOptions),
    /// Check all of a storage folder, changing nothing; the exit code is 1 when something is wrong. The server
    /// must not run on it meanwhile.
    Verify(VerifyOptions),
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
    /// How long samples are kept, such as 15d; the configuration's storage.tsdb.retention.time comes first.
    #[arg(long = "storage.tsdb.retention.time", visible_alias = "storage.retention.time", value_name = "DURATION", value_parser = parse_duration)]
    pub retention_time: Option<Duration>,
    /// How large log and segments may be together, such as 512MB; the configuration's
    /// storage.tsdb.retention.size comes first.
    #[arg(long = "storage.tsdb.retention.size", visible_alias = "storage.retention.size", value_name = "SIZE", value_parser = parse_bytes)]
    pub retention_bytes: Option<u64>,
    /// Address to serve on.
    #[arg(long = "web.listen-address", value_name = "HOST:PORT", default_value = "0.0.0.0:9090", value_parser = parse_address)]
    pub listen_address: SocketAddr,
    /// Address to serve SQL on to PostgreSQL's clients, read-only, to anybody who connects: `psql -h HOST -p PORT
    /// weir`. Off when it is not given.
    #[arg(long = "sql.listen-address", value_name = "HOST:PORT", value_parser = parse_address)]
    pub sql_listen_address: Option<SocketAddr>,
    /// URL under which people reach this server, for links in alerts.
    #[arg(long = "web.external-url", value_name = "URL")]
    pub external_url: Option<String>,
    /// Allow reload and shutdown over HTTP.
    #[arg(long = "web.enable-lifecycle")]
    pub enable_lifecycle: bool,
    /// Allow administration of the storage over HTTP.
    #[arg(long = "web.enable-admin-api")]
    pub enable_admin_api: bool,
    /// Receive remote write at /api/v1/write. On unless --no-web.enable-remote-write-receiver is given.
    #[arg(
        long = "web.enable-remote-write-receiver",
        overrides_with = "disable_remote_write_receiver"
    )]
    pub enable_remote_write_receiver: bool,
    /// Do not receive remote write.
    #[arg(long = "no-web.enable-remote-write-receiver")]
    pub disable_remote_write_receiver: bool,
    /// Messages of remote write that are accepted.
    #[arg(
        long = "web.remote-write-receiver.accepted-protobuf-messages",
        value_name = "MESSAGE",
        value_delimiter = ',',
        default_values_t = Version::ALL.map(MessageName)
    )]
    pub remote_write_messages: Vec<MessageName>,
    /// Prometheus's feature flags, separated by commas; what each does here is logged.
    #[arg(long = "enable-feature", value_name = "FEATURE", value_delimiter = ',')]
    pub features: Vec<String>,
    /// How far back a sample counts as current.
    #[arg(long = "query.lookback-delta", value_name = "DURATION", default_value = "5m", value_parser = parse_duration)]
    pub lookback: Duration,
    /// Longest that a query may run.
    #[arg(long = "query.timeout", value_name = "DURATION", default_value = "2m", value_parser = parse_duration)]
    pub query_timeout: Duration,
    /// Connections at a time, of all clients together; more wait.
    #[arg(long = "web.max-connections", value_name = "N", default_value_t = 512, value_parser = parse_concurrency)]
    pub connections_max: usize,
    /// A connection on which nothing moves for this long is closed.
    #[arg(long = "web.read-timeout", value_name = "DURATION", default_value = "5m", value_parser = parse_duration)]
    pub read_timeout: Duration,
    /// Streams of notifications at a time; more are refused.
    #[arg(
        long = "web.max-notifications-subscribers",
        value_name = "N",
        default_value_t = 16
    )]
    pub notification_subscribers_max: usize,
    /// Results that one search may ask for; 0 means any number.
    #[arg(long = "web.search.max-limit", value_name = "N", default_value_t = 10_000)]
    pub search_limit_max: usize,
    /// Most samples that one query may hold in memory.
    #[arg(long = "query.max-samples", value_name = "N", default_value_t = 50_000_000)]
    pub query_samples_max: usize,
    /// Queries that run at a time; more wait for their turn.
    #[arg(long = "query.max-concurrency", value_name = "N", default_value_t = 20, value_parser = parse_concurrency)]
    pub query_concurrency_max: usize,
    /// Memory that one query may take, such as 512MB; a quarter of the machine's when it is not given.
    #[arg(long = "query.max-memory", value_name = "SIZE", value_parser = parse_bytes)]
    pub query_memory_max: Option<u64>,
    /// Memory that all queries together may take; half of the machine's when it is not given.
    #[arg(long = "query.max-memory-total", value_name = "SIZE", value_parser = parse_bytes)]
    pub query_memory_total_max: Option<u64>,
    /// Series samples that one answer of remote read without chunks may have; 0 means any number.
    #[arg(
        long = "storage.remote.read-sample-limit",
        value_name = "N",
        default_value_t = 50_000_000
    )]
    pub remote_read_samples_max: usize,
    /// Requests of remote read that run at a time.
    #[arg(long = "storage.remote.read-concurrent-limit", value_name = "N", default_value_t = 10, value_parser = parse_concurrency)]
    pub remote_read_concurrency_max: usize,
    /// Bytes of a frame of streamed remote read, before it is encoded.
    #[arg(long = "storage.remote.read-max-bytes-in-frame", value_name = "N", default_value_t = 1 << 20)]
    pub remote_read_frame_bytes: usize,
    /// Format of the log.
    #[arg(long = "log.format", value_enum, default_value_t = LogFormat::Logfmt)]
    pub log_format: LogFormat,
    /// Least severity that is logged.
    #[arg(long = "log.level", value_enum, default_value_t = LogLevel::Info)]
    pub log_level: LogLevel,
}

impl RunOptions {
    /// Whether remote write is received.
    pub fn receives_remote_write(&self) -> bool {
        !self.disable_remote_write_receiver
    }
}

/// A message of remote write by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MessageName(pub Version);

impl fmt::Display for MessageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.message_name())
    }
}

impl FromStr for MessageName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.parse().map(Self)
    }
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

/// Options of `weir query`.
#[derive(Debug, Args)]
pub struct QueryOptions {
    /// The expression.
    pub expression: String,
    /// Address of the server: Weir's or a Prometheus's.
    #[arg(long, value_name = "URL", default_value = "http://localhost:9090")]
    pub server: String,
    /// Instant of the query, as RFC 3339 or Unix seconds; now when it is not given.
    #[arg(long, value_name = "TIME", conflicts_with_all = ["start", "end", "step"])]
    pub time: Option<String>,
    /// First instant of a range.
    #[arg(long, value_name = "TIME", requires_all = ["end", "step"])]
    pub start: Option<String>,
    /// Last instant of a range.
    #[arg(long, value_name = "TIME", requires = "start")]
    pub end: Option<String>,
    /// Time between two instants of a range, such as 15s.
    #[arg(long, value_name = "DURATION", requires = "start")]
    pub step: Option<String>,
    /// Show the plan, with rows, bytes and time of each node, instead of the result. Only Weir tells it.
    #[arg(long)]
    pub explain: bool,
}

/// Options of `weir sql`.
#[derive(Debug, Args)]
pub struct SqlOptions {
    /// Print SQL that makes `samples(name, labels, timestamp, value)` in DuckDB from the segments of this
    /// storage folder.
    #[arg(long, value_name = "DIR", required = true)]
    pub duckdb_view: PathBuf,
}

/// Options of `weir inspect`.
#[derive(Debug, Args)]
pub struct InspectOptions {
    /// What to show; everything when it is not given.
    #[arg(value_enum, long, default_value_t = InspectPart::All)]
    pub part: InspectPart,
    /// The folder given as --storage.path.
    pub folder: PathBuf,
    /// Most lines of the list of labels.
    #[arg(long, default_value_t = 20, value_name = "N")]
    pub labels: usize,
}

/// What `weir inspect` shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum InspectPart {
    /// All of it.
    All,
    /// Segments with their sizes by file and column.
    Segments,
    /// Files and records of the log.
    Wal,
    /// What the head has after a replay.
    Head,
    /// Labels and their numbers of values.
    Cardinality,
}

/// Options of `weir verify`.
#[derive(Debug, Args)]
pub struct VerifyOptions {
    /// The folder given as --storage.path.
    pub folder: PathBuf,
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

fn parse_concurrency(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("at least one must be able to run".to_owned()),
        Ok(number) => Ok(number),
        Err(error) => Err(error.to_string()),
    }
}

fn parse_bytes(text: &str) -> Result<u64, String> {
    parse_byte_size(text).map_err(|error| error.to_string())
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
        assert!(options.receives_remote_write());
        assert_eq!(options.remote_write_messages, Version::ALL.map(MessageName));
    }

    #[test]
    fn flags_as_prometheus_has_them() {
        let run = |arguments: &[&str]| {
            let all = ["weir", "run"].iter().chain(arguments);
            match Cli::try_parse_from(all).map(|cli| cli.command) {
                Ok(Command::Run(options)) => Ok(options),
                Ok(other) => panic!("{other:?}"),
                Err(error) => Err(error.to_string()),
            }
        };
        let options = run(&[
            "--web.enable-remote-write-receiver",
            "--web.remote-write-receiver.accepted-protobuf-messages=prometheus.WriteRequest",
            "--enable-feature=a,b",
            "--enable-feature=c",
            "--storage.tsdb.retention.time=2d",
            "--storage.tsdb.retention.size=512MB",
        ])
        .expect("valid");
        assert!(options.receives_remote_write());
        assert_eq!(options.remote_write_messages, [MessageName(Version::V1)]);
        assert_eq!(options.features, ["a", "b", "c"]);
        assert_eq!(options.retention_time, Some(Duration::from_secs(172_800)));
        assert_eq!(options.retention_bytes, Some(512 << 20));
        let off = run(&["--no-web.enable-remote-write-receiver"]).expect("valid");
        assert!(!off.receives_remote_write());
        let error = run(&["--web.remote-write-receiver.accepted-protobuf-messages=yolo"]);
        assert!(error.is_err_and(|error| error.contains("prometheus.WriteRequest")));
    }
}

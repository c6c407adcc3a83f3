//! One entry of `scrape_configs`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use engine_model::relabel::Rule;
use engine_settings::{Error, Field, HttpClientOptions, Mapping};

use crate::discovery::{DiscoveryConfig, TargetGroup};

use super::Limits;
use super::global::{GlobalScrape, at, non_zero};
use super::histograms::HistogramOptions;
use super::names::NameScheme;
use super::protocol::{ScrapeProtocol, default_protocols, protocol, protocols};
use super::relabel::decode_rules;
use crate::resolution::Resolution;

/// Weight of the first format in `Accept`, in tenths: one more than there are formats.
const FIRST_WEIGHT: usize = 6;

/// What is scraped under one job name, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScrapeConfig {
    /// Unique name; the default of the `job` label.
    pub job_name: String,
    /// HTTP path of the metrics.
    pub metrics_path: String,
    /// `http` or `https`.
    pub scheme: String,
    /// URL parameters.
    pub params: BTreeMap<String, Vec<String>>,
    /// Time between scrapes, in ms.
    pub scrape_interval_ms: i64,
    /// Time a scrape may take, in ms; at most the interval.
    pub scrape_timeout_ms: i64,
    /// Whether scraped labels win over the target's.
    pub honor_labels: bool,
    /// Whether exposed timestamps are used.
    pub honor_timestamps: bool,
    /// Whether series with exposed timestamps are marked stale when they vanish.
    pub track_timestamps_staleness: bool,
    /// Whether gzip is asked for.
    pub enable_compression: bool,
    /// Limits; exceeding one fails the whole scrape.
    pub limits: Limits,
    /// Most dropped targets that are remembered; 0 means all.
    pub keep_dropped_targets: u64,
    /// Formats to ask for, most wanted first; `None` leaves the choice to what the job wants to store.
    pub protocols: Option<Vec<ScrapeProtocol>>,
    /// What is done with histograms.
    pub histograms: HistogramOptions,
    /// Which names are valid.
    pub names: NameScheme,
    /// Where failed scrapes are logged.
    pub failure_log_file: Option<PathBuf>,
    /// How a body with a missing or unknown content type is read.
    pub fallback_protocol: Option<ScrapeProtocol>,
    /// Whether three more report series are written.
    pub extra_scrape_metrics: bool,
    /// Whether a counter that first appears in a target which is already being scraped gets a 0 at the
    /// previous scrape, so that its first value is an increase.
    pub new_counters_from_zero: bool,
    /// What is done to native histograms with too many buckets.
    pub resolution: Resolution,
    /// Rules that make targets out of discovered labels.
    pub relabel_rules: Vec<Rule>,
    /// Rules applied to every scraped series.
    pub metric_relabel_rules: Vec<Rule>,
    /// The targets.
    pub static_groups: Vec<StaticGroup>,
    /// Where further targets are found.
    pub discovery: Vec<DiscoveryConfig>,
    /// Redirects, HTTP/2, authentication.
    pub http: HttpClientOptions,
}

/// Targets that share labels.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StaticGroup {
    /// Addresses, usually `host:port`.
    pub targets: Vec<String>,
    /// Labels of all of them.
    pub labels: BTreeMap<String, String>,
}

impl ScrapeConfig {
    /// A job with Prometheus's defaults and `global`'s values.
    pub fn new(job_name: &str, global: &GlobalScrape) -> Self {
        Self {
            job_name: job_name.to_owned(),
            metrics_path: "/metrics".to_owned(),
            scheme: "http".to_owned(),
            params: BTreeMap::new(),
            scrape_interval_ms: global.scrape_interval_ms,
            scrape_timeout_ms: global.scrape_timeout_ms,
            honor_labels: false,
            honor_timestamps: true,
            track_timestamps_staleness: false,
            enable_compression: true,
            limits: global.limits.clone(),
            keep_dropped_targets: global.keep_dropped_targets,
            protocols: global.protocols.clone(),
            histograms: global.histograms,
            names: global.names,
            failure_log_file: global.failure_log_file.clone(),
            fallback_protocol: None,
            extra_scrape_metrics: global.extra_scrape_metrics,
            new_counters_from_zero: false,
            resolution: Resolution::default(),
            relabel_rules: Vec::new(),
            metric_relabel_rules: Vec::new(),
            static_groups: Vec::new(),
            discovery: Vec::new(),
            http: HttpClientOptions::default(),
        }
    }

    /// The `Accept` header of its requests: each format with a weight that falls by a tenth, then anything.
    pub fn accept_header(&self) -> String {
        let protocols = self.asked_protocols();
        let mut out = String::new();
        for (i, protocol) in protocols.iter().enumerate() {
            out.push_str(protocol.media_type());
            if protocol.takes_escaping() {
                out.push_str(&format!(";escaping={}", self.names.escaping.as_str()));
            }
            out.push_str(&format!(";q=0.{},", FIRST_WEIGHT - i));
        }
        out.push_str(&format!("*/*;q=0.{}", FIRST_WEIGHT - protocols.len()));
        out
    }

    /// The formats that its targets are asked for, most wanted first.
    pub fn asked_protocols(&self) -> Vec<ScrapeProtocol> {
        let by_default = || default_protocols(self.histograms.native);
        self.protocols.clone().unwrap_or_else(by_default)
    }

    /// Reads the list under `scrape_configs`. Every faulty job is reported; job names must be unique.
    pub fn decode_list(field: Field<'_>, global: &GlobalScrape) -> Result<Vec<Self>, Error> {
        let mut seen: Vec<String> = Vec::new();
        field.list(|item| {
            let place = item.clone();
            let config = Self::decode(item, global)?;
            if seen.contains(&config.job_name) {
                let message = format!(
                    "found multiple scrape configs with job name {:?}; rename one",
                    config.job_name
                );
                return Err(at(&place.mapping()?, "job_name", &message));
            }
            seen.push(config.job_name.clone());
            Ok(config)
        })
    }

    fn decode(field: Field<'_>, global: &GlobalScrape) -> Result<Self, Error> {
        if field.is_null() {
            return Err(field.error("empty or null scrape config section; remove it or give it a job_name"));
        }
        let mapping = field.mapping()?;
        let job_name = mapping.require("job_name", Field::non_empty_string)?;
        let mut config = Self::new(&job_name, global);
        config.decode_timing(&mapping, global)?;
        config.decode_request(&mapping)?;
        config.decode_handling(&mapping)?;
        config.discovery = DiscoveryConfig::decode_all(&mapping)?;
        mapping.finish()?;
        Ok(config)
    }

    fn decode_timing(&mut self, mapping: &Mapping<'_>, global: &GlobalScrape) -> Result<(), Error> {
        let interval_ms = non_zero(mapping.get("scrape_interval", Field::duration_ms)?);
        self.scrape_interval_ms = interval_ms.unwrap_or(global.scrape_interval_ms);
        let timeout_ms = non_zero(mapping.get("scrape_timeout", Field::duration_ms)?);
        if timeout_ms.is_some_and(|timeout_ms| timeout_ms > self.scrape_interval_ms) {
            let message = format!(
                "scrape timeout greater than scrape interval for scrape config with job name {:?}",
                self.job_name
            );
            return Err(at(mapping, "scrape_timeout", &message));
        }
        self.scrape_timeout_ms = timeout_ms.unwrap_or(global.scrape_timeout_ms.min(self.scrape_interval_ms));
        Ok(())
    }

    fn decode_request(&mut self, mapping: &Mapping<'_>) -> Result<(), Error> {
        if let Some(path) = mapping
            .get("metrics_path", Field::string)?
            .filter(|path| !path.is_empty())
        {
            self.metrics_path = path;
        }
        if let Some(scheme) = mapping.get("scheme", |field| {
            field.one_of(&[("http", "http"), ("https", "https")])
        })? {
            self.scheme = scheme.to_owned();
        }
        self.params = mapping.get_or("params", |field| field.map(Field::strings), BTreeMap::new())?;
        self.enable_compression = mapping.get_or("enable_compression", Field::bool, true)?;
        if let Some(protocols) = mapping.get("scrape_protocols", protocols)? {
            self.protocols = Some(protocols);
        }
        self.fallback_protocol = mapping.get("fallback_scrape_protocol", protocol)?;
        self.http = HttpClientOptions::decode_inline(mapping)?;
        Ok(())
    }

    fn decode_handling(&mut self, mapping: &Mapping<'_>) -> Result<(), Error> {
        self.honor_labels = mapping.get_or("honor_labels", Field::bool, false)?;
        self.honor_timestamps = mapping.get_or("honor_timestamps", Field::bool, true)?;
        self.track_timestamps_staleness = mapping.get_or("track_timestamps_staleness", Field::bool, false)?;
        self.extra_scrape_metrics =
            mapping.get_or("extra_scrape_metrics", Field::bool, self.extra_scrape_metrics)?;
        self.limits = Limits::decode(mapping, &self.limits)?;
        let keep = mapping.get_or("keep_dropped_targets", Field::u64, 0)?;
        if keep != 0 {
            self.keep_dropped_targets = keep;
        }
        self.histograms = HistogramOptions::decode(mapping, self.histograms)?;
        self.names = NameScheme::decode(mapping, self.names)?;
        if let Some(file) = mapping.get("scrape_failure_log_file", Field::path_of_file)? {
            self.failure_log_file = Some(file);
        }
        self.new_counters_from_zero = mapping.get_or("new_counters_from_zero", Field::bool, false)?;
        self.resolution = Resolution::new(
            mapping.get_or("native_histogram_bucket_limit", Field::u64, 0)?,
            mapping.get_or("native_histogram_min_bucket_factor", Field::f64, 0.0)?,
        );
        self.relabel_rules = mapping.get_or("relabel_configs", decode_rules, Vec::new())?;
        self.metric_relabel_rules = mapping.get_or("metric_relabel_configs", decode_rules, Vec::new())?;
        let check_addresses = self.relabel_rules.is_empty();
        self.static_groups = mapping.get_or(
            "static_configs",
            |field| field.list(|item| StaticGroup::decode(item, check_addresses)),
            Vec::new(),
        )?;
        Ok(())
    }
}

impl StaticGroup {
    /// The group in the form of discovered ones.
    pub fn to_targets(&self) -> TargetGroup {
        TargetGroup::new(String::new(), self.targets.clone(), self.labels.clone())
    }

    /// Without relabelling an address with a slash is certainly a URL by mistake.
    fn decode(field: Field<'_>, check_addresses: bool) -> Result<Self, Error> {
        let mapping = field.mapping()?;
        let address = |field: Field<'_>| {
            let text = field.clone().string()?;
            match check_addresses && text.contains('/') {
                true => Err(field.error(format!("{text:?} is not a valid hostname; write host:port"))),
                false => Ok(text),
            }
        };
        let targets = mapping.get_or("targets", |field| field.list(address), Vec::new())?;
        let labels = mapping.get_or("labels", label_set, BTreeMap::new())?;
        mapping.finish()?;
        Ok(Self { targets, labels })
    }
}

fn label_set(field: Field<'_>) -> Result<BTreeMap<String, String>, Error> {
    let labels = field.clone().string_map()?;
    match labels.contains_key("") {
        true => Err(field.error("\"\" is not a valid label name")),
        false => Ok(labels),
    }
}

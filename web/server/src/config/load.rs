//! From the text of `prometheus.yml` to a [`ServerConfig`].

use std::path::PathBuf;

use connectors_peers::scrape::{GlobalScrape, ScrapeConfig};
use engine_model::{Labels, LabelsBuilder};
use engine_settings::{Document, Error, Field, Mapping, expand_environment};
use queries_promql::parser::ParseOptions;

use super::storage::StorageConfig;
use super::{ConfigError, ServerConfig, job_text, read_text, rules, scrape_files};

/// Prometheus's default interval of rule groups.
const EVALUATION_INTERVAL_MS: i64 = 60_000;

/// Sections of `prometheus.yml` that this version does not have.
const NOT_YET: [&str; 6] = [
    "runtime",
    "remote_write",
    "remote_read",
    "otlp",
    "tracing",
    "dashboards",
];
/// Keys of `global` that this version does not have.
const NOT_YET_GLOBAL: [&str; 1] = ["scrape_failure_log_file"];

/// The main file before the files that it names are read.
struct Main {
    global: Global,
    scrape: Vec<ScrapeConfig>,
    scrape_patterns: Vec<String>,
    rule_patterns: Vec<String>,
    router_file: Option<PathBuf>,
    storage: StorageConfig,
}

struct Global {
    scrape: GlobalScrape,
    evaluation_interval_ms: i64,
    rule_query_offset_ms: i64,
    external_labels: Labels,
    query_log_file: Option<PathBuf>,
}

pub(super) fn load(file: &str, text: &str) -> Result<ServerConfig, ConfigError> {
    let document = Document::parse(file, text)?;
    let mut main = document.decode(main_file)?;
    let mut job_texts = job_text::of_jobs(&document, &main.scrape);
    scrape_files::add(
        &mut main.scrape,
        &mut job_texts,
        &document,
        &main.scrape_patterns,
        &main.global.scrape,
    )?;
    let mut rule_groups = Vec::new();
    let mut rule_files = Vec::new();
    for rule_file in rules::find(&document, &main.rule_patterns)? {
        let parsed = rules::read(&rule_file, &ParseOptions::default())?;
        rule_groups.extend(parsed.groups);
        rule_files.push(rule_file);
    }
    let alert_router = match &main.router_file {
        None => alert_router::default_config(),
        Some(path) => alert_router::parse_config(&read_text(path)?, &path.display().to_string())?,
    };
    alert_router::check_receivers(&alert_router)?;
    Ok(ServerConfig {
        scrape_global: main.global.scrape,
        scrape: main.scrape,
        job_texts,
        evaluation_interval_ms: main.global.evaluation_interval_ms,
        rule_query_offset_ms: main.global.rule_query_offset_ms,
        external_labels: main.global.external_labels,
        query_log_file: main.global.query_log_file,
        rule_groups,
        rule_files,
        alert_router,
        storage: main.storage,
        redacted: document.to_yaml(),
    })
}

fn main_file(root: Field<'_>) -> Result<Main, Error> {
    if root.is_null() {
        return Ok(Main {
            global: Global::default(),
            scrape: Vec::new(),
            scrape_patterns: Vec::new(),
            rule_patterns: Vec::new(),
            router_file: None,
            storage: StorageConfig::default(),
        });
    }
    let document = root.document();
    let mapping = root.mapping()?;
    mapping.not_supported(&NOT_YET);
    let global = mapping.get("global", global)?.unwrap_or_default();
    let scrape = mapping.get("scrape_configs", |field| {
        ScrapeConfig::decode_list(field, &global.scrape)
    })?;
    let scrape_patterns = mapping
        .get("scrape_config_files", Field::strings)?
        .unwrap_or_default();
    let rule_patterns = mapping.get("rule_files", Field::strings)?.unwrap_or_default();
    if let Some(field) = mapping.optional("alerting") {
        alerting(field)?;
    }
    let router_file = mapping.get("alert_router", |field| {
        let router = field.mapping()?;
        let file = router.require("config_file", Field::non_empty_string)?;
        router.finish()?;
        Ok(document.resolve(&file))
    })?;
    let mut storage = StorageConfig::default();
    mapping.get("storage", |field| storage.decode(field))?;
    mapping.get("weir_storage", |field| storage.decode_weir(field))?;
    mapping.finish()?;
    Ok(Main {
        global,
        scrape: scrape.unwrap_or_default(),
        scrape_patterns,
        rule_patterns,
        router_file,
        storage,
    })
}

impl Default for Global {
    fn default() -> Self {
        Self {
            scrape: GlobalScrape::default(),
            evaluation_interval_ms: EVALUATION_INTERVAL_MS,
            rule_query_offset_ms: 0,
            external_labels: Labels::empty(),
            query_log_file: None,
        }
    }
}

fn global(field: Field<'_>) -> Result<Global, Error> {
    let document = field.document();
    let mapping = field.mapping()?;
    mapping.not_supported(&NOT_YET_GLOBAL);
    let scrape = GlobalScrape::decode(&mapping)?;
    let interval_ms = mapping
        .get("evaluation_interval", Field::duration_ms)?
        .filter(|ms| *ms != 0);
    let global = Global {
        scrape,
        evaluation_interval_ms: interval_ms.unwrap_or(EVALUATION_INTERVAL_MS),
        rule_query_offset_ms: mapping.get_or("rule_query_offset", Field::duration_ms, 0)?,
        external_labels: mapping.get_or("external_labels", external_labels, Labels::empty())?,
        query_log_file: mapping
            .get("query_log_file", Field::string)?
            .filter(|file| !file.is_empty())
            .map(|file| document.resolve(&file)),
    };
    mapping.finish()?;
    Ok(global)
}

/// External labels are the one place where the file may name environment variables.
fn external_labels(field: Field<'_>) -> Result<Labels, Error> {
    let mut builder = LabelsBuilder::default();
    for (name, value) in field.entries()? {
        let place = value.clone();
        let expanded = expand_environment(&value.string()?, |variable| std::env::var(variable).ok());
        if name.is_empty() || name == engine_model::METRIC_NAME {
            return Err(place.error(format!("\"{name}\" is not a valid external label name")));
        }
        for variable in expanded.missing {
            tracing::warn!(
                label = name,
                variable,
                "environment variable of an external label is not set"
            );
        }
        builder.set(&name, &expanded.text);
    }
    Ok(builder.build())
}

/// Alerts go to the built-in router. Alertmanagers elsewhere are not sent to yet, but the section of a
/// fresh Prometheus configuration, which names none, is no obstacle.
fn alerting(field: Field<'_>) -> Result<(), Error> {
    let mapping = field.mapping()?;
    mapping.not_supported(&["alert_relabel_configs"]);
    if let Some(managers) = mapping.optional("alertmanagers") {
        managers.list(alertmanager)?;
    }
    mapping.finish()
}

fn alertmanager(field: Field<'_>) -> Result<(), Error> {
    let mapping: Mapping<'_> = field.mapping()?;
    if let Some(groups) = mapping.optional("static_configs") {
        groups.list(|group| {
            let group = group.mapping()?;
            if let Some(targets) = group.optional("targets")
                && !targets.clone().items()?.is_empty()
            {
                return Err(targets.error(
                    "sending to Alertmanagers elsewhere is not supported by this version of weir; remove the targets: \
                     alerts go to the built-in router, see alert_router",
                ));
            }
            group.finish()
        })?;
    }
    mapping.finish()
}

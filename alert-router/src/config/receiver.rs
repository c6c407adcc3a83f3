//! The `receivers` section: who is told, and how.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use engine_settings::{Error, Field, HttpClientOptions, Secret};
use engine_template::Templates;
use engine_template::functions::alertmanager::functions;

use crate::notification_log::IntegrationId;

/// Alertmanager's receiver keys that are refused by name.
const NOT_SUPPORTED: [&str; 18] = [
    "labels",
    "discord_configs",
    "email_configs",
    "incidentio_configs",
    "pagerduty_configs",
    "slack_configs",
    "opsgenie_configs",
    "wechat_configs",
    "pushover_configs",
    "victorops_configs",
    "sns_configs",
    "telegram_configs",
    "webex_configs",
    "msteams_configs",
    "msteamsv2_configs",
    "jira_configs",
    "rocketchat_configs",
    "mattermost_configs",
];

/// Someone who is told, by any number of integrations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receiver {
    /// Name by which routes refer to it.
    pub name: String,
    /// The ways of telling, in the order of the keys below and of the file.
    pub integrations: Vec<IntegrationConfig>,
}

impl Receiver {
    /// The integrations with their names: each kind is counted on its own.
    pub(crate) fn identified(&self) -> impl Iterator<Item = (IntegrationId, &IntegrationConfig)> {
        let receiver: Arc<str> = self.name.as_str().into();
        let mut counts: HashMap<&str, usize> = HashMap::new();
        self.integrations.iter().map(move |config| {
            let count = counts.entry(config.kind()).or_default();
            let id = IntegrationId {
                receiver: Arc::clone(&receiver),
                kind: config.kind().into(),
                index: *count,
            };
            *count += 1;
            (id, config)
        })
    }
}

/// One way of telling a receiver. A new kind is a variant here and a folder under `notify`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IntegrationConfig {
    /// `webhook_configs`
    Webhook(Box<WebhookConfig>),
    /// `log_configs`
    Log(LogConfig),
}

impl IntegrationConfig {
    /// The kind as metrics and the notification log name it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Webhook(_) => "webhook",
            Self::Log(_) => "log",
        }
    }

    /// Whether alerts that ended are told as well.
    pub fn send_resolved(&self) -> bool {
        match self {
            Self::Webhook(config) => config.send_resolved,
            Self::Log(config) => config.send_resolved,
        }
    }
}

/// Where a webhook goes; the text may be a template. It may hold credentials and is never printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UrlSource {
    /// Written in the configuration.
    Inline(Secret),
    /// The content of a file, read for each notification so that it can rotate.
    File(PathBuf),
}

/// An HTTP endpoint that gets Alertmanager's JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookConfig {
    /// Whether alerts that ended are told as well (default true).
    pub send_resolved: bool,
    /// Where to post.
    pub url: UrlSource,
    /// Most alerts in one request; 0 means all.
    pub alerts_max: usize,
    /// Longest time for one request in ms; `None` waits for the flush's deadline.
    pub timeout_ms: Option<i64>,
    /// How to connect; the global options when the receiver has none of its own.
    pub http: HttpClientOptions,
}

/// Writes each alert of a notification to the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogConfig {
    /// Whether alerts that ended are written as well (default true).
    pub send_resolved: bool,
}

/// Reads one receiver; `http` are the global connection options.
pub(super) fn decode(field: Field<'_>, http: &HttpClientOptions) -> Result<Receiver, Error> {
    let mapping = field.mapping()?;
    let name = mapping.get_or("name", Field::string, String::new())?;
    if name.is_empty() {
        return Err(mapping.error("missing name in receiver; add \"name: NAME\""));
    }
    mapping.not_supported(&NOT_SUPPORTED);
    let webhooks = mapping.get_or(
        "webhook_configs",
        |field| field.list(|item| webhook(item, http)),
        Vec::new(),
    )?;
    let logs = mapping.get_or("log_configs", |field| field.list(log), Vec::new())?;
    mapping.finish()?;
    let webhooks = webhooks
        .into_iter()
        .map(|webhook| IntegrationConfig::Webhook(Box::new(webhook)));
    let logs = logs.into_iter().map(IntegrationConfig::Log);
    Ok(Receiver {
        name,
        integrations: webhooks.chain(logs).collect(),
    })
}

fn webhook(field: Field<'_>, http: &HttpClientOptions) -> Result<WebhookConfig, Error> {
    if field.is_null() {
        return Err(field.error("missing webhook config; write its url"));
    }
    let mapping = field.mapping()?;
    mapping.not_supported(&["payload"]);
    mapping.at_most_one(&["url", "url_file"])?;
    let url = match (
        mapping.get("url", url)?,
        mapping.get("url_file", Field::path_of_file)?,
    ) {
        (Some(url), _) => url,
        (None, Some(path)) => UrlSource::File(path),
        (None, None) => return Err(mapping.error("one of url or url_file must be configured; add one")),
    };
    let alerts_max = mapping.get_or("max_alerts", number_of_alerts, 0)?;
    let timeout_ms = mapping.get_or("timeout", Field::duration_ms, 0)?;
    let config = WebhookConfig {
        send_resolved: mapping.get_or("send_resolved", Field::bool, true)?,
        url,
        alerts_max,
        timeout_ms: (timeout_ms > 0).then_some(timeout_ms),
        http: mapping
            .get("http_config", HttpClientOptions::decode)?
            .unwrap_or_else(|| http.clone()),
    };
    mapping.finish()?;
    Ok(config)
}

fn number_of_alerts(field: Field<'_>) -> Result<usize, Error> {
    Ok(usize::try_from(field.u64()?).unwrap_or(usize::MAX))
}

fn url(field: Field<'_>) -> Result<UrlSource, Error> {
    let text = field.clone().string()?;
    if text.contains("{{") {
        // Only its shape can be checked now: what comes out depends on the alerts.
        let checked = Templates::new().parse("", &text, &functions(0));
        checked.map_err(|error| field.error(error.to_string()))?;
        return field.secret().map(UrlSource::Inline);
    }
    let (_, text) = field.secret_url()?;
    Ok(UrlSource::Inline(text))
}

fn log(field: Field<'_>) -> Result<LogConfig, Error> {
    let mapping = field.mapping()?;
    let config = LogConfig {
        send_resolved: mapping.get_or("send_resolved", Field::bool, true)?,
    };
    mapping.finish()?;
    Ok(config)
}

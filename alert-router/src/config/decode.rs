//! The top level of the file, and what can only be checked across its sections.

use std::collections::BTreeSet;
use std::path::PathBuf;

use engine_settings::{Diagnostics, Document, Error, Field, HttpClientOptions, Mapping};

use super::receiver::{self, Receiver};
use super::{Config, route};
use crate::route::RouteTree;

/// How long an alert without an end fires when nothing is configured: Alertmanager's 5 minutes.
const RESOLVE_TIMEOUT_MS: i64 = 300_000;

/// Alertmanager's global keys that are refused by name: all belong to receivers that are not there yet.
const GLOBAL_NOT_SUPPORTED: [&str; 40] = [
    "jira_api_url",
    "smtp_from",
    "smtp_hello",
    "smtp_smarthost",
    "smtp_auth_username",
    "smtp_auth_password",
    "smtp_auth_password_file",
    "smtp_auth_secret",
    "smtp_auth_secret_file",
    "smtp_auth_identity",
    "smtp_require_tls",
    "smtp_tls_config",
    "smtp_force_implicit_tls",
    "slack_api_url",
    "slack_api_url_file",
    "slack_app_token",
    "slack_app_token_file",
    "slack_app_url",
    "pagerduty_url",
    "opsgenie_api_url",
    "opsgenie_api_key",
    "opsgenie_api_key_file",
    "wechat_api_url",
    "wechat_api_secret",
    "wechat_api_secret_file",
    "wechat_api_corp_id",
    "victorops_api_url",
    "victorops_api_key",
    "victorops_api_key_file",
    "telegram_api_url",
    "telegram_bot_token",
    "telegram_bot_token_file",
    "webex_api_url",
    "rocketchat_api_url",
    "rocketchat_token",
    "rocketchat_token_file",
    "rocketchat_token_id",
    "rocketchat_token_id_file",
    "mattermost_webhook_url",
    "mattermost_webhook_url_file",
];

/// Top-level sections that are refused by name.
const NOT_SUPPORTED: [&str; 5] = [
    "inhibit_rules",
    "time_intervals",
    "mute_time_intervals",
    "tracing",
    "event_recorder",
];

/// What the sections need to know of each other while they are read.
#[derive(Debug, Default)]
pub(super) struct Checks {
    receivers: BTreeSet<String>,
    warnings: Vec<String>,
}

impl Checks {
    /// Reads the name of a receiver that must exist; an empty one is inherited.
    pub(super) fn receiver(&self, field: Field<'_>) -> Result<Option<String>, Error> {
        let at = field.clone();
        let name = field.string()?;
        if name.is_empty() {
            return Ok(None);
        }
        if self.receivers.contains(&name) {
            return Ok(Some(name));
        }
        let known = self
            .receivers
            .iter()
            .map(|n| format!("{n:?}"))
            .collect::<Vec<_>>();
        Err(at.error(format!(
            "undefined receiver {name:?} used in route; receivers are {}",
            if known.is_empty() {
                "none".to_owned()
            } else {
                known.join(", ")
            }
        )))
    }

    /// Notes something legal that is probably not meant.
    pub(super) fn warn(&mut self, at: &Field<'_>, message: String) {
        self.warnings.push(at.error(message).to_string());
    }
}

/// Reads a whole configuration.
pub(super) fn config(document: &Document) -> Result<Config, Diagnostics> {
    document.decode(|field| {
        let whole = field.clone();
        let mapping = field.mapping()?;
        mapping.not_supported(&NOT_SUPPORTED);
        let (resolve_timeout_ms, http) = global(&mapping)?;
        let receivers = receivers(&mapping, &http)?;
        let mut checks = Checks {
            receivers: receivers.iter().map(|r| r.name.clone()).collect(),
            warnings: Vec::new(),
        };
        let route_field = mapping
            .optional("route")
            .ok_or_else(|| whole.error("no route provided in config; add \"route: {receiver: NAME}\""))?;
        let route = route::decode_root(route_field.clone(), &mut checks)?;
        let templates = mapping.get_or("templates", |field| field.list(template), Vec::new())?;
        mapping.finish()?;
        let mut warnings = checks.warnings;
        for warning in RouteTree::new(&route).interval_warnings() {
            warnings.push(route_field.error(warning).to_string());
        }
        Ok(Config {
            resolve_timeout_ms,
            route,
            receivers,
            templates,
            warnings,
            redacted: document.to_yaml().into(),
        })
    })
}

fn global(mapping: &Mapping<'_>) -> Result<(i64, HttpClientOptions), Error> {
    let Some(field) = mapping.optional("global") else {
        return Ok((RESOLVE_TIMEOUT_MS, HttpClientOptions::default()));
    };
    let global = field.mapping()?;
    global.not_supported(&GLOBAL_NOT_SUPPORTED);
    let resolve_timeout_ms = global.get_or("resolve_timeout", Field::duration_ms, RESOLVE_TIMEOUT_MS)?;
    let http = global
        .get("http_config", HttpClientOptions::decode)?
        .unwrap_or_default();
    global.finish()?;
    Ok((resolve_timeout_ms, http))
}

fn template(field: Field<'_>) -> Result<PathBuf, Error> {
    let at = field.clone();
    let path = field.path_of_file()?;
    let folder = path.parent().map(|folder| folder.to_string_lossy().into_owned());
    let in_folder = folder.is_some_and(|folder| folder.contains(['*', '?', '[']));
    if in_folder || path.to_string_lossy().contains('[') {
        return Err(at.error("only * and ?, and only in the last element of the path, are supported; list the folders one by one"));
    }
    Ok(path)
}

fn receivers(mapping: &Mapping<'_>, http: &HttpClientOptions) -> Result<Vec<Receiver>, Error> {
    let Some(field) = mapping.optional("receivers") else {
        return Ok(Vec::new());
    };
    let mut names = BTreeSet::new();
    field.list(|item| {
        let at = item.clone();
        let receiver = receiver::decode(item, http)?;
        if !names.insert(receiver.name.clone()) {
            return Err(at.error(format!(
                "notification config name {:?} is not unique; rename one of the receivers",
                receiver.name
            )));
        }
        Ok(receiver)
    })
}

//! `http_sd_configs`: a list of targets from a server, asked for at intervals; the last good one stays.

use std::collections::BTreeMap;
use std::time::Duration;

use ::http::StatusCode;
use ::http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE, HeaderName, HeaderValue, USER_AGENT};
use async_trait::async_trait;
use engine_http_client::{HttpClient, Request};
use engine_model::number::format_float;
use engine_settings::{Error, Field, HttpClientOptions};
use url::Url;

use super::config::refresh_interval_ms;
use super::discoverer::{Discoverer, Updates};
use super::group::{TargetGroup, from_json};

/// How often the list is asked for, unless the file says otherwise.
const REFRESH_MS: i64 = 60_000;
/// A list of this many bytes names more targets than one server scrapes.
const BODY_BYTES_MAX: u64 = 256 << 20;
const INTERVAL_HEADER: HeaderName = HeaderName::from_static("x-prometheus-refresh-interval-seconds");

/// One entry of `http_sd_configs`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpConfig {
    /// Whom to ask.
    pub url: Url,
    /// Time between two requests, and the longest that one may take, ms.
    pub refresh_interval_ms: i64,
    /// TLS, credentials, proxies.
    pub http: HttpClientOptions,
}

impl HttpConfig {
    pub(super) fn decode(field: Field<'_>) -> Result<Self, Error> {
        let mapping = field.mapping()?;
        let config = Self {
            url: mapping.require("url", Field::url)?,
            refresh_interval_ms: refresh_interval_ms(&mapping, REFRESH_MS)?,
            http: HttpClientOptions::decode_inline(&mapping)?,
        };
        mapping.finish()?;
        Ok(config)
    }
}

/// Asks the server.
pub(super) struct HttpDiscoverer {
    client: HttpClient,
    url: Url,
    interval: Duration,
    request: Request,
}

impl HttpDiscoverer {
    pub(super) fn new(config: &HttpConfig, user_agent: &str) -> Result<Self, String> {
        let interval = Duration::from_millis(config.refresh_interval_ms.unsigned_abs());
        let value = |text: &str| HeaderValue::from_str(text).map_err(|error| error.to_string());
        let request = Request::get(config.url.clone())
            .header(USER_AGENT, value(user_agent)?)
            .header(ACCEPT, HeaderValue::from_static("application/json"))
            .header(ACCEPT_ENCODING, HeaderValue::from_static("gzip"))
            .header(INTERVAL_HEADER, value(&format_float(interval.as_secs_f64()))?);
        Ok(Self {
            client: HttpClient::new(&config.http).map_err(|error| error.to_string())?,
            url: config.url.clone(),
            interval,
            request,
        })
    }

    async fn ask(&self) -> Result<Vec<TargetGroup>, String> {
        let sent = self.client.send(self.request.clone()).await;
        let mut response = sent.map_err(|error| error.to_string())?;
        if response.status != StatusCode::OK {
            return Err(format!("server returned HTTP status {}", response.status));
        }
        let content_type = response.headers.get(CONTENT_TYPE);
        let content_type = content_type
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
            .to_owned();
        if !is_json(&content_type) {
            return Err(format!("unsupported content type {content_type:?}"));
        }
        let mut body = Vec::new();
        response
            .read(&mut body, BODY_BYTES_MAX)
            .await
            .map_err(|error| error.to_string())?;
        let list = from_json(&body)?;
        let group = |(index, (addresses, mut labels)): (usize, (Vec<String>, BTreeMap<String, String>))| {
            labels.insert("__meta_url".to_owned(), self.url.to_string());
            TargetGroup::new(format!("{}:{index}", self.url), addresses, labels)
        };
        Ok(list.into_iter().enumerate().map(group).collect())
    }
}

/// JSON, in UTF-8 where a character set is named.
fn is_json(content_type: &str) -> bool {
    let (kind, parameters) = content_type.split_once(';').unwrap_or((content_type, ""));
    let charset = parameters.trim().to_ascii_lowercase();
    kind.trim().eq_ignore_ascii_case("application/json")
        && matches!(charset.as_str(), "" | "charset=utf-8" | "charset=\"utf-8\"")
}

#[async_trait]
impl Discoverer for HttpDiscoverer {
    async fn run(&mut self, updates: Updates) {
        let mut ticks = tokio::time::interval(self.interval);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let answer = updates
                .timed(tokio::time::timeout(self.interval, self.ask()))
                .await;
            match answer.unwrap_or_else(|_| Err("context deadline exceeded".to_owned())) {
                Ok(groups) => updates.publish(groups),
                Err(error) => {
                    updates.metrics().http_failures.add(1);
                    updates.failed();
                    tracing::error!(url = %self.url, error, "targets cannot be asked for; the last ones stay");
                }
            }
        }
    }
}

//! One HTTP request to a target: headers, authentication, time and size limits, readable errors.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use engine_http_client::{BodyError, HttpClient, Request, RequestError};
use engine_model::number::format_float;
use http::StatusCode;
use http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE, HeaderName, HeaderValue, USER_AGENT};

use super::config::ScrapeConfig;
use super::target::Target;

/// Bodies above this are refused even without a limit: one target must not take the memory.
const BODY_BYTES_MAX: u64 = 1 << 30;
const TIMEOUT_HEADER: HeaderName = HeaderName::from_static("x-prometheus-scrape-timeout-seconds");

/// Why a body could not be fetched.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum FetchError {
    #[error("body size limit exceeded")]
    BodyLimit,
    #[error("{0}")]
    Failed(String),
}

/// Gets a target's body.
#[async_trait]
pub(super) trait Fetch: Send {
    /// Fills `body` and returns the content type.
    async fn fetch(&mut self, body: &mut Vec<u8>) -> Result<Option<String>, FetchError>;
}

/// Fetches one target over HTTP.
#[derive(Debug)]
pub(super) struct HttpFetch {
    client: HttpClient,
    target: Arc<Target>,
    config: Arc<ScrapeConfig>,
    accept: String,
    user_agent: Arc<str>,
}

impl HttpFetch {
    pub(super) fn new(
        client: HttpClient,
        target: Arc<Target>,
        config: Arc<ScrapeConfig>,
        user_agent: Arc<str>,
    ) -> Self {
        Self {
            accept: config.accept_header(),
            client,
            target,
            config,
            user_agent,
        }
    }

    async fn get(&self, body: &mut Vec<u8>) -> Result<Option<String>, FetchError> {
        let url = self.target.url.url().map_err(|fault| self.failed(fault))?;
        let encoding = match self.config.enable_compression {
            true => "gzip",
            false => "identity",
        };
        let timeout_seconds = format_float(self.target.timeout_ms as f64 / 1000.0);
        let request = Request::get(url.clone())
            .header(ACCEPT, self.value(&self.accept)?)
            .header(ACCEPT_ENCODING, HeaderValue::from_static(encoding))
            .header(USER_AGENT, self.value(&self.user_agent)?)
            .header(TIMEOUT_HEADER, self.value(&timeout_seconds)?);
        let mut response = self.client.send(request).await.map_err(|error| match error {
            RequestError::Credentials(text) => FetchError::Failed(text),
            other => self.failed(&other.to_string()),
        })?;
        if response.status != StatusCode::OK {
            let status = response.status;
            return Err(FetchError::Failed(format!(
                "server returned HTTP status {status}"
            )));
        }
        let limit = match self.config.limits.body_bytes {
            0 => BODY_BYTES_MAX,
            limit => limit,
        };
        response.read(body, limit).await.map_err(|error| match error {
            BodyError::TooLarge { .. } => FetchError::BodyLimit,
            BodyError::Failed(text) => self.failed(&text),
        })?;
        let content_type = response.headers.get(CONTENT_TYPE);
        Ok(content_type.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()))
    }

    fn value(&self, text: &str) -> Result<HeaderValue, FetchError> {
        HeaderValue::from_str(text).map_err(|error| self.failed(&error.to_string()))
    }

    fn failed(&self, what: &str) -> FetchError {
        FetchError::Failed(format!("Get {:?}: {what}", self.target.url.text()))
    }
}

#[async_trait]
impl Fetch for HttpFetch {
    async fn fetch(&mut self, body: &mut Vec<u8>) -> Result<Option<String>, FetchError> {
        let timeout = Duration::from_millis(self.target.timeout_ms.unsigned_abs());
        match tokio::time::timeout(timeout, self.get(body)).await {
            Ok(result) => result,
            Err(_) => Err(self.failed("context deadline exceeded")),
        }
    }
}

#[cfg(test)]
mod tests;

//! One HTTP request to a target: headers, authentication, time and size limits, readable errors.

use std::error::Error as StdError;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use engine_model::number::format_float;
use engine_settings::{Authentication, SecretSource, TextSource};
use http::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, HeaderValue, USER_AGENT};
use reqwest::{Client, RequestBuilder, Response, StatusCode, redirect};

use super::config::ScrapeConfig;
use super::target::Target;

/// Redirects that are followed, as Go does.
const REDIRECTS_MAX: usize = 10;
/// How long an idle connection is kept: the longest interval at which reuse still pays.
const IDLE_CONNECTION_MAX: Duration = Duration::from_secs(300);
/// Bodies above this are refused even without a limit: one target must not take the memory.
const BODY_BYTES_MAX: u64 = 1 << 30;
/// Weight of the first media type: one more than the number of protocols that exist.
const FIRST_WEIGHT: usize = 6;

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

/// No client could be made.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The process has no TLS provider.
    #[error("no TLS provider is installed in this process; install one before scraping")]
    NoTlsProvider,
    /// The client refused its options.
    #[error("cannot make an HTTP client")]
    Build(#[source] reqwest::Error),
}

/// The client that all targets of a job share.
pub(super) fn client(config: &ScrapeConfig) -> Result<Client, ClientError> {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        return Err(ClientError::NoTlsProvider);
    }
    let redirects = match config.http.follow_redirects {
        true => redirect::Policy::limited(REDIRECTS_MAX),
        false => redirect::Policy::none(),
    };
    let builder = Client::builder()
        .redirect(redirects)
        .no_proxy()
        .pool_idle_timeout(IDLE_CONNECTION_MAX);
    let builder = match config.http.enable_http2 {
        true => builder,
        false => builder.http1_only(),
    };
    builder.build().map_err(ClientError::Build)
}

/// Fetches one target over HTTP.
#[derive(Debug)]
pub(super) struct HttpFetch {
    client: Client,
    target: Arc<Target>,
    config: Arc<ScrapeConfig>,
    accept: String,
    user_agent: Arc<str>,
}

impl HttpFetch {
    pub(super) fn new(
        client: Client,
        target: Arc<Target>,
        config: Arc<ScrapeConfig>,
        user_agent: Arc<str>,
    ) -> Self {
        Self {
            accept: accept(&config.protocols),
            client,
            target,
            config,
            user_agent,
        }
    }

    async fn get(&self, body: &mut Vec<u8>) -> Result<Option<String>, FetchError> {
        let url = self.target.url.url().map_err(|fault| self.failed(fault))?;
        let encoding = if self.config.enable_compression {
            "gzip"
        } else {
            "identity"
        };
        let timeout_seconds = format_float(self.target.timeout_ms as f64 / 1000.0);
        let request = self
            .client
            .get(url.clone())
            .header(ACCEPT, &self.accept)
            .header(ACCEPT_ENCODING, encoding)
            .header(USER_AGENT, &*self.user_agent)
            .header("X-Prometheus-Scrape-Timeout-Seconds", timeout_seconds);
        let request = authenticate(request, &self.config.http.authentication).await?;
        let mut response = request
            .send()
            .await
            .map_err(|error| self.failed(&causes(&error)))?;
        check_status(&response)?;
        let limit = match self.config.limits.body_bytes {
            0 => BODY_BYTES_MAX,
            limit => limit,
        };
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| self.failed(&causes(&error)))?
        {
            if (body.len() + chunk.len()) as u64 >= limit {
                return Err(FetchError::BodyLimit);
            }
            body.extend_from_slice(&chunk);
        }
        let content_type = response.headers().get(CONTENT_TYPE);
        Ok(content_type.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()))
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

/// The `Accept` header: weights fall by a tenth from one protocol to the next.
fn accept(protocols: &[&str]) -> String {
    let mut out = String::new();
    for (i, media_type) in protocols.iter().enumerate() {
        out.push_str(&format!("{media_type};q=0.{},", FIRST_WEIGHT - i));
    }
    out.push_str(&format!("*/*;q=0.{}", FIRST_WEIGHT - protocols.len()));
    out
}

async fn authenticate(request: RequestBuilder, how: &Authentication) -> Result<RequestBuilder, FetchError> {
    Ok(match how {
        Authentication::None => request,
        Authentication::Basic { username, password } => {
            let username = match username {
                TextSource::Inline(text) => text.clone(),
                TextSource::File(path) => read_trimmed(path).await?,
            };
            request.basic_auth(username, secret(password.as_ref()).await?)
        }
        Authentication::Header { kind, credentials } => {
            let credentials = secret(credentials.as_ref()).await?.unwrap_or_default();
            let mut value = HeaderValue::try_from(format!("{kind} {credentials}"))
                .map_err(|_| FetchError::Failed("credentials are not valid in a header".to_owned()))?;
            value.set_sensitive(true);
            request.header(AUTHORIZATION, value)
        }
    })
}

async fn secret(source: Option<&SecretSource>) -> Result<Option<String>, FetchError> {
    Ok(match source {
        None => None,
        Some(SecretSource::Inline(secret)) => Some(secret.reveal().to_owned()),
        Some(SecretSource::File(path)) => Some(read_trimmed(path).await?),
    })
}

/// Read for each request, so that credentials can rotate.
async fn read_trimmed(path: &Path) -> Result<String, FetchError> {
    match tokio::fs::read_to_string(path).await {
        Ok(text) => Ok(text.trim().to_owned()),
        Err(error) => Err(FetchError::Failed(format!(
            "unable to read credentials file {}: {error}",
            path.display()
        ))),
    }
}

fn check_status(response: &Response) -> Result<(), FetchError> {
    match response.status() {
        StatusCode::OK => Ok(()),
        status => Err(FetchError::Failed(format!(
            "server returned HTTP status {status}"
        ))),
    }
}

/// The causes below reqwest's own words, which only repeat the URL.
fn causes(error: &reqwest::Error) -> String {
    let mut texts: Vec<String> = Vec::new();
    let mut cause = StdError::source(error);
    while let Some(error) = cause {
        let text = error.to_string();
        // Wrappers often print what they wrap.
        if !texts.last().is_some_and(|last| last.contains(&text)) {
            texts.push(text);
        }
        cause = error.source();
    }
    match texts.is_empty() {
        true => error.to_string(),
        false => texts.join(": "),
    }
}

#[cfg(test)]
mod tests;

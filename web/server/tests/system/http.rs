//! A small HTTP client for tests: whole bodies, Prometheus's envelope, waiting for what must come true.

use std::future::Future;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use reqwest::{Client, Method};
use serde_json::Value;
use tokio::time::sleep;
use url::{Url, form_urlencoded};

/// Longest that a test waits for one answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// One client for each request: a connection pool must not outlive the runtime of the test that filled it.
fn client() -> Result<Client> {
    Ok(Client::builder()
        .timeout(ANSWER_WITHIN)
        .no_proxy()
        .pool_max_idle_per_host(0)
        .build()?)
}

/// An answer with its whole body as text.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

impl Answer {
    /// The body as JSON, whatever the status.
    pub(crate) fn json(&self) -> Result<Value> {
        serde_json::from_str(&self.body)
            .with_context(|| format!("status {}, not JSON: {}", self.status, self.body))
    }

    /// `data` of Prometheus's envelope; an error answer is an error.
    pub(crate) fn data(&self) -> Result<Value> {
        let mut json = self.json()?;
        if self.status / 100 != 2 || json["status"] != "success" {
            bail!("status {}: {}", self.status, self.body);
        }
        Ok(json["data"].take())
    }
}

/// GET.
pub(crate) async fn get(url: &str) -> Result<Answer> {
    send(Method::GET, url, None, Vec::new()).await
}

/// POST of a body of one content type.
pub(crate) async fn post(url: &str, content_type: &str, body: impl Into<Vec<u8>>) -> Result<Answer> {
    send(Method::POST, url, Some(content_type), body.into()).await
}

/// POST of form fields, as Prometheus's query endpoints take them.
pub(crate) async fn post_form(url: &str, fields: &[(&str, &str)]) -> Result<Answer> {
    let body = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish();
    post(url, "application/x-www-form-urlencoded", body).await
}

/// An instant query at a server with Prometheus's API; `parameters` may name `time`. Answers `data`.
pub(crate) async fn query(base: &str, expression: &str, parameters: &[(&str, &str)]) -> Result<Value> {
    let url = Url::parse_with_params(&format!("{base}/api/v1/query"), [("query", expression)])?;
    let url = Url::parse_with_params(url.as_str(), parameters)?;
    get(url.as_str())
        .await?
        .data()
        .with_context(|| format!("query {expression:?}"))
}

/// Tries every 100 ms until it goes well; after `within`, the last error.
pub(crate) async fn eventually<T, F>(within: Duration, mut attempt: impl FnMut() -> F) -> Result<T>
where
    F: Future<Output = Result<T>>,
{
    let until = Instant::now() + within;
    loop {
        match attempt().await {
            Ok(value) => return Ok(value),
            Err(error) if Instant::now() > until => {
                return Err(error.context(format!("not within {within:?}")));
            }
            Err(_) => sleep(Duration::from_millis(100)).await,
        }
    }
}

async fn send(method: Method, url: &str, content_type: Option<&str>, body: Vec<u8>) -> Result<Answer> {
    let mut request = client()?.request(method, url).body(body);
    if let Some(content_type) = content_type {
        request = request.header("content-type", content_type);
    }
    let response = request.send().await?;
    Ok(Answer {
        status: response.status().as_u16(),
        body: response.text().await?,
    })
}

//! A server under comparison: gets samples by remote write, answers questions.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use connectors_formats::remote_write::compress;
use connectors_formats::remote_write::v1::encode;
use reqwest::{Client, RequestBuilder};
use serde_json::Value;
use url::form_urlencoded;

use super::answer::Answer;
use super::data::Series;
use super::question::Question;

/// Longest that an answer takes on a busy machine, from a binary that is not optimised.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);
/// Samples of a request span so much time: both servers refuse what is an hour older than their newest sample.
const SLICE_MS: i64 = 600_000;

/// Name, address and a client that keeps connections.
pub(super) struct Server {
    pub(super) name: String,
    url: String,
    client: Client,
}

impl Server {
    pub(super) fn new(name: &str, url: &str) -> Result<Self> {
        let client = Client::builder().timeout(ANSWER_WITHIN).no_proxy().build()?;
        Ok(Self {
            name: name.to_owned(),
            url: url.to_owned(),
            client,
        })
    }

    /// Writes all samples with `from_ms` ≤ timestamp < `to_ms`, oldest first.
    pub(super) async fn write(&self, series: &[Series], from_ms: i64, to_ms: i64) -> Result<()> {
        let mut slice_ms = from_ms;
        while slice_ms < to_ms {
            let end_ms = to_ms.min(slice_ms + SLICE_MS);
            let parts = series.iter().map(|one| {
                let first = one.samples.partition_point(|sample| sample.timestamp < slice_ms);
                let end = one.samples.partition_point(|sample| sample.timestamp < end_ms);
                (&one.labels, &one.samples[first..end])
            });
            let body = compress(&encode(parts.filter(|(_, samples)| !samples.is_empty())))?;
            let request = self
                .client
                .post(format!("{}/api/v1/write", self.url))
                .header("content-type", "application/x-protobuf")
                .header("content-encoding", "snappy")
                .header("x-prometheus-remote-write-version", "0.1.0")
                .body(body);
            let response = request.send().await?;
            let status = response.status();
            ensure!(
                status.is_success(),
                "{}: write: {status}: {}",
                self.name,
                response.text().await?
            );
            slice_ms = end_ms;
        }
        Ok(())
    }

    /// POST without a body; answers what came back.
    pub(super) async fn command(&self, path: &str) -> Result<Value> {
        let response = self.client.post(format!("{}{path}", self.url)).send().await?;
        let status = response.status();
        let body = response.text().await?;
        ensure!(status.is_success(), "{}: {path}: {status}: {body}", self.name);
        serde_json::from_str(&body).with_context(|| format!("{}: {path}: {body}", self.name))
    }

    /// The answer to a question, an error answer included; an error here means that the server does not serve.
    pub(super) async fn ask(&self, question: &Question) -> Result<Answer> {
        let response = self
            .request(question)
            .send()
            .await
            .with_context(|| format!("{}: {question}", self.name))?;
        let status = response.status().as_u16();
        let body = response.text().await?;
        Answer::parse(status, &body).with_context(|| format!("{}: {question}: {status}: {body}", self.name))
    }

    fn request(&self, question: &Question) -> RequestBuilder {
        let url = format!("{}/api/v1/{}", self.url, question.path);
        let fields = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&question.fields)
            .finish();
        // Prometheus has no POST for label values.
        if question.path.starts_with("label/") {
            return self.client.get(format!("{url}?{fields}"));
        }
        let form = "application/x-www-form-urlencoded";
        self.client.post(url).header("content-type", form).body(fields)
    }
}

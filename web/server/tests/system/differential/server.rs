//! A server under comparison: gets samples by remote write, answers questions.

use std::ops::Range;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use connectors_formats::remote_write::compress;
use connectors_formats::remote_write::v1::{Sample, Sent, encode_series};
use engine_model::Labels;
use engine_model::histogram::Histogram;
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

    /// Writes all samples with `from_ms` ≤ timestamp < `to_ms`, oldest first, but late ones a slice later.
    pub(super) async fn write(&self, series: &[Series], from_ms: i64, to_ms: i64) -> Result<()> {
        let mut slice_ms = from_ms;
        while slice_ms < to_ms {
            let end_ms = to_ms.min(slice_ms + SLICE_MS);
            self.write_slice(series, slice_ms..end_ms, false).await?;
            self.write_slice(series, slice_ms - SLICE_MS..(end_ms - SLICE_MS), true)
                .await?;
            slice_ms = end_ms;
        }
        Ok(())
    }

    /// Writes what is late of the samples before `to_ms`, which [`Server::write`] has left.
    pub(super) async fn write_late(&self, series: &[Series], to_ms: i64) -> Result<()> {
        self.write_slice(series, to_ms - SLICE_MS..to_ms, true).await
    }

    async fn write_slice(&self, series: &[Series], times_ms: Range<i64>, late: bool) -> Result<()> {
        type Part<'a> = (&'a Labels, Vec<Sample>, Vec<(i64, Histogram)>);
        let parts: Vec<Part<'_>> = series
            .iter()
            .map(|one| {
                let due = |at: i64| times_ms.contains(&at) && one.is_late(at) == late;
                let samples = one.samples.iter().filter(|sample| due(sample.timestamp));
                let histograms = one.histograms.iter().filter(|(at, _)| due(*at));
                (
                    &one.labels,
                    samples.copied().collect(),
                    histograms.cloned().collect(),
                )
            })
            .collect();
        let sent = parts.iter().map(|(labels, samples, histograms)| Sent {
            labels,
            samples,
            histograms,
            exemplars: &[],
        });
        let full = sent.filter(|sent| !sent.samples.is_empty() || !sent.histograms.is_empty());
        let request = self
            .client
            .post(format!("{}/api/v1/write", self.url))
            .header("content-type", "application/x-protobuf")
            .header("content-encoding", "snappy")
            .header("x-prometheus-remote-write-version", "0.1.0")
            .body(compress(&encode_series(full))?);
        let response = request.send().await?;
        let status = response.status();
        let text = response.text().await?;
        ensure!(status.is_success(), "{}: write: {status}: {text}", self.name);
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

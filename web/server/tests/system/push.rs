//! A sender of remote write 1.0, and what a server then has of the pushed series.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};
use connectors_formats::remote_write::compress;
use connectors_formats::remote_write::v1::{Sample, encode};
use engine_model::Labels;
use engine_model::time::now_ms;
use serde_json::Value;

use crate::http::{Answer, post, query};

/// Samples of a series by time in ms.
pub(crate) type Samples = BTreeMap<i64, f64>;

/// Writes the samples in one request; the answer is the server's, whatever it is.
pub(crate) async fn send(base: &str, series: &[(Labels, Vec<Sample>)]) -> Result<Answer> {
    let message = encode(
        series
            .iter()
            .map(|(labels, samples)| (labels, samples.as_slice())),
    );
    let url = format!("{base}/api/v1/write");
    post(&url, "application/x-protobuf", compress(&message)?).await
}

/// Writes the samples in one request, which must be accepted.
pub(crate) async fn push(base: &str, series: &[(Labels, Vec<Sample>)]) -> Result<()> {
    let answer = send(base, series).await?;
    ensure!(answer.status == 204, "remote write: {answer:?}");
    Ok(())
}

/// All samples that a selector finds in the `range` before now, by series. Times must ascend within a series.
pub(crate) async fn samples(base: &str, selector: &str, range: &str) -> Result<BTreeMap<Labels, Samples>> {
    let at = seconds(now_ms());
    let data = query(base, &format!("{selector}[{range}]"), &[("time", &at)]).await?;
    ensure!(data["resultType"] == "matrix", "{data}");
    let mut found = BTreeMap::new();
    for row in data["result"].as_array().context("no result")? {
        let labels = labels(&row["metric"])?;
        let mut samples = Samples::new();
        for point in row["values"].as_array().context("no values")? {
            let (time_ms, value) = point_of(point)?;
            let newest = samples.last_key_value().map(|(&time_ms, _)| time_ms);
            ensure!(newest < Some(time_ms), "{labels}: {time_ms} after {newest:?}");
            samples.insert(time_ms, value);
        }
        ensure!(
            found.insert(labels.clone(), samples).is_none(),
            "{labels} comes twice"
        );
    }
    Ok(found)
}

/// Labels as the API writes them.
pub(crate) fn labels(metric: &Value) -> Result<Labels> {
    let pairs = metric.as_object().context("no metric")?.iter();
    let pairs = pairs.map(|(name, value)| Ok((name.as_str(), value.as_str().context("not a text")?)));
    Ok(Labels::from_pairs(pairs.collect::<Result<Vec<_>>>()?))
}

/// Time in ms and value of `[seconds, "value"]`.
pub(crate) fn point_of(point: &Value) -> Result<(i64, f64)> {
    let seconds = point[0].as_f64().context("no time")?;
    let value = point[1].as_str().context("no value")?;
    Ok(((seconds * 1_000.0).round() as i64, number(value)?))
}

/// A number as the API writes it.
pub(crate) fn number(text: &str) -> Result<f64> {
    text.parse().with_context(|| format!("{text:?} is not a number"))
}

/// A time in ms as the API takes it.
pub(crate) fn seconds(time_ms: i64) -> String {
    format!("{}.{:03}", time_ms / 1_000, time_ms % 1_000)
}

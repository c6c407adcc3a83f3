//! `/federate`: the newest sample of each selected series, for another server to scrape.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use connectors_formats::federation::{
    Family, Format, Metric, Newest, negotiate, write_delimited, write_text,
};
use engine_model::staleness::is_stale;
use engine_model::time::now_ms;
use engine_model::{Labels, METRIC_NAME, Matcher};
use engine_storage::{PinnedVersion, SeriesSamples, StoreError};
use parking_lot::RwLock;
use queries_promql::parser::parse_metric_selector;

use crate::envelope::chain;
use crate::gate::StoreGate;
use crate::parameters::Parameters;
use crate::routes::plain_error;

/// Series read at a time; of each only the newest sample is kept.
const SERIES_PER_READ: usize = 1024;
/// The label that says which target was scraped; a series without one says so, lest the scraper adds its own.
const INSTANCE: &str = "instance";

/// What the family needs. Clones share it.
#[derive(Debug, Clone)]
pub struct FederateState {
    gate: StoreGate,
    external_labels: Arc<RwLock<Labels>>,
    lookback: Duration,
}

impl FederateState {
    /// Samples of the store behind `gate` that are no older than `lookback`, with `external_labels` where they lack
    /// them.
    pub fn new(gate: StoreGate, external_labels: Arc<RwLock<Labels>>, lookback: Duration) -> Self {
        Self {
            gate,
            external_labels,
            lookback,
        }
    }
}

/// The routes of the family.
pub(crate) fn federate_routes(state: FederateState) -> Router {
    Router::new().route("/federate", get(federate)).with_state(state)
}

async fn federate(
    State(state): State<FederateState>,
    headers: HeaderMap,
    parameters: Parameters,
) -> Response {
    let selectors: Result<Vec<_>, _> = parameters.all("match[]").map(parse_metric_selector).collect();
    let selectors: Vec<Vec<Matcher>> = match selectors {
        // `{}` selects nothing, as in Prometheus.
        Ok(selectors) => selectors
            .into_iter()
            .filter(|matchers| !matchers.is_empty())
            .collect(),
        Err(error) => return plain_error(StatusCode::BAD_REQUEST, format!("{error}\n")),
    };
    let version = match state.gate.store() {
        Ok(store) => store.pin(),
        Err(not_ready) => return not_ready.into_response(),
    };
    let accept = headers.get_all(header::ACCEPT).iter();
    let accept: Vec<&str> = accept.filter_map(|value| value.to_str().ok()).collect();
    let (format, names, content_type) = negotiate(&accept.join(","));
    let max_ms = now_ms();
    let min_ms = max_ms - state.lookback.as_millis() as i64;
    let work = move || {
        let newest = newest(&version, &selectors, (min_ms, max_ms))?;
        let external = state.external_labels.read().clone();
        let families = families(newest, &external, format);
        let mut text = String::new();
        let mut bytes = Vec::new();
        for family in &families {
            match format {
                Format::Text => write_text(&mut text, family, names),
                Format::Delimited => write_delimited(&mut bytes, family),
            }
        }
        bytes.extend_from_slice(text.as_bytes());
        Ok::<_, StoreError>(bytes)
    };
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok(body)) => ([(header::CONTENT_TYPE, content_type)], body).into_response(),
        Ok(Err(error)) => plain_error(StatusCode::INTERNAL_SERVER_ERROR, format!("{}\n", chain(&error))),
        Err(error) => plain_error(StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")),
    }
}

/// The newest sample of each series, once, by labels; series whose newest sample is a staleness marker are left out.
fn newest(
    version: &PinnedVersion,
    selectors: &[Vec<Matcher>],
    (min_ms, max_ms): (i64, i64),
) -> Result<Vec<(Labels, i64, Newest)>, StoreError> {
    let mut found = Vec::new();
    for matchers in selectors {
        let selected = version.select(matchers, min_ms, max_ms)?;
        for part in selected.chunks(SERIES_PER_READ) {
            found.extend(
                version
                    .read(part, min_ms, max_ms)?
                    .into_iter()
                    .filter_map(newest_of),
            );
        }
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found.dedup_by(|a, b| a.0 == b.0);
    found.sort_by(|a, b| a.0.metric_name().cmp(b.0.metric_name()));
    Ok(found)
}

fn newest_of(series: SeriesSamples) -> Option<(Labels, i64, Newest)> {
    let float = series
        .timestamps
        .last()
        .copied()
        .zip(series.values.last().copied());
    let histogram = series.histograms.last();
    match (float, histogram) {
        (Some((at_ms, value)), histogram) if histogram.is_none_or(|(later, _)| *later < at_ms) => {
            (!is_stale(value)).then_some((series.labels, at_ms, Newest::Float(value)))
        }
        (_, Some((at_ms, histogram))) if !is_stale(histogram.sum) => {
            Some((series.labels, *at_ms, Newest::Histogram(Arc::clone(histogram))))
        }
        _ => None,
    }
}

/// Samples of one name and kind behind each other, with the external labels that they lack.
fn families(newest: Vec<(Labels, i64, Newest)>, external: &Labels, format: Format) -> Vec<Family> {
    let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    let mut external: Vec<(String, String)> = external.iter().map(owned).collect();
    if !external.iter().any(|(name, _)| name == INSTANCE) {
        external.push((INSTANCE.to_owned(), String::new()));
        external.sort();
    }
    let mut families: Vec<Family> = Vec::new();
    for (labels, timestamp_ms, value) in newest {
        if labels.metric_name().is_empty() || format == Format::Text && !value.fits_text() {
            continue;
        }
        let (name, kind) = (labels.metric_name(), value.kind());
        if families
            .last()
            .is_none_or(|last| last.name != name || last.kind != kind)
        {
            families.push(Family {
                name: name.to_owned(),
                kind,
                metrics: Vec::new(),
            });
        }
        let own = labels.iter().filter(|(name, _)| *name != METRIC_NAME).map(owned);
        let added = external
            .iter()
            .filter(|(name, _)| labels.get(name).is_none())
            .cloned();
        let metric = Metric {
            labels: own.chain(added).collect(),
            timestamp_ms,
            value,
        };
        if let Some(family) = families.last_mut() {
            family.metrics.push(metric);
        }
    }
    families
}

#[cfg(test)]
mod tests {
    use engine_model::SampleBatchBuilder;
    use engine_model::staleness::STALE_NAN;
    use engine_storage::AppendOptions;

    use super::*;
    use crate::testing::{Requests, filled_gate};

    #[tokio::test]
    async fn newest_samples_with_external_labels() {
        let (gate, _folder) = filled_gate().await;
        let store = gate.store().unwrap().clone();
        let now = now_ms();
        let mut builder = SampleBatchBuilder::default();
        for (pairs, samples) in [
            (
                vec![("__name__", "b"), ("instance", "x")],
                vec![(now - 2000, 1.0), (now - 1000, 2.0)],
            ),
            (
                vec![("__name__", "a"), ("zone", "own")],
                vec![(now - 1000, f64::INFINITY)],
            ),
            (
                vec![("__name__", "gone")],
                vec![(now - 2000, 1.0), (now - 1000, STALE_NAN)],
            ),
            (vec![("__name__", "old")], vec![(now - 400_000, 1.0)]),
            (vec![("job", "nameless")], vec![(now - 1000, 1.0)]),
        ] {
            let series = store.series_table().intern(&Labels::from_pairs(pairs));
            samples
                .into_iter()
                .for_each(|(at_ms, value)| builder.push(series, at_ms, value));
        }
        let batch = builder.finish(store.series_table());
        store.append(batch, AppendOptions::default()).await.unwrap();
        let external = Labels::from_pairs([("zone", "eu"), ("cluster", "c")]);
        let state = FederateState::new(gate, Arc::new(RwLock::new(external)), Duration::from_secs(300));
        let requests = Requests(federate_routes(state));
        let path = "/federate?match[]={__name__=~\"a|b|gone|old\"}&match[]=b&match[]={job=\"nameless\"}";
        let at = now - 1000;
        let expected = format!(
            "# TYPE a untyped\na{{zone=\"own\",cluster=\"c\",instance=\"\"}} +Inf {at}\n\
             # TYPE b untyped\nb{{instance=\"x\",cluster=\"c\",zone=\"eu\"}} 2 {at}\n"
        );
        assert_eq!(requests.get(path).await, (200, expected));
        let error = (
            400,
            "1:4: parse error: unexpected end of input inside braces\n".to_owned(),
        );
        assert_eq!(requests.get("/federate?match[]=up{").await, error);
        assert_eq!(requests.get("/federate").await, (200, String::new()));
    }
}

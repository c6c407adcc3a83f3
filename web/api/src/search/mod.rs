//! `/api/v1/search/…`: names of metrics and labels and values of labels that fit what somebody types, best or first
//! ones first, as lines of JSON: batches of results, then a line that says whether there are more. Behind the flag
//! `search-api`, as in Prometheus.

mod lines;
mod parameters;
mod scoring;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use engine_model::METRIC_NAME;
use engine_model::time::now_ms;

use crate::envelope::{ApiError, ErrorKind};
use crate::metadata::MetadataState;
use crate::parameters::{Parameters, has_label};
use crate::series::{SeriesState, for_each_series};
use lines::{Found, lines};
use parameters::{Order, Search, boolean, check_order};
use scoring::Algorithm;

/// Names of the measures of fuzzy search.
pub(crate) const FUZZY_ALGORITHMS: [&str; 2] = [Algorithm::ALL[0].0, Algorithm::ALL[1].0];

/// What the family needs. Clones share it.
#[derive(Debug, Clone)]
pub struct SearchState {
    series: SeriesState,
    metadata: MetadataState,
    is_on: bool,
    limit_max: usize,
}

impl SearchState {
    /// Searches what `series` shows, if `is_on`; at most `limit_max` results may be asked for, any number if that is 0.
    pub fn new(series: SeriesState, metadata: MetadataState, is_on: bool, limit_max: usize) -> Self {
        Self {
            series,
            metadata,
            is_on,
            limit_max,
        }
    }

    fn read(&self, parameters: &Parameters, what: &str) -> Result<Search, ApiError> {
        if !self.is_on {
            return Err(ApiError::new(ErrorKind::Unavailable, "search API disabled"));
        }
        let search = Search::read(parameters, self.limit_max, now_ms())?;
        check_order(parameters, what)?;
        Ok(search)
    }
}

/// The routes of the family.
pub(crate) fn search_routes(state: SearchState) -> Router {
    Router::new()
        .route(
            "/api/v1/search/metric_names",
            get(metric_names).post(metric_names),
        )
        .route("/api/v1/search/label_names", get(label_names).post(label_names))
        .route(
            "/api/v1/search/label_values",
            get(label_values).post(label_values),
        )
        .with_state(state)
}

async fn metric_names(
    State(state): State<SearchState>,
    parameters: Parameters,
) -> Result<Response, ApiError> {
    let search = state.read(&parameters, "metric_names")?;
    let with_metadata = boolean(&parameters, "include_metadata", false)?;
    let (mut found, has_more) = find(&state, &search, What::ValuesOf(METRIC_NAME.to_owned())).await?;
    if with_metadata {
        let names: BTreeSet<&str> = found.iter().map(|found| found.text.as_str()).collect();
        let mut said = state.metadata.of_metrics(&names);
        for one in &mut found {
            one.said = said.remove(&one.text);
        }
    }
    Ok(lines("name", found, has_more, &search).into_response())
}

async fn label_names(State(state): State<SearchState>, parameters: Parameters) -> Result<Response, ApiError> {
    let search = state.read(&parameters, "label_names")?;
    let (found, has_more) = find(&state, &search, What::Names).await?;
    Ok(lines("name", found, has_more, &search).into_response())
}

async fn label_values(
    State(state): State<SearchState>,
    parameters: Parameters,
) -> Result<Response, ApiError> {
    let search = state.read(&parameters, "label_values")?;
    let label = parameters.get("label");
    if label.is_empty() {
        return Err(ApiError::bad_data("missing required parameter \"label\""));
    }
    let (found, has_more) = find(&state, &search, What::ValuesOf(label.to_owned())).await?;
    Ok(lines("value", found, has_more, &search).into_response())
}

/// What is searched.
enum What {
    /// Names of labels.
    Names,
    /// Values of a label.
    ValuesOf(String),
}

/// The results that are shown, and whether there are more.
async fn find(state: &SearchState, search: &Search, what: What) -> Result<(Vec<Found>, bool), ApiError> {
    let mut selectors = search.selectors.clone();
    if selectors.is_empty() {
        selectors.push(Vec::new());
    }
    if let What::ValuesOf(label) = &what {
        for matchers in &mut selectors {
            matchers.push(has_label(label));
        }
    }
    let (range_ms, terms) = (search.range_ms, search.terms.clone());
    let read = move |version: &engine_storage::PinnedVersion| {
        let mut texts = BTreeSet::new();
        let mut keep = |text: &str| {
            if !texts.contains(text) {
                texts.insert(text.to_owned());
            }
        };
        for_each_series(version, &selectors, range_ms, |labels| match &what {
            What::Names => labels.iter().for_each(|(name, _)| keep(name)),
            What::ValuesOf(label) => keep(labels.value(label)),
        })?;
        // Each is judged once, however many series have it.
        let scored = texts.into_iter().filter_map(|text| {
            let score = terms.score(&text)?;
            Some(Found {
                text,
                score,
                said: None,
            })
        });
        Ok(scored.collect::<Vec<_>>())
    };
    let mut found = state.series.read(read).await?;
    match search.order {
        Order::Ascending => {}
        Order::Descending => found.reverse(),
        // Stable: equally good ones stay in the order of their texts.
        Order::Score => found.sort_by(|a, b| b.score.total_cmp(&a.score)),
    }
    let has_more = found.len() > search.limit;
    found.truncate(search.limit);
    Ok((found, has_more))
}

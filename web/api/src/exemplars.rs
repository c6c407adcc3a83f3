//! `/api/v1/query_exemplars`: the exemplars of the series that a PromQL expression selects.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use engine_model::Matcher;
use engine_model::number::write_json_value;
use engine_storage::{SeriesExemplars, Store};
use queries_promql::parser::{Expr, ParseOptions, parse_expr};

use crate::envelope::{ApiError, Success};
use crate::gate::StoreGate;
use crate::json::{write_labels, write_list, write_timestamp};
use crate::parameters::Parameters;

/// What the family needs. Clones share it.
#[derive(Debug, Clone)]
pub struct ExemplarsState {
    gate: StoreGate,
}

impl ExemplarsState {
    /// Exemplars of the store behind `gate`.
    pub fn new(gate: StoreGate) -> Self {
        Self { gate }
    }
}

/// The routes of the family.
pub(crate) fn exemplars_routes(state: ExemplarsState) -> Router {
    Router::new()
        .route("/api/v1/query_exemplars", get(exemplars).post(exemplars))
        .with_state(state)
}

async fn exemplars(
    State(state): State<ExemplarsState>,
    parameters: Parameters,
) -> Result<Response, ApiError> {
    let (start_ms, end_ms) = parameters.time_range_ms()?;
    if end_ms < start_ms {
        return Err(ApiError::bad_data(
            "end timestamp must not be before start timestamp",
        ));
    }
    let expr = parse_expr(parameters.get("query"), &ParseOptions::ALL)
        .map_err(|error| ApiError::bad_data(error.to_string()))?;
    let selectors = selectors(&expr);
    if selectors.is_empty() {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let store: Store = state.gate.store()?.clone();
    let read = move || store.exemplars(&selectors, start_ms, end_ms);
    let found = tokio::task::spawn_blocking(read).await?;
    let found = found.map_err(|error| ApiError::internal(&error))?;
    Ok(Success::writing(|out| write_list(out, found.iter(), write_series)).into_response())
}

/// The matchers of each selector of an expression.
fn selectors(expr: &Expr) -> Vec<Vec<Matcher>> {
    let mut found = Vec::new();
    expr.walk(&mut |node| match node {
        Expr::Vector(selector) => found.push(selector.matchers.clone()),
        Expr::Matrix(matrix) => found.push(matrix.selector.matchers.clone()),
        _ => {}
    });
    found
}

fn write_series(out: &mut String, series: &SeriesExemplars) {
    out.push_str("{\"seriesLabels\":");
    write_labels(out, &series.labels);
    out.push_str(",\"exemplars\":");
    write_list(out, series.exemplars.iter(), |out, exemplar| {
        out.push_str("{\"labels\":");
        write_labels(out, &exemplar.labels);
        out.push_str(",\"value\":\"");
        write_json_value(out, exemplar.value);
        out.push_str("\",\"timestamp\":");
        write_timestamp(out, exemplar.timestamp);
        out.push('}');
    });
    out.push('}');
}

#[cfg(test)]
mod tests {
    use engine_model::{Exemplar, Labels, SampleBatchBuilder};
    use engine_storage::AppendOptions;

    use super::*;
    use crate::testing::{Requests, START_MS, filled_gate};

    #[tokio::test]
    async fn exemplars_of_selected_series() {
        let (gate, _folder) = filled_gate().await;
        let store = gate.store().unwrap();
        let labels = Labels::from_pairs([("__name__", "total"), ("job", "a"), ("i", "0")]);
        let series = store.series_table().intern(&labels);
        let mut builder = SampleBatchBuilder::default();
        builder.push(series, START_MS + 700_000, 1.0);
        builder.push_exemplar(Exemplar {
            series,
            labels: Labels::from_pairs([("trace_id", "abc")]),
            timestamp: START_MS + 699_500,
            value: 0.25,
        });
        let batch = builder.finish(store.series_table());
        store.append(batch, AppendOptions::default()).await.unwrap();
        let requests = Requests(exemplars_routes(ExemplarsState::new(gate.clone())));
        let path = "/api/v1/query_exemplars";
        let expected = r#"{"status":"success","data":[{"seriesLabels":{"__name__":"total","i":"0","job":"a"},"exemplars":[{"labels":{"trace_id":"abc"},"value":"0.25","timestamp":1767226299.500}]}]}"#;
        let answer = requests.get(&format!("{path}?query=up == rate(total[5m])")).await;
        assert_eq!(answer, (200, expected.to_owned()));
        let form = "query=total&start=1767226300";
        let nothing = r#"{"status":"success","data":[]}"#;
        assert_eq!(requests.post(path, form).await, (200, nothing.to_owned()));
        assert_eq!(
            requests.get(&format!("{path}?query=1")).await,
            (204, String::new())
        );
        assert_eq!(
            requests.error(&format!("{path}?query=1&start=2&end=1")).await,
            (
                400,
                "bad_data".to_owned(),
                "end timestamp must not be before start timestamp".to_owned()
            )
        );
        assert_eq!(requests.error(&format!("{path}?query=up{{")).await.1, "bad_data");
    }
}

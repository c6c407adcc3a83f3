//! `/api/v1/labels`, `/api/v1/label/<name>/values` and `/api/v1/series`: what is there, without samples.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::get;
use engine_model::labels::Quoted;
use engine_model::{Labels, Matcher};
use engine_storage::{PinnedVersion, StoreError};
use tokio::sync::Semaphore;

use crate::envelope::{Answer, ApiError, Success};
use crate::gate::StoreGate;
use crate::json::{write_labels, write_list, write_safe_text};
use crate::parameters::{Parameters, has_label, unescape_name};

/// Reads at once. Each may hold every label set of the store; four keep that bounded and two cores busy.
const READS_MAX: usize = 4;

/// What the family needs. Clones share it.
#[derive(Debug, Clone)]
pub struct SeriesState {
    gate: StoreGate,
    reads: Arc<Semaphore>,
}

impl SeriesState {
    /// Label names, label values and series of the store behind `gate`.
    pub fn new(gate: StoreGate) -> Self {
        Self {
            gate,
            reads: Arc::new(Semaphore::new(READS_MAX)),
        }
    }

    /// Runs `read` on one version of the store, on the blocking pool.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&PinnedVersion) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, ApiError> {
        let version = self.gate.store()?.pin();
        let reads = Arc::clone(&self.reads);
        let place = reads.acquire_owned().await.expect("nobody closes the semaphore");
        let work = move || {
            let _place = place;
            read(&version)
        };
        let result = tokio::task::spawn_blocking(work).await?;
        result.map_err(|error| ApiError::internal(&error))
    }
}

/// The routes of the family.
pub(crate) fn series_routes(state: SeriesState) -> Router {
    Router::new()
        .route("/api/v1/labels", get(labels).post(labels))
        .route("/api/v1/label/{name}/values", get(label_values))
        .route("/api/v1/series", get(series).post(series))
        .with_state(state)
}

async fn labels(State(state): State<SeriesState>, parameters: Parameters) -> Answer {
    let limit = parameters.limit()?;
    let range_ms = parameters.time_range_ms()?;
    let mut selectors = parameters.selectors().map_err(ApiError::bad_data)?;
    if selectors.is_empty() {
        selectors.push(Vec::new());
    }
    let read = move |version: &PinnedVersion| {
        let mut names = BTreeSet::new();
        for_each_series(version, &selectors, range_ms, |labels| {
            for (name, _) in labels {
                if !names.contains(name) {
                    names.insert(name.to_owned());
                }
            }
        })?;
        Ok(names)
    };
    Ok(texts(state.read(read).await?, limit))
}

async fn label_values(
    State(state): State<SeriesState>,
    Path(name): Path<String>,
    parameters: Parameters,
) -> Answer {
    let name = unescape_name(&name);
    if name.is_empty() {
        return Err(ApiError::bad_data(format!(
            "invalid label name: {}",
            Quoted(&name)
        )));
    }
    let limit = parameters.limit()?;
    let range_ms = parameters.time_range_ms()?;
    let mut selectors = parameters.selectors().map_err(ApiError::bad_data)?;
    if selectors.is_empty() {
        selectors.push(Vec::new());
    }
    selectors
        .iter_mut()
        .for_each(|matchers| matchers.push(has_label(&name)));
    let read = move |version: &PinnedVersion| {
        let mut values = BTreeSet::new();
        for_each_series(version, &selectors, range_ms, |labels| {
            let value = labels.value(&name);
            if !values.contains(value) {
                values.insert(value.to_owned());
            }
        })?;
        Ok(values)
    };
    Ok(texts(state.read(read).await?, limit))
}

async fn series(State(state): State<SeriesState>, parameters: Parameters) -> Answer {
    if parameters.all("match[]").next().is_none() {
        return Err(ApiError::bad_data("no match[] parameter provided"));
    }
    let limit = parameters.limit()?;
    let range_ms = parameters.time_range_ms()?;
    let selectors = parameters
        .selectors()
        .map_err(|why| ApiError::bad_parameter("match[]", why))?;
    let read = move |version: &PinnedVersion| {
        let mut found = BTreeSet::new();
        for_each_series(version, &selectors, range_ms, |labels| {
            found.insert(labels.clone());
        })?;
        let shown = shown(found.len(), limit);
        let written = Success::writing(|out| {
            write_list(out, found.iter().take(shown), write_labels);
        });
        Ok(written.truncated(shown < found.len()))
    };
    state.read(read).await
}

/// Visits every series that one of `selectors` selects; those that two of them select, twice.
pub(crate) fn for_each_series(
    version: &PinnedVersion,
    selectors: &[Vec<Matcher>],
    (min_ms, max_ms): (i64, i64),
    mut visit: impl FnMut(&Labels),
) -> Result<(), StoreError> {
    for matchers in selectors {
        for series in version.select(matchers, min_ms, max_ms)? {
            visit(series.labels());
        }
    }
    Ok(())
}

fn texts(texts: BTreeSet<String>, limit: usize) -> Success {
    let shown = shown(texts.len(), limit);
    let written = Success::writing(|out| {
        write_list(out, texts.iter().take(shown), |out, text| {
            write_safe_text(out, text)
        });
    });
    written.truncated(shown < texts.len())
}

/// How many of `found` are shown under `limit`, which is 0 when there is none.
fn shown(found: usize, limit: usize) -> usize {
    match limit {
        0 => found,
        limit => found.min(limit),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Requests, filled_gate};

    #[tokio::test]
    async fn what_is_there() {
        let (gate, _folder) = filled_gate().await;
        let requests = Requests(series_routes(SeriesState::new(gate)));
        for (path, expected) in [
            ("labels", r#"["__name__","i","job","odd.name"]"#),
            ("labels?limit=0&match[]=up", r#"["__name__","job"]"#),
            ("labels?match[]=up&match[]=total", r#"["__name__","i","job"]"#),
            ("labels?end=1", "[]"),
            ("label/job/values", r#"["a","b"]"#),
            ("label/job/values?match[]=total", r#"["a"]"#),
            ("label/U__odd_2e_name/values", r#"["1"]"#),
            ("label/odd.name/values", r#"["1"]"#),
            ("label/nothing/values", "[]"),
            (
                "series?match[]=up&match[]={job=\"b\"}",
                r#"[{"__name__":"up","job":"a"},{"__name__":"up","job":"b"}]"#,
            ),
            ("series?match[]=up&start=4000000000", "[]"),
        ] {
            let expected = format!(r#"{{"status":"success","data":{expected}}}"#);
            assert_eq!(
                requests.get(&format!("/api/v1/{path}")).await,
                (200, expected),
                "{path}"
            );
        }
        let truncated =
            r#"{"status":"success","data":["__name__"],"warnings":["results truncated due to limit"]}"#;
        assert_eq!(
            requests.get("/api/v1/labels?limit=1").await,
            (200, truncated.to_owned())
        );
        let form = "match%5B%5D=up&limit=1";
        let cut = r#"{"status":"success","data":[{"__name__":"up","job":"a"}],"warnings":["results truncated due to limit"]}"#;
        assert_eq!(requests.post("/api/v1/series", form).await, (200, cut.to_owned()));
    }

    #[tokio::test]
    async fn what_makes_no_sense() {
        let (gate, _folder) = filled_gate().await;
        let requests = Requests(series_routes(SeriesState::new(gate)));
        for (path, expected) in [
            ("series", "no match[] parameter provided"),
            (
                "series?match[]={}",
                "invalid parameter \"match[]\": match[] must contain at least one non-empty matcher",
            ),
            (
                "labels?match[]={a=~\".*\"}",
                "match[] must contain at least one non-empty matcher",
            ),
            (
                "labels?start=x",
                "invalid parameter \"start\": invalid time value for 'start': cannot parse \"x\" to a valid timestamp",
            ),
            (
                "labels?limit=-1",
                "invalid parameter \"limit\": limit must be non-negative",
            ),
            (
                "labels?limit=x",
                "invalid parameter \"limit\": strconv.Atoi: parsing \"x\": invalid syntax",
            ),
        ] {
            assert_eq!(
                requests.error(&format!("/api/v1/{path}")).await,
                (400, "bad_data".to_owned(), expected.to_owned()),
                "{path}"
            );
        }
    }

    #[tokio::test]
    async fn nothing_before_the_store_is_open() {
        let requests = Requests(series_routes(SeriesState::new(StoreGate::default())));
        let unavailable = (503, "Service Unavailable".to_owned());
        assert_eq!(requests.get("/api/v1/labels").await, unavailable);
    }
}

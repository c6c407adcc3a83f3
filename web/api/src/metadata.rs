//! `/api/v1/metadata` and `/api/v1/targets/metadata`: types, help texts and units of metrics, as targets and
//! senders tell them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use connectors_peers::remote_write::PushedMetadata;
use connectors_peers::scrape::TargetsStatus;
use engine_model::matcher::all_match;
use queries_promql::parser::parse_metric_selector;
use serde::Serialize;

use crate::envelope::{Answer, ApiError, Success};
use crate::parameters::Parameters;
use crate::wire_time::labels_map;

/// What the family needs. Clones share it.
#[derive(Debug, Clone)]
pub struct MetadataState {
    targets: Arc<TargetsStatus>,
    pushed: Arc<PushedMetadata>,
}

impl MetadataState {
    /// What the targets say of their metrics, and what senders of remote write said.
    pub fn new(targets: Arc<TargetsStatus>, pushed: Arc<PushedMetadata>) -> Self {
        Self { targets, pushed }
    }

    /// What is said of `metrics`: by the first target that has one, else by a sender.
    pub(crate) fn of_metrics(&self, metrics: &BTreeSet<&str>) -> BTreeMap<String, Said> {
        let mut found = BTreeMap::new();
        let pools = self.targets.pools();
        for target in pools.values().flat_map(|pool| &pool.active) {
            if found.len() == metrics.len() {
                return found;
            }
            for family in target.metadata() {
                if metrics.contains(&*family.name) && !found.contains_key(&*family.name) {
                    let said = Said {
                        kind: family.metric_type.to_owned(),
                        help: family.help.to_string(),
                        unit: family.unit.to_string(),
                    };
                    found.insert(family.name.to_string(), said);
                }
            }
        }
        for (name, pushed) in self.pushed.read(None) {
            if metrics.contains(name.as_str()) {
                found.entry(name).or_insert_with(|| Said {
                    kind: pushed.kind.to_owned(),
                    help: pushed.help,
                    unit: pushed.unit,
                });
            }
        }
        found
    }
}

/// The routes of the family.
pub(crate) fn metadata_routes(state: MetadataState) -> Router {
    Router::new()
        .route("/api/v1/metadata", get(metadata))
        .route("/api/v1/targets/metadata", get(targets_metadata))
        .with_state(state)
}

/// What is said of a metric.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct Said {
    #[serde(rename = "type")]
    kind: String,
    help: String,
    unit: String,
}

impl Said {
    /// Keys and texts.
    pub(crate) fn pairs(&self) -> [(&'static str, &str); 3] {
        [("type", &self.kind), ("help", &self.help), ("unit", &self.unit)]
    }
}

async fn metadata(State(state): State<MetadataState>, parameters: Parameters) -> Answer {
    let limit = count(&parameters, "limit")?;
    let limit_per_metric = count(&parameters, "limit_per_metric")?;
    let metric = Some(parameters.get("metric")).filter(|metric| !metric.is_empty());
    let mut found: BTreeMap<String, BTreeSet<Said>> = BTreeMap::new();
    for pool in state.targets.pools().values() {
        for target in &pool.active {
            let families = match metric {
                Some(name) => target.family_metadata(name).into_iter().collect(),
                None => target.metadata(),
            };
            for family in families {
                let said = Said {
                    kind: family.metric_type.to_owned(),
                    help: family.help.to_string(),
                    unit: family.unit.to_string(),
                };
                found.entry(family.name.to_string()).or_default().insert(said);
            }
        }
    }
    for (name, pushed) in state.pushed.read(metric) {
        let said = Said {
            kind: pushed.kind.to_owned(),
            help: pushed.help,
            unit: pushed.unit,
        };
        found.entry(name).or_default().insert(said);
    }
    let shown: BTreeMap<String, Vec<Said>> = found
        .into_iter()
        .take(limit)
        .map(|(name, said)| (name, said.into_iter().take(limit_per_metric).collect()))
        .collect();
    Ok(Success::of(&shown))
}

#[derive(Serialize)]
struct TargetSaid {
    target: BTreeMap<String, String>,
    /// Left out where one metric was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    metric: Option<String>,
    #[serde(flatten)]
    said: Said,
}

async fn targets_metadata(State(state): State<MetadataState>, parameters: Parameters) -> Answer {
    let limit = count(&parameters, "limit")?;
    let metric = Some(parameters.get("metric")).filter(|metric| !metric.is_empty());
    let matchers = match parameters.get("match_target") {
        "" => Vec::new(),
        text => parse_metric_selector(text).map_err(|why| ApiError::bad_parameter("match_target", why))?,
    };
    let mut found = Vec::new();
    for pool in state.targets.pools().values() {
        for active in &pool.active {
            let target = active.target();
            if !all_match(&matchers, &target.labels) {
                continue;
            }
            let families = match metric {
                Some(name) => active.family_metadata(name).into_iter().collect(),
                None => active.metadata(),
            };
            for family in families {
                if found.len() == limit {
                    return Ok(Success::of(&found));
                }
                let labels = labels_map(&target.labels).into_iter();
                found.push(TargetSaid {
                    target: labels.map(|(n, v)| (n.to_owned(), v.to_owned())).collect(),
                    metric: metric.is_none().then(|| family.name.to_string()),
                    said: Said {
                        kind: family.metric_type.to_owned(),
                        help: family.help.to_string(),
                        unit: family.unit.to_string(),
                    },
                });
            }
        }
    }
    Ok(Success::of(&found))
}

/// How many are wanted; a negative number means all, as in Prometheus.
fn count(parameters: &Parameters, name: &str) -> Result<usize, ApiError> {
    match parameters.get(name) {
        "" => Ok(usize::MAX),
        text => match text.parse::<i64>() {
            Ok(count) => Ok(usize::try_from(count)
                .ok()
                .filter(|n| *n > 0)
                .unwrap_or(usize::MAX)),
            Err(_) => Err(ApiError::bad_data(format!("{name} must be a number"))),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::body::Body;
    use axum::http::Request;
    use connectors_peers::remote_write::{RemoteWrite, Version, router};
    use engine_model::WallClock;
    use tower::ServiceExt;

    use super::*;
    use crate::testing::Requests;

    /// A request of version 1.0 that holds metadata alone: the counter `a_total`, the gauge `b_bytes`.
    const METADATA: &[u8] =
        b"\x1a\x15\x08\x01\x12\x07a_total\x22\x08tells it\x1a\x12\x08\x02\x12\x07b_bytes\x2a\x05bytes";

    #[tokio::test]
    async fn what_senders_say_is_told() {
        let (_inlet, receiver) = RemoteWrite::new(Arc::default(), WallClock::system(), Default::default());
        let mut body = vec![METADATA.len() as u8, (METADATA.len() as u8 - 1) << 2];
        body.extend_from_slice(METADATA);
        let request = Request::post("/api/v1/write").body(Body::from(body)).unwrap();
        let sent = router(Arc::clone(&receiver), &Version::ALL).oneshot(request);
        let answer = tokio::time::timeout(Duration::from_secs(5), sent).await.unwrap();
        assert_eq!(answer.unwrap().status(), 204);
        let state = MetadataState::new(Arc::default(), Arc::clone(receiver.metadata()));
        let requests = Requests(metadata_routes(state));
        let a = r#""a_total":[{"type":"counter","help":"tells it","unit":""}]"#;
        let b = r#""b_bytes":[{"type":"gauge","help":"","unit":"bytes"}]"#;
        for (query, expected) in [
            ("", format!("{a},{b}")),
            ("?limit=1", a.to_owned()),
            ("?metric=b_bytes&limit=-1", b.to_owned()),
            ("?metric=c", String::new()),
        ] {
            let expected = format!("{{\"status\":\"success\",\"data\":{{{expected}}}}}");
            let answer = requests.get(&format!("/api/v1/metadata{query}")).await;
            assert_eq!(answer, (200, expected), "{query}");
        }
        let refused = |text: &str| (400, "bad_data".to_owned(), text.to_owned());
        assert_eq!(
            requests.error("/api/v1/metadata?limit=x").await,
            refused("limit must be a number")
        );
        let nothing = (200, r#"{"status":"success","data":[]}"#.to_owned());
        assert_eq!(requests.get("/api/v1/targets/metadata").await, nothing);
    }
}

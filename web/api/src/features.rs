//! `/api/v1/features`: what this server can do and what is switched on, so that clients need not try. Whoever has a
//! feature registers it; names and categories are Prometheus's.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::routing::get;

use crate::envelope::{Answer, Success};
use crate::json::write_text;
use crate::search::FUZZY_ALGORITHMS;

/// The API itself.
const API: &str = "api";

/// Features by category and name, with whether each is on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FeatureRegistry(BTreeMap<&'static str, BTreeMap<String, bool>>);

impl FeatureRegistry {
    /// What this crate has in any case.
    pub fn of_the_api() -> Self {
        let mut registry = Self::default();
        for name in [
            // `match[]` of label values.
            "label_values_match",
            "query_warnings",
            "query_stats",
            // `start` and `end` of series and labels.
            "time_range_series",
            "time_range_labels",
            // `exclude_alerts` of rules.
            "exclude_alerts",
            "openapi_3.1",
            "openapi_3.2",
        ] {
            registry.set(API, name, true);
        }
        for algorithm in FUZZY_ALGORITHMS {
            registry.set(API, &format!("search_fuzz_alg_{algorithm}"), true);
        }
        registry
    }

    /// Registers a feature; what was registered before under the name is forgotten.
    pub fn set(&mut self, category: &'static str, name: &str, is_on: bool) {
        self.0.entry(category).or_default().insert(name.to_owned(), is_on);
    }

    /// Registers a switch of the API.
    pub fn set_api(&mut self, name: &str, is_on: bool) {
        self.set(API, name, is_on);
    }

    /// Whether a feature is registered and on.
    pub fn is_on(&self, category: &str, name: &str) -> bool {
        self.0.get(category).and_then(|names| names.get(name)) == Some(&true)
    }
}

/// The route.
pub(crate) fn features_routes(registry: Arc<FeatureRegistry>) -> Router {
    Router::new()
        .route("/api/v1/features", get(features))
        .with_state(registry)
}

async fn features(State(registry): State<Arc<FeatureRegistry>>) -> Answer {
    // Operators such as `>=` are written as they are, as Prometheus does here alone.
    Ok(Success::writing(|out| {
        let mut before = '{';
        for (category, names) in &registry.0 {
            out.push(before);
            write_text(out, category);
            out.push(':');
            let mut inner = '{';
            for (name, is_on) in names {
                out.push(inner);
                write_text(out, name);
                out.push_str(if *is_on { ":true" } else { ":false" });
                inner = ',';
            }
            out.push('}');
            before = ',';
        }
        out.push_str(if before == '{' { "{}" } else { "}" });
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Requests;

    #[tokio::test]
    async fn features_by_category() {
        let mut registry = FeatureRegistry::default();
        let ask = async |registry: &FeatureRegistry| {
            let requests = Requests(features_routes(Arc::new(registry.clone())));
            requests.get("/api/v1/features").await.1
        };
        assert_eq!(ask(&registry).await, r#"{"status":"success","data":{}}"#);
        registry.set("promql_operators", ">=", true);
        registry.set("promql_operators", "!=", true);
        registry.set("api", "admin", false);
        registry.set("api", "admin", true);
        let expected =
            r#"{"status":"success","data":{"api":{"admin":true},"promql_operators":{"!=":true,">=":true}}}"#;
        assert_eq!(ask(&registry).await, expected);
        assert!(registry.is_on("api", "admin") && !registry.is_on("api", "search"));
        assert!(FeatureRegistry::of_the_api().is_on("api", "search_fuzz_alg_jarowinkler"));
    }
}

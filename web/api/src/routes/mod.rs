//! The families together: what waits for the store, what does not, and the layers around all of it.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::{StatusCode, header};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;

use crate::admin::{AdminState, admin_routes};
use crate::alertmanager::{AlertmanagerState, alertmanager_routes};
use crate::cors::{CorsOrigin, answer_origins};
use crate::exemplars::{ExemplarsState, exemplars_routes};
use crate::features::{FeatureRegistry, features_routes};
use crate::federate::{FederateState, federate_routes};
use crate::gate::{ReadGate, StoreGate, require_open, require_ready};
use crate::metadata::{MetadataState, metadata_routes};
use crate::metrics::{HttpMetrics, SelfMetrics, count_requests, self_metrics_routes};
use crate::notifications::{Notifications, notifications_routes};
use crate::openapi::openapi_routes;
use crate::query::{QueryState, query_routes, syntax_routes};
use crate::remote_read::{RemoteReadState, remote_read_routes};
use crate::rules::{RulesState, rules_routes};
use crate::search::{SearchState, search_routes};
use crate::series::{SeriesState, series_routes};
use crate::sql::{SqlState, sql_routes};
use crate::status::{GraphState, StatusState, graph_routes, head_routes, replay_routes, status_routes};
use crate::targets::{TargetsState, targets_routes};

/// The states of all families under `/api`.
#[derive(Debug, Clone)]
pub struct Families {
    /// PromQL.
    pub query: QueryState,
    /// Labels and series.
    pub series: SeriesState,
    /// Search of names.
    pub search: SearchState,
    /// Exemplars.
    pub exemplars: ExemplarsState,
    /// Federation.
    pub federate: FederateState,
    /// Remote read.
    pub remote_read: RemoteReadState,
    /// Scrape targets.
    pub targets: TargetsState,
    /// What is said of metrics.
    pub metadata: MetadataState,
    /// Rules and alerts.
    pub rules: RulesState,
    /// Build, flags, configuration, runtime, head.
    pub status: StatusState,
    /// What there is and what is switched on.
    pub features: Arc<FeatureRegistry>,
    /// The server's own metrics.
    pub own_metrics: Arc<SelfMetrics>,
    /// What the operator should know.
    pub notifications: Arc<Notifications>,
    /// The dataflow graph.
    pub graph: GraphState,
    /// SQL.
    pub sql: SqlState,
    /// Storage work on demand.
    pub admin: AdminState,
    /// The alert router's API.
    pub alertmanager: AlertmanagerState,
}

/// Everything under `/api`. Until `gate` is open, and after it is closed, Prometheus's endpoints answer
/// 503; the graph, the replay's progress and the alert router's API answer always. What reads samples also
/// waits for the replay of the log, for `patience` at most.
pub fn api_routes(families: Families, gate: StoreGate, cors: CorsOrigin, patience: Duration) -> Router {
    let read_gate = ReadGate {
        gate: gate.clone(),
        patience,
    };
    let syntax = syntax_routes(families.query.clone());
    let reading = Router::new()
        .merge(query_routes(families.query))
        .merge(series_routes(families.series))
        .merge(search_routes(families.search))
        .merge(exemplars_routes(families.exemplars))
        .merge(federate_routes(families.federate))
        .merge(remote_read_routes(families.remote_read))
        .merge(sql_routes(families.sql))
        .merge(head_routes(families.status.clone()))
        .merge(admin_routes(families.admin))
        .layer(from_fn_with_state(read_gate, require_ready));
    let waiting = Router::new()
        .merge(syntax)
        .merge(targets_routes(families.targets))
        .merge(metadata_routes(families.metadata))
        .merge(rules_routes(families.rules))
        .merge(status_routes(families.status))
        .merge(features_routes(families.features))
        .merge(self_metrics_routes(families.own_metrics))
        .merge(openapi_routes())
        .layer(from_fn_with_state(gate.clone(), require_open));
    waiting
        .merge(reading)
        .merge(graph_routes(families.graph))
        .merge(replay_routes(gate))
        .merge(notifications_routes(families.notifications))
        .merge(alertmanager_routes(families.alertmanager))
        .route("/api/{*rest}", any(no_such_page))
        .method_not_allowed_fallback(no_such_method)
        .layer(from_fn_with_state(cors, answer_origins))
}

/// Nothing of the API has this path: plain text, as Prometheus answers it, never a page of the console.
async fn no_such_page() -> Response {
    plain_error(StatusCode::NOT_FOUND, "404 page not found\n")
}

/// Routes of other crates that refuse other methods in the words of the API.
pub fn refusing_other_methods(routes: Router) -> Router {
    routes.method_not_allowed_fallback(no_such_method)
}

async fn no_such_method() -> Response {
    plain_error(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed\n")
}

/// An error outside of the envelope, as Go's HTTP server words it.
pub(crate) fn plain_error(status: StatusCode, text: impl Into<String>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (status, headers, text.into()).into_response()
}

/// What all requests share, whichever routes take them: gzip for clients that take it, and counting.
/// Must be the last step, after all routes were added.
pub fn with_layers(routes: Router, metrics: HttpMetrics) -> Router {
    // The fastest level: JSON of samples shrinks tenfold with it, and latency counts more than the rest.
    let compression = CompressionLayer::new().quality(CompressionLevel::Fastest);
    routes
        .layer(compression)
        .layer(from_fn_with_state(metrics, count_requests))
}

#[cfg(test)]
mod tests;

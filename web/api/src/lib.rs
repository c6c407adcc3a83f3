//! HTTP endpoints, one file a family; what goes over the wire is defined here. Each family is a function
//! from its small state to routes; [`api_routes`] puts the families under `/api` together, and
//! [`with_layers`] adds what all requests share.

// The frame of every answer.
mod cors;
mod envelope;
mod gate;
mod json;
mod parameters;
mod wire_time;

// Prometheus's API.
mod exemplars;
mod features;
mod federate;
mod metadata;
mod notifications;
mod openapi;
mod query;
mod remote_read;
mod rules;
mod search;
mod series;
mod status;
mod targets;

// Weir's own.
mod admin;
mod sql;

// Alertmanager's API.
mod alertmanager;

// What surrounds the APIs.
mod management;
mod metrics;
mod routes;

#[cfg(test)]
mod testing;

pub use admin::AdminState;
pub use alertmanager::AlertmanagerState;
pub use cors::CorsOrigin;
pub use exemplars::ExemplarsState;
pub use features::FeatureRegistry;
pub use federate::FederateState;
pub use gate::{NotReady, StoreGate};
pub use management::{Lifecycle, ManagementState, management_routes};
pub use metadata::MetadataState;
pub use metrics::{
    Exposition, Histogram, HttpMetrics, SelfMetrics, alert_router_metrics, build_metrics, discovery_metrics,
    graph_metrics, metrics_routes, process_metrics, rule_metrics, store_metrics, targets_metrics,
};
pub use notifications::{Notice, Notifications, notifications_routes};
pub use query::{
    LoggedQuery, NoPlace, QueryLog, QueryMetrics, QueryOrigin, QueryPlace, QueryPlaces, QueryState, Timings,
};
pub use remote_read::{RemoteReadLimits, RemoteReadState};
pub use routes::{Families, api_routes, refusing_other_methods, with_layers};
pub use rules::RulesState;
pub use search::SearchState;
pub use series::SeriesState;
pub use sql::SqlState;
pub use status::{BuildInfo, ConfigStatus, GraphState, PROMETHEUS_VERSION, StatusState};
pub use targets::{ConfiguredJob, ConfiguredJobs, TargetsState};

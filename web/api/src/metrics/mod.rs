//! The server's own metrics: `/metrics` in the text format 0.0.4, `/api/v1/status/self_metrics` in JSON. Whoever counts
//! something appends it; names are Prometheus's where the meaning is the same, and begin with `weir_` otherwise.

mod alert_router;
mod build;
mod discovery;
mod exposition;
mod graph;
mod histogram;
mod http;
mod process;
mod proto_json;
mod rules;
mod store;
mod targets;

use std::fmt;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use engine_model::matcher::Pattern;

use crate::envelope::{Answer, ApiError, Success};
use crate::parameters::Parameters;

pub use alert_router::alert_router_metrics;
pub use build::build_metrics;
pub use discovery::discovery_metrics;
pub use exposition::Exposition;
pub use graph::graph_metrics;
pub use histogram::Histogram;
pub use http::HttpMetrics;
pub(crate) use http::count_requests;
pub use process::process_metrics;
pub use rules::rule_metrics;
pub use store::store_metrics;
pub use targets::targets_metrics;

/// Appends metrics. Called on the blocking pool, once for each scrape of `/metrics`.
type Collector = Box<dyn Fn(&mut Exposition) + Send + Sync>;

/// Everything that `/metrics` shows.
#[derive(Default)]
pub struct SelfMetrics {
    collectors: Vec<Collector>,
}

impl SelfMetrics {
    /// Shows what `collect` appends, too. It may take locks, but not wait.
    #[must_use]
    pub fn with(mut self, collect: impl Fn(&mut Exposition) + Send + Sync + 'static) -> Self {
        self.collectors.push(Box::new(collect));
        self
    }

    /// All metrics now, in the text format.
    pub fn render(&self) -> String {
        self.gather().render()
    }

    /// All metrics now.
    fn gather(&self) -> Exposition {
        let mut out = Exposition::default();
        for collect in &self.collectors {
            collect(&mut out);
        }
        out
    }
}

impl fmt::Debug for SelfMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SelfMetrics")
            .field("collectors", &self.collectors.len())
            .finish()
    }
}

/// `/metrics`. Answers before the server is ready.
pub fn metrics_routes(metrics: Arc<SelfMetrics>) -> Router {
    Router::new()
        .route("/metrics", get(metrics_text))
        .with_state(metrics)
}

/// `/api/v1/status/self_metrics`.
pub(crate) fn self_metrics_routes(metrics: Arc<SelfMetrics>) -> Router {
    Router::new()
        .route("/api/v1/status/self_metrics", get(metrics_json))
        .with_state(metrics)
}

async fn metrics_text(State(metrics): State<Arc<SelfMetrics>>) -> Result<Response, ApiError> {
    let text = tokio::task::spawn_blocking(move || metrics.render()).await?;
    let content_type = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    Ok(([(header::CONTENT_TYPE, content_type)], text).into_response())
}

async fn metrics_json(State(metrics): State<Arc<SelfMetrics>>, parameters: Parameters) -> Answer {
    let pattern = match parameters.get("metric_name_pattern") {
        "" => None,
        text => {
            let pattern = Pattern::of_route(text);
            Some(pattern.map_err(|why| ApiError::bad_data(format!("invalid metric_name_pattern: {why}")))?)
        }
    };
    let write = move || {
        let gathered = metrics.gather();
        Success::writing(|out| {
            let wanted = |name: &str| pattern.as_ref().is_none_or(|pattern| pattern.is_match(name));
            proto_json::write(out, &gathered, wanted);
        })
    };
    Ok(tokio::task::spawn_blocking(write).await?)
}

//! `/api/v1/notifications`: remarks of the server to its operator. There are none so far: what an operator must know is
//! in the log, the metrics and the alerts.

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;

use crate::envelope::Success;

/// The routes of the family.
pub(crate) fn notifications_routes() -> Router {
    Router::new()
        .route(
            "/api/v1/notifications",
            get(async || Success::writing(|out| out.push_str("[]"))),
        )
        // As Prometheus answers one that it has no place for.
        .route("/api/v1/notifications/live", get(async || StatusCode::NO_CONTENT))
}

//! `POST /api/v1/write`.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use connectors_formats::remote_write::DECODED_BYTES_MAX;
use http::StatusCode;

use super::content;
use super::receiver::RemoteWrite;

/// Snappy can make a message that does not compress a sixth larger.
const BODY_BYTES_MAX: usize = DECODED_BYTES_MAX + DECODED_BYTES_MAX / 6;
/// A sender has this long for its body, the time that Prometheus's own sender gives a whole request.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// The route of the receiver.
pub fn router(receiver: Arc<RemoteWrite>) -> Router {
    Router::new()
        .route("/api/v1/write", post(write))
        .with_state(receiver)
}

async fn write(State(receiver): State<Arc<RemoteWrite>>, request: Request) -> Response {
    if let Err(unsupported) = content::check(request.headers()) {
        let text = format!("{unsupported}\n");
        return (StatusCode::UNSUPPORTED_MEDIA_TYPE, text).into_response();
    }
    match tokio::time::timeout(BODY_TIMEOUT, body(request.into_body())).await {
        Ok(Ok(bytes)) => receiver.store(bytes).await.into_response(),
        Ok(Err(refusal)) => refusal,
        Err(_) => (
            StatusCode::REQUEST_TIMEOUT,
            "the body took more than 30 seconds\n",
        )
            .into_response(),
    }
}

async fn body(body: Body) -> Result<bytes::Bytes, Response> {
    to_bytes(body, BODY_BYTES_MAX).await.map_err(|error| {
        let text = format!("cannot read the body, which may have {BODY_BYTES_MAX} bytes: {error}\n");
        (StatusCode::BAD_REQUEST, text).into_response()
    })
}

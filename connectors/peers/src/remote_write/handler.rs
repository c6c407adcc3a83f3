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
use http::header::CONTENT_LENGTH;

use super::content::{self, Version};
use super::outcome::Written;
use super::receiver::RemoteWrite;

/// Snappy can make a message that does not compress a sixth larger.
const BODY_BYTES_MAX: usize = DECODED_BYTES_MAX + DECODED_BYTES_MAX / 6;
/// A sender has this long for its body, the time that Prometheus's own sender gives a whole request.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

#[derive(Debug, Clone)]
struct Receiving {
    receiver: Arc<RemoteWrite>,
    accepted: Arc<[Version]>,
}

/// The route of the receiver, which takes requests of the `accepted` versions.
pub fn router(receiver: Arc<RemoteWrite>, accepted: &[Version]) -> Router {
    let state = Receiving {
        receiver,
        accepted: accepted.into(),
    };
    Router::new()
        .route("/api/v1/write", post(write))
        .with_state(state)
}

/// The route where the receiver is switched off, with Prometheus's answer.
pub fn disabled_router() -> Router {
    Router::new().route("/api/v1/write", post(disabled))
}

async fn disabled() -> (StatusCode, &'static str) {
    (
        StatusCode::NOT_FOUND,
        "remote write receiver needs to be enabled with --web.enable-remote-write-receiver\n",
    )
}

async fn write(State(state): State<Receiving>, request: Request) -> Response {
    let version = match content::version(request.headers(), &state.accepted) {
        Ok(version) => version,
        Err(unsupported) => {
            let text = format!("{unsupported}\n");
            return (StatusCode::UNSUPPORTED_MEDIA_TYPE, text).into_response();
        }
    };
    let outcome = match receive(&state.receiver, request).await {
        Ok((bytes, permit)) => state.receiver.store(version, bytes, permit).await,
        Err(Refusal::Busy(text)) => state.receiver.shed(text),
        Err(Refusal::Answer(response)) => return with_headers(version, Written::default(), response),
    };
    let written = outcome.written();
    with_headers(version, written, outcome.into_response())
}

/// Version 2.0 asks for the headers whatever the answer.
fn with_headers(version: Version, written: Written, mut response: Response) -> Response {
    if version == Version::V2 {
        written.put_headers(response.headers_mut());
    }
    response
}

enum Refusal {
    Busy(String),
    Answer(Response),
}

/// The body, with what stands for its memory.
async fn receive(
    receiver: &RemoteWrite,
    request: Request,
) -> Result<(bytes::Bytes, super::budget::Permit), Refusal> {
    let length = request.headers().get(CONTENT_LENGTH);
    let length = length.and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    // A body without a length may become as large as any.
    let bytes = length.unwrap_or(BODY_BYTES_MAX).min(BODY_BYTES_MAX);
    let permit = receiver.budget().body(bytes).await.map_err(Refusal::Busy)?;
    match tokio::time::timeout(BODY_TIMEOUT, body(request.into_body())).await {
        Ok(Ok(bytes)) => Ok((bytes, permit)),
        Ok(Err(refusal)) => Err(Refusal::Answer(refusal)),
        Err(_) => {
            let text = "the body took more than 30 seconds\n";
            Err(Refusal::Answer(
                (StatusCode::REQUEST_TIMEOUT, text).into_response(),
            ))
        }
    }
}

async fn body(body: Body) -> Result<bytes::Bytes, Response> {
    to_bytes(body, BODY_BYTES_MAX).await.map_err(|error| {
        let text = format!("cannot read the body, which may have {BODY_BYTES_MAX} bytes: {error}\n");
        (StatusCode::BAD_REQUEST, text).into_response()
    })
}

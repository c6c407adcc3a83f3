//! What became of a request, and the answer that makes the sender do the right thing.

use axum::response::{IntoResponse, Response};
use engine_dataflow::{DeliveryError, RejectReason};
use engine_model::SampleBatch;
use http::StatusCode;
use http::header::RETRY_AFTER;

/// Seconds after which a sender may try again; senders have a backoff of their own above it.
const RETRY_AFTER_SECONDS: &str = "5";

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// On disk and visible.
    Stored,
    /// The data is at fault: do not send it again.
    Refused(String),
    /// The store cannot take it now: send it again.
    Unavailable(String),
}

impl Outcome {
    /// The outcome of a batch that was not committed.
    pub(super) fn of(error: &DeliveryError, batch: &SampleBatch) -> Self {
        match error {
            DeliveryError::Rejected(rejections) => {
                let first = rejections
                    .first
                    .and_then(|(row, reason)| refusal(batch, row, reason));
                Self::Refused(first.unwrap_or_else(|| error.to_string()))
            }
            DeliveryError::TooLarge { .. } => Self::Refused(error.to_string()),
            DeliveryError::Unavailable(_) | DeliveryError::Closed | DeliveryError::Dropped => {
                Self::Unavailable(error.to_string())
            }
        }
    }
}

/// Prometheus's text, and which sample.
fn refusal(batch: &SampleBatch, row: usize, reason: RejectReason) -> Option<String> {
    let text = match reason {
        RejectReason::OutOfOrder => "out of order sample",
        RejectReason::Duplicate => "duplicate sample for timestamp",
        RejectReason::OutOfBounds => "out of bounds",
        RejectReason::TooOld => "too old sample",
    };
    let (series, timestamp, _) = batch.iter().nth(row)?;
    let labels = batch.series_table().labels(series)?;
    Some(format!("{text}: sample at {timestamp} ms for series {labels}"))
}

impl IntoResponse for Outcome {
    fn into_response(self) -> Response {
        match self {
            Self::Stored => StatusCode::NO_CONTENT.into_response(),
            Self::Refused(text) => (StatusCode::BAD_REQUEST, text + "\n").into_response(),
            Self::Unavailable(text) => {
                let retry = [(RETRY_AFTER, RETRY_AFTER_SECONDS)];
                (StatusCode::SERVICE_UNAVAILABLE, retry, text + "\n").into_response()
            }
        }
    }
}

//! What became of a request, and the answer that makes the sender do the right thing.

use axum::response::{IntoResponse, Response};
use engine_dataflow::DeliveryError;
use engine_model::SampleBatch;
use http::header::RETRY_AFTER;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use crate::refusal::{RETRY_AFTER_SECONDS, refusal};

/// What was stored of a request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) samples: usize,
    pub(super) histograms: usize,
    pub(super) exemplars: usize,
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// On disk and visible, all of it.
    Stored(Written),
    /// What could be stored is on disk and visible; the rest is at fault: do not send it again.
    StoredInPart(Written, String),
    /// The data is at fault and nothing of it is stored: do not send it again.
    Refused(String),
    /// The store cannot take it now, nothing of it is stored: send it again.
    Unavailable(String),
    /// There is no place for it now, nothing of it is stored: send it again.
    Shed(String),
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

    /// What is on disk.
    pub(super) fn written(&self) -> Written {
        match self {
            Self::Stored(written) | Self::StoredInPart(written, _) => *written,
            Self::Refused(_) | Self::Unavailable(_) | Self::Shed(_) => Written::default(),
        }
    }
}

const SAMPLES: HeaderName = HeaderName::from_static("x-prometheus-remote-write-samples-written");
const HISTOGRAMS: HeaderName = HeaderName::from_static("x-prometheus-remote-write-histograms-written");
const EXEMPLARS: HeaderName = HeaderName::from_static("x-prometheus-remote-write-exemplars-written");

impl Written {
    /// The headers that version 2.0 asks for.
    pub(super) fn put_headers(self, headers: &mut HeaderMap) {
        for (name, count) in [
            (SAMPLES, self.samples),
            (HISTOGRAMS, self.histograms),
            (EXEMPLARS, self.exemplars),
        ] {
            headers.insert(name, HeaderValue::from(count));
        }
    }
}

impl IntoResponse for Outcome {
    fn into_response(self) -> Response {
        match self {
            Self::Stored(_) => StatusCode::NO_CONTENT.into_response(),
            Self::StoredInPart(_, text) | Self::Refused(text) => {
                (StatusCode::BAD_REQUEST, text + "\n").into_response()
            }
            Self::Unavailable(text) | Self::Shed(text) => {
                let retry = [(RETRY_AFTER, RETRY_AFTER_SECONDS)];
                (StatusCode::SERVICE_UNAVAILABLE, retry, text + "\n").into_response()
            }
        }
    }
}

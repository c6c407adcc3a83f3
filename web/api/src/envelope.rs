//! The envelope of every answer under `/api/v1`: `status`, then `data` and annotations, or `errorType`
//! and `error` with the status code that belongs to the type. The rules are Prometheus's.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::gate::NotReady;
use crate::json::{make_safe, write_list, write_safe_text};
use crate::query::NoPlace;

/// The warning of an answer that is shorter than what was asked for.
pub(crate) const TRUNCATED: &str = "results truncated due to limit";

/// What a handler gives.
pub(crate) type Answer = Result<Success, ApiError>;

/// The kinds of errors, by Prometheus's `errorType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ErrorKind {
    /// The request makes no sense.
    BadData,
    /// The query failed on the data.
    Execution,
    /// The query was cancelled.
    Canceled,
    /// The query took too long.
    Timeout,
    /// The server failed.
    Internal,
    /// The server is set up not to do this.
    Unavailable,
}

impl ErrorKind {
    fn as_str(self) -> &'static str {
        match self {
            Self::BadData => "bad_data",
            Self::Execution => "execution",
            Self::Canceled => "canceled",
            Self::Timeout => "timeout",
            Self::Internal => "internal",
            Self::Unavailable => "unavailable",
        }
    }

    fn status(self) -> StatusCode {
        match self {
            Self::BadData => StatusCode::BAD_REQUEST,
            Self::Execution => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Canceled => StatusCode::from_u16(499).expect("499 is a status code"),
            Self::Timeout => StatusCode::SERVICE_UNAVAILABLE,
            // Prometheus has no code of its own for `unavailable` and answers 500.
            Self::Internal | Self::Unavailable => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

/// A request that is not answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ApiError {
    /// An error in the envelope.
    Refused {
        /// Decides the status code.
        kind: ErrorKind,
        /// The text of `error`.
        message: String,
    },
    /// The server does not serve yet, or no longer.
    NotReady(NotReady),
}

impl ApiError {
    /// An error of `kind`.
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self::Refused {
            kind,
            message: message.into(),
        }
    }

    /// The request makes no sense.
    pub(crate) fn bad_data(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::BadData, message)
    }

    /// A parameter makes no sense.
    pub(crate) fn bad_parameter(name: &str, why: impl std::fmt::Display) -> Self {
        Self::bad_data(format!("invalid parameter \"{name}\": {why}"))
    }

    /// The server failed; the causes of `error` are told too.
    pub(crate) fn internal(error: &dyn std::error::Error) -> Self {
        Self::new(ErrorKind::Internal, chain(error))
    }
}

/// An error and its causes in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

impl std::fmt::Display for ApiError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Refused { message, .. } => f.write_str(message),
            Self::NotReady(not_ready) => not_ready.fmt(f),
        }
    }
}

impl From<NoPlace> for ApiError {
    fn from(no_place: NoPlace) -> Self {
        let kind = match no_place {
            NoPlace::TimedOut | NoPlace::TooLate => ErrorKind::Timeout,
            NoPlace::Canceled => ErrorKind::Canceled,
        };
        Self::new(kind, no_place.to_string())
    }
}

impl From<NotReady> for ApiError {
    fn from(not_ready: NotReady) -> Self {
        Self::NotReady(not_ready)
    }
}

impl From<tokio::task::JoinError> for ApiError {
    /// Work on the blocking pool panicked, or the server is stopping.
    fn from(error: tokio::task::JoinError) -> Self {
        Self::internal(&error)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        match self {
            Self::NotReady(not_ready) => not_ready.into_response(),
            Self::Refused { kind, message } => {
                let mut body = format!(
                    "{{\"status\":\"error\",\"errorType\":\"{}\",\"error\":",
                    kind.as_str()
                );
                write_safe_text(&mut body, &message);
                body.push('}');
                json_response(kind.status(), body)
            }
        }
    }
}

/// An answer with data.
#[derive(Debug, Clone)]
pub(crate) struct Success {
    /// The envelope up to the end of `data`.
    body: String,
    warnings: Vec<String>,
    infos: Vec<String>,
}

impl Success {
    /// An answer whose `data` is what `write` appends.
    pub(crate) fn writing(write: impl FnOnce(&mut String)) -> Self {
        let mut body = String::from("{\"status\":\"success\",\"data\":");
        write(&mut body);
        Self {
            body,
            warnings: Vec::new(),
            infos: Vec::new(),
        }
    }

    /// An answer with small data.
    pub(crate) fn of(data: &impl Serialize) -> Self {
        let data = serde_json::to_string(data).expect("our twins have text keys and cannot fail");
        Self::writing(|out| out.push_str(&make_safe(&data)))
    }

    /// Adds warnings.
    pub(crate) fn warn(mut self, warnings: impl IntoIterator<Item = String>) -> Self {
        self.warnings.extend(warnings);
        self
    }

    /// Adds infos.
    pub(crate) fn inform(mut self, infos: impl IntoIterator<Item = String>) -> Self {
        self.infos.extend(infos);
        self
    }

    /// Adds the warning that the data was cut, if it was.
    pub(crate) fn truncated(self, truncated: bool) -> Self {
        self.warn(truncated.then(|| TRUNCATED.to_owned()))
    }
}

impl IntoResponse for Success {
    fn into_response(self) -> Response {
        let mut body = self.body;
        for (name, texts) in [("warnings", self.warnings), ("infos", self.infos)] {
            if !texts.is_empty() {
                body.push_str(",\"");
                body.push_str(name);
                body.push_str("\":");
                write_list(&mut body, &texts, |out, text| write_safe_text(out, text));
            }
        }
        body.push('}');
        json_response(StatusCode::OK, body)
    }
}

/// A body of JSON.
pub(crate) fn json_response(status: StatusCode, body: String) -> Response {
    let content_type = HeaderValue::from_static("application/json");
    (status, [(header::CONTENT_TYPE, content_type)], body).into_response()
}

//! HTTP connections of notifiers: what they send, and what an answer means.

use std::fmt::Write;

use engine_http_client::{BodyError, Request, RequestError, Response};
use engine_settings::HttpClientOptions;
use http::HeaderValue;
use http::header::{CONTENT_TYPE, USER_AGENT};
use url::Url;

use super::NotifyError;

/// What receivers see as the sender.
const AGENT: &str = concat!("weir/", env!("CARGO_PKG_VERSION"));
/// How much of an error's answer is kept for the log: enough for a sentence or a JSON error.
const ANSWER_BYTES_MAX: usize = 1024;

/// The options do not make a client.
#[derive(Debug, thiserror::Error)]
#[error("cannot set up an HTTP client for notifications")]
pub struct ClientError(#[source] engine_http_client::ClientError);

/// A client with its credentials, which are read anew for each request.
pub(super) struct HttpClient {
    client: engine_http_client::HttpClient,
}

impl HttpClient {
    pub(super) fn new(options: &HttpClientOptions) -> Result<Self, ClientError> {
        let client = engine_http_client::HttpClient::new(options).map_err(ClientError)?;
        Ok(Self { client })
    }

    /// Posts a JSON text. 2xx is success, 5xx and a broken connection may pass, the rest is final. No
    /// error repeats the URL, which may hold a token.
    pub(super) async fn post_json(&self, url: &str, body: String) -> Result<(), NotifyError> {
        let url = Url::parse(url).map_err(|error| NotifyError::Permanent(format!("not a URL: {error}")))?;
        let request = Request::post(url, body)
            .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .header(USER_AGENT, HeaderValue::from_static(AGENT));
        let answer = self.client.send(request).await.map_err(|error| match error {
            RequestError::Connection(text) => NotifyError::Temporary(text),
            RequestError::Invalid(_) => NotifyError::Permanent("the URL cannot be asked".to_owned()),
            other => NotifyError::Permanent(other.to_string()),
        })?;
        let status = answer.status;
        if status.is_success() {
            return Ok(());
        }
        let mut text = format!("unexpected status code {}", status.as_u16());
        let details = answer_text(answer).await;
        if !details.is_empty() {
            write!(text, ": {details}").expect("writing to a string cannot fail");
        }
        Err(match status.is_server_error() {
            true => NotifyError::Temporary(text),
            false => NotifyError::Permanent(text),
        })
    }
}

/// The content of a small file without surrounding white space.
pub(super) async fn read_trimmed(path: &std::path::Path) -> Result<String, NotifyError> {
    let text = tokio::fs::read_to_string(path)
        .await
        .map_err(|error| NotifyError::Permanent(format!("cannot read {}: {error}", path.display())))?;
    Ok(text.trim().to_owned())
}

/// The beginning of an answer's body; what cannot be read is left out.
async fn answer_text(mut answer: Response) -> String {
    let mut bytes = Vec::new();
    while let Ok::<_, BodyError>(Some(chunk)) = answer.chunk().await {
        let room = ANSWER_BYTES_MAX - bytes.len();
        bytes.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if bytes.len() == ANSWER_BYTES_MAX {
            break;
        }
    }
    String::from_utf8_lossy(&bytes).trim().to_owned()
}

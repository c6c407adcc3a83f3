//! HTTP connections of notifiers: a client made from the configured options, and what an answer means.

use std::error::Error as _;
use std::fmt::Write;

use engine_settings::{Authentication, HttpClientOptions, SecretSource, TextSource};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::redirect::Policy;

use super::NotifyError;

/// What receivers see as the sender.
const USER_AGENT: &str = concat!("weir/", env!("CARGO_PKG_VERSION"));
/// As many redirects as Go's client follows.
const REDIRECTS_MAX: usize = 10;
/// How much of an error's answer is kept for the log: enough for a sentence or a JSON error.
const ANSWER_BYTES_MAX: usize = 1024;

/// The options do not make a client.
#[derive(Debug, thiserror::Error)]
#[error("cannot set up an HTTP client for notifications")]
pub struct ClientError(#[source] reqwest::Error);

/// A client with its credentials, which are read anew for each request.
pub(super) struct HttpClient {
    client: reqwest::Client,
    authentication: Authentication,
}

impl HttpClient {
    pub(super) fn new(options: &HttpClientOptions) -> Result<Self, ClientError> {
        // An error says that a provider is installed already, which is all that is wanted.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let redirects = match options.follow_redirects {
            true => Policy::limited(REDIRECTS_MAX),
            false => Policy::none(),
        };
        let mut builder = reqwest::Client::builder()
            .user_agent(USER_AGENT)
            .redirect(redirects)
            // Proxies are configured, never taken from the environment.
            .no_proxy();
        if !options.enable_http2 {
            builder = builder.http1_only();
        }
        Ok(Self {
            client: builder.build().map_err(ClientError)?,
            authentication: options.authentication.clone(),
        })
    }

    /// Posts a JSON text. 2xx is success, 5xx and a broken connection may pass, the rest is final.
    pub(super) async fn post_json(&self, url: &str, body: String) -> Result<(), NotifyError> {
        let mut request = self
            .client
            .post(url)
            .header(CONTENT_TYPE, "application/json")
            .body(body);
        if let Some(value) = self.authorization().await? {
            request = request.header(AUTHORIZATION, value);
        }
        let answer = request.send().await.map_err(|error| {
            let text = describe(error.without_url());
            NotifyError::Temporary(text)
        })?;
        let status = answer.status();
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

    async fn authorization(&self) -> Result<Option<HeaderValue>, NotifyError> {
        let text = match &self.authentication {
            Authentication::None => return Ok(None),
            Authentication::Basic { username, password } => {
                let username = match username {
                    TextSource::Inline(text) => text.clone(),
                    TextSource::File(path) => read_trimmed(path).await?,
                };
                let password = match password {
                    Some(source) => secret(source).await?,
                    None => String::new(),
                };
                format!("Basic {}", base64(format!("{username}:{password}").as_bytes()))
            }
            Authentication::Header { kind, credentials } => match credentials {
                Some(source) => format!("{kind} {}", secret(source).await?),
                None => return Ok(None),
            },
        };
        let mut value = HeaderValue::from_str(&text).map_err(|_| {
            NotifyError::Permanent("credentials hold characters that a header cannot carry".to_owned())
        })?;
        value.set_sensitive(true);
        Ok(Some(value))
    }
}

async fn secret(source: &SecretSource) -> Result<String, NotifyError> {
    match source {
        SecretSource::Inline(secret) => Ok(secret.reveal().to_owned()),
        SecretSource::File(path) => read_trimmed(path).await,
    }
}

/// The content of a small file without surrounding white space.
pub(super) async fn read_trimmed(path: &std::path::Path) -> Result<String, NotifyError> {
    let text = tokio::fs::read_to_string(path)
        .await
        .map_err(|error| NotifyError::Permanent(format!("cannot read {}: {error}", path.display())))?;
    Ok(text.trim().to_owned())
}

/// An error with its causes: the client's own text leaves them out.
fn describe(error: reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        write!(text, ": {error}").expect("writing to a string cannot fail");
        cause = error.source();
    }
    text
}

/// The beginning of an answer's body; what cannot be read is left out.
async fn answer_text(mut answer: reqwest::Response) -> String {
    let mut bytes = Vec::new();
    while let Ok(Some(chunk)) = answer.chunk().await {
        let room = ANSWER_BYTES_MAX - bytes.len();
        bytes.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if bytes.len() == ANSWER_BYTES_MAX {
            break;
        }
    }
    String::from_utf8_lossy(&bytes).trim().to_owned()
}

fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let group =
            chunk.iter().fold(0u32, |all, byte| all << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for i in 0..4 {
            out.push(match i <= chunk.len() {
                true => char::from(ALPHABET[(group >> (18 - 6 * i) & 63) as usize]),
                false => '=',
            });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_of_each_length() {
        for (text, expected) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob\u{ff}", "Zm9vYsO/"),
        ] {
            assert_eq!(base64(text.as_bytes()), expected);
        }
    }
}

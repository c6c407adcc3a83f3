//! What a request carries for its peer alone: the `Authorization` header and the configured headers.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use engine_settings::{Authentication, HeaderSource, HttpClientOptions, SecretSource, TextSource};
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::error::{ClientError, RequestError};
use crate::oauth2::TokenSource;

/// Adds credentials to requests.
pub(crate) struct Credentials {
    authentication: Authentication,
    tokens: Option<TokenSource>,
    headers: Vec<(String, Vec<HeaderSource>)>,
}

impl Credentials {
    pub(crate) fn new(options: &HttpClientOptions) -> Result<Self, ClientError> {
        let tokens = match &options.authentication {
            Authentication::OAuth2(oauth2) => Some(TokenSource::new(oauth2)?),
            _ => None,
        };
        Ok(Self {
            authentication: options.authentication.clone(),
            tokens,
            headers: options.headers.clone(),
        })
    }

    /// Adds everything; files are read now, so that what is in them can rotate.
    pub(crate) async fn add(&self, headers: &mut HeaderMap) -> Result<(), RequestError> {
        for (name, sources) in &self.headers {
            let key = HeaderName::try_from(name.as_str())
                .map_err(|_| RequestError::Credentials(format!("{name:?} is not a header name")))?;
            headers.remove(&key);
            for source in sources {
                let (text, is_secret) = match source {
                    HeaderSource::Value(text) => (text.clone(), false),
                    HeaderSource::Secret(secret) => (secret.reveal().to_owned(), true),
                    HeaderSource::File(path) => (read_trimmed(path).await?, true),
                };
                headers.append(&key, value(name, &text, is_secret)?);
            }
        }
        if let Some(text) = self.authorization().await? {
            headers.insert(AUTHORIZATION, value("Authorization", &text, true)?);
        }
        Ok(())
    }

    /// The peer refused what it was shown.
    pub(crate) async fn refused(&self) {
        if let Some(tokens) = &self.tokens {
            tokens.forget().await;
        }
    }

    async fn authorization(&self) -> Result<Option<String>, RequestError> {
        Ok(match &self.authentication {
            Authentication::None => None,
            Authentication::Basic { username, password } => {
                let username = match username {
                    TextSource::Inline(text) => text.clone(),
                    TextSource::File(path) => read_trimmed(path).await?,
                };
                let password = match password {
                    Some(source) => secret(source).await?,
                    None => String::new(),
                };
                Some(basic(&username, &password))
            }
            Authentication::Header {
                credentials: None, ..
            } => None,
            Authentication::Header {
                kind,
                credentials: Some(source),
            } => Some(format!("{kind} {}", secret(source).await?)),
            Authentication::OAuth2(_) => match &self.tokens {
                Some(tokens) => Some(tokens.authorization().await?),
                None => None,
            },
        })
    }
}

/// `Basic …` of a user and a password.
pub(crate) fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

fn value(name: &str, text: &str, is_secret: bool) -> Result<HeaderValue, RequestError> {
    let mut value = HeaderValue::from_str(text).map_err(|_| {
        RequestError::Credentials(format!(
            "the value of the header {name} holds characters that a header cannot carry"
        ))
    })?;
    value.set_sensitive(is_secret);
    Ok(value)
}

pub(crate) async fn secret(source: &SecretSource) -> Result<String, RequestError> {
    match source {
        SecretSource::Inline(secret) => Ok(secret.reveal().to_owned()),
        SecretSource::File(path) => read_trimmed(path).await,
    }
}

async fn read_trimmed(path: &Path) -> Result<String, RequestError> {
    match tokio::fs::read_to_string(path).await {
        Ok(text) => Ok(text.trim().to_owned()),
        Err(error) => Err(RequestError::Credentials(format!(
            "unable to read credentials file {}: {error}",
            path.display()
        ))),
    }
}

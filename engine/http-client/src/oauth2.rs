//! OAuth 2.0 tokens, by client credentials or by a signed statement: fetched once, kept until they expire.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use engine_settings::{Grant, HttpClientOptions, JwtBearer, OAuth2};
use http::HeaderValue;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use tokio::sync::Mutex;
use tokio::time::Instant;
use url::form_urlencoded;

use crate::client::HttpClient;
use crate::credentials::{basic, secret};
use crate::error::{ClientError, RequestError};
use crate::jwt;
use crate::request::Request;

/// A token is renewed this long before it expires, so that none expires on its way.
const EXPIRY_MARGIN: Duration = Duration::from_secs(10);
/// What the JWT bearer grant is called on the wire.
const JWT_BEARER_GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// Answers of token servers are small: tokens of a few KiB and some words.
const ANSWER_BYTES_MAX: u64 = 1 << 20;

/// Where the tokens of one client come from.
pub(crate) struct TokenSource {
    options: OAuth2,
    client: HttpClient,
    /// One request for a token at a time: the others wait for its answer.
    kept: Mutex<Option<Token>>,
}

struct Token {
    authorization: String,
    /// `None` for a token that says nothing of its end.
    expires: Option<Instant>,
    /// What it was given for: a rotated secret asks for another.
    secret: String,
}

#[derive(Deserialize)]
struct Answer {
    access_token: String,
    #[serde(default)]
    token_type: String,
    #[serde(default)]
    expires_in: serde_json::Value,
}

impl TokenSource {
    pub(crate) fn new(options: &OAuth2) -> Result<Self, ClientError> {
        let client = HttpClientOptions {
            tls: options.tls.clone(),
            proxy: options.proxy.clone(),
            ..HttpClientOptions::default()
        };
        Ok(Self {
            options: options.clone(),
            client: HttpClient::new(&client)?,
            kept: Mutex::default(),
        })
    }

    /// What the `Authorization` header says.
    pub(crate) async fn authorization(&self) -> Result<String, RequestError> {
        let mut kept = self.kept.lock().await;
        let source = match &self.options.grant {
            Grant::ClientCredentials => &self.options.client_secret,
            Grant::JwtBearer(grant) => &grant.key,
        };
        let secret = match source {
            Some(source) => secret(source).await?,
            None => String::new(),
        };
        let is_valid = |token: &Token| {
            let lives = token
                .expires
                .is_none_or(|end| Instant::now() + EXPIRY_MARGIN < end);
            lives && token.secret == secret
        };
        if let Some(token) = kept.as_ref().filter(|token| is_valid(token)) {
            return Ok(token.authorization.clone());
        }
        *kept = None;
        let token = self.fetch(secret).await?;
        Ok(kept.insert(token).authorization.clone())
    }

    /// Drops the token that a peer refused.
    pub(crate) async fn forget(&self) {
        *self.kept.lock().await = None;
    }

    /// Servers want the client's name in a header or in the body and do not say which: the header is the
    /// standard's choice and tried first.
    async fn fetch(&self, secret: String) -> Result<Token, RequestError> {
        if let Grant::JwtBearer(grant) = &self.options.grant {
            let form = self.statement_form(grant, &secret)?;
            return self.ask(form, &secret, false).await;
        }
        let first = self.ask(self.secret_form(&secret, true), &secret, true).await;
        match first {
            Err(RequestError::Credentials(_)) => {
                let form = self.secret_form(&secret, false);
                self.ask(form, &secret, false).await
            }
            other => other,
        }
    }

    async fn ask(&self, form: String, secret: &str, in_header: bool) -> Result<Token, RequestError> {
        let options = &self.options;
        let mut request = Request::post(options.token_url.clone(), form)
            .header(
                CONTENT_TYPE,
                HeaderValue::from_static("application/x-www-form-urlencoded"),
            )
            .header(ACCEPT, HeaderValue::from_static("application/json"));
        if in_header {
            let escape = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
            let text = basic(&escape(&options.client_id), &escape(secret));
            let value = HeaderValue::from_str(&text);
            let mut value = value.map_err(|error| RequestError::Invalid(error.to_string()))?;
            value.set_sensitive(true);
            request = request.header(AUTHORIZATION, value);
        }
        // Boxed: a client's request may ask for a token, which is a client's request.
        let mut response = Box::pin(self.client.send(request))
            .await
            .map_err(|error| match error {
                RequestError::Connection(text) => {
                    RequestError::Connection(format!("oauth2: cannot fetch a token: {text}"))
                }
                other => other,
            })?;
        let refused =
            |what: String| RequestError::Credentials(format!("oauth2: cannot fetch a token: {what}"));
        if !response.status.is_success() {
            return Err(refused(format!(
                "the token server returned HTTP status {}",
                response.status
            )));
        }
        let mut body = Vec::new();
        let read = response.read(&mut body, ANSWER_BYTES_MAX).await;
        read.map_err(|error| refused(error.to_string()))?;
        let answer: Answer = serde_json::from_slice(&body)
            .map_err(|error| refused(format!("the answer is no token: {error}")))?;
        let expires = lifetime(&answer.expires_in).map(|lifetime| Instant::now() + lifetime);
        Ok(Token {
            authorization: format!("{} {}", scheme(&answer.token_type), answer.access_token),
            expires,
            secret: secret.to_owned(),
        })
    }

    /// A statement that is signed now.
    fn statement_form(&self, grant: &JwtBearer, key_pem: &str) -> Result<String, RequestError> {
        let fault = |why: String| RequestError::Credentials(format!("oauth2: {why}"));
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let mut id = [0; 16];
        let random = rustls::crypto::ring::default_provider().secure_random;
        random
            .fill(&mut id)
            .map_err(|_| fault("the system gives no random numbers".to_owned()))?;
        let id: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
        let assertion = jwt::assertion(&self.options, grant, key_pem, now.as_secs(), &id).map_err(fault)?;
        let options = &self.options;
        let grant_type = options.endpoint_params.get("grant_type");
        let mut form = form_urlencoded::Serializer::new(String::new());
        // Servers that know the grant by another name are served too, as Prometheus does.
        form.append_pair("grant_type", grant_type.map_or(JWT_BEARER_GRANT, String::as_str));
        form.append_pair("assertion", &assertion);
        if !options.scopes.is_empty() {
            form.append_pair("scope", &options.scopes.join(" "));
        }
        for (name, value) in &options.endpoint_params {
            match name.as_str() {
                "grant_type" => {}
                "assertion" | "scope" => return Err(fault(format!("cannot overwrite parameter {name:?}"))),
                _ => drop(form.append_pair(name, value)),
            }
        }
        Ok(form.finish())
    }

    fn secret_form(&self, secret: &str, in_header: bool) -> String {
        let options = &self.options;
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "client_credentials");
        if !options.scopes.is_empty() {
            form.append_pair("scope", &options.scopes.join(" "));
        }
        form.extend_pairs(&options.endpoint_params);
        if !in_header {
            form.append_pair("client_id", &options.client_id);
            form.append_pair("client_secret", secret);
        }
        form.finish()
    }
}

/// Seconds as a number, or as text, which some servers send; 0 says nothing.
fn lifetime(value: &serde_json::Value) -> Option<Duration> {
    /// A token that lives longer is renewed after a year: adding more to a clock may not be possible.
    const SECONDS_MAX: u64 = 365 * 86_400;
    let seconds = value.as_u64().or_else(|| value.as_str()?.parse().ok())?;
    (seconds > 0).then(|| Duration::from_secs(seconds.min(SECONDS_MAX)))
}

/// The word before the token, in the case that servers expect.
fn scheme(token_type: &str) -> &str {
    match token_type {
        "" => "Bearer",
        word if word.eq_ignore_ascii_case("bearer") => "Bearer",
        word => word,
    }
}

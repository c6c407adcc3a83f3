//! HTTP client options, the keys that scraping, discovery and every notifier share, as Prometheus reads
//! them: authentication, TLS, proxies, headers, redirects, HTTP/2.

mod authentication;
mod headers;
mod jwt_bearer;
mod oauth2;
mod proxy;
mod tls;

use std::path::PathBuf;

pub use authentication::Authentication;
pub use headers::HeaderSource;
pub use jwt_bearer::{JwtAlgorithm, JwtBearer};
pub use oauth2::{Grant, OAuth2};
pub use proxy::{ProxyChoice, ProxyOptions};
pub use tls::{TlsOptions, TlsVersion};

use crate::decode::{Field, Mapping};
use crate::diagnostics::Error;
use crate::secret::Secret;

/// How requests are made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpClientOptions {
    /// Follow 3xx answers (default true).
    pub follow_redirects: bool,
    /// Offer HTTP/2 (default true; remote write overrides it).
    pub enable_http2: bool,
    /// What the `Authorization` header says.
    pub authentication: Authentication,
    /// Certificates and versions.
    pub tls: TlsOptions,
    /// What stands between.
    pub proxy: ProxyOptions,
    /// Further headers, in file order; each value is sent as a line of its own.
    pub headers: Vec<(String, Vec<HeaderSource>)>,
}

/// A text in the configuration or in a file that is read for each request, so that it can rotate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextSource {
    /// Written in the configuration.
    Inline(String),
    /// The content of a file without surrounding white space.
    File(PathBuf),
}

impl TextSource {
    /// `key` or `key_file` of a mapping, at most one of them.
    pub fn decode(mapping: &Mapping<'_>, key: &str) -> Result<Option<Self>, Error> {
        let file_key = format!("{key}_file");
        mapping.at_most_one(&[key, &file_key])?;
        if let Some(path) = mapping.get(&file_key, Field::path_of_file)? {
            return Ok(Some(Self::File(path)));
        }
        Ok(mapping.get(key, Field::string)?.map(Self::Inline))
    }
}

/// A secret in the configuration or in a file that is read for each request, so that it can rotate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretSource {
    /// Written in the configuration.
    Inline(Secret),
    /// The content of a file without surrounding white space.
    File(PathBuf),
}

impl SecretSource {
    /// `key` or `key_file` of a mapping, at most one of them.
    pub fn decode(mapping: &Mapping<'_>, key: &str) -> Result<Option<Self>, Error> {
        let file_key = format!("{key}_file");
        mapping.at_most_one(&[key, &file_key])?;
        if let Some(path) = mapping.get(&file_key, Field::path_of_file)? {
            return Ok(Some(Self::File(path)));
        }
        Ok(mapping.get(key, Field::secret)?.map(Self::Inline))
    }
}

impl Default for HttpClientOptions {
    fn default() -> Self {
        Self {
            follow_redirects: true,
            enable_http2: true,
            authentication: Authentication::None,
            tls: TlsOptions::default(),
            proxy: ProxyOptions::default(),
            headers: Vec::new(),
        }
    }
}

impl HttpClientOptions {
    /// Reads the options that stand among the keys of a mapping (a scrape config); the caller
    /// finishes the mapping.
    pub fn decode_inline(mapping: &Mapping<'_>) -> Result<Self, Error> {
        Ok(Self {
            follow_redirects: mapping.get_or("follow_redirects", Field::bool, true)?,
            enable_http2: mapping.get_or("enable_http2", Field::bool, true)?,
            authentication: Authentication::decode(mapping)?,
            tls: mapping.get_or("tls_config", TlsOptions::decode, TlsOptions::default())?,
            proxy: ProxyOptions::decode_inline(mapping)?,
            headers: mapping.get_or("http_headers", headers::decode, Vec::new())?,
        })
    }

    /// Reads a mapping of its own (`http_config`).
    pub fn decode(field: Field<'_>) -> Result<Self, Error> {
        let mapping = field.mapping()?;
        let options = Self::decode_inline(&mapping)?;
        mapping.finish()?;
        Ok(options)
    }
}

#[cfg(test)]
mod tests;

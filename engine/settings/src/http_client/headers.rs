//! `http_headers`: values in the file, hidden values, and values in files of their own.

use std::path::PathBuf;

use crate::decode::Field;
use crate::diagnostics::Error;
use crate::secret::Secret;

/// Headers that the client sets itself, as Prometheus reserves them.
const RESERVED: [&str; 18] = [
    "authorization",
    "host",
    "content-encoding",
    "content-length",
    "content-type",
    "user-agent",
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "www-authenticate",
    "accept-encoding",
    "x-prometheus-remote-write-version",
    "x-prometheus-remote-read-version",
    "x-prometheus-scrape-timeout-seconds",
    "x-amz-date",
    "x-amz-security-token",
    "x-amz-content-sha256",
];

/// One value of a header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HeaderSource {
    /// Written in the configuration and shown.
    Value(String),
    /// Written in the configuration and hidden.
    Secret(Secret),
    /// The content of a file without surrounding white space, read for each request.
    File(PathBuf),
}

pub(super) fn decode(field: Field<'_>) -> Result<Vec<(String, Vec<HeaderSource>)>, Error> {
    let header = |(name, field): (String, Field<'_>)| {
        if RESERVED.contains(&name.to_ascii_lowercase().as_str()) {
            return Err(field.error_at_key(format!("setting header {name:?} is not allowed; remove it")));
        }
        let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        if name.is_empty() || !name.bytes().all(is_token) {
            return Err(field.error_at_key(format!("{name:?} is not a valid header name")));
        }
        let mapping = field.mapping()?;
        let values = mapping.get_or("values", Field::strings, Vec::new())?;
        let secrets = mapping.get_or("secrets", |list| list.list(Field::secret), Vec::new())?;
        let files = mapping.get_or("files", |list| list.list(Field::path_of_file), Vec::new())?;
        mapping.finish()?;
        let values = values.into_iter().map(HeaderSource::Value);
        let secrets = secrets.into_iter().map(HeaderSource::Secret);
        let files = files.into_iter().map(HeaderSource::File);
        Ok((name, values.chain(secrets).chain(files).collect()))
    };
    field.entries()?.into_iter().map(header).collect()
}

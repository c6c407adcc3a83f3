//! What the headers of a request say: which message, which compression. Absent headers mean version
//! 1.0 and snappy, as in Prometheus.

use std::str::FromStr;

use connectors_formats::remote_write::{v1, v2};
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};

const MEDIA_TYPE: &str = "application/x-protobuf";

/// A version of the protocol, told by the name of its message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// `prometheus.WriteRequest`.
    V1,
    /// `io.prometheus.write.v2.Request`.
    V2,
}

impl Version {
    /// All versions.
    pub const ALL: [Self; 2] = [Self::V1, Self::V2];

    /// The name of the version's message, as in content types and in the configuration.
    pub fn message_name(self) -> &'static str {
        match self {
            Self::V1 => v1::MESSAGE_NAME,
            Self::V2 => v2::MESSAGE_NAME,
        }
    }
}

impl FromStr for Version {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|version| version.message_name() == text)
            .ok_or_else(|| {
                let names = Self::ALL.map(Self::message_name);
                format!(
                    "unknown remote write message {text}; choose from {}",
                    names.join(", ")
                )
            })
    }
}

/// Why the headers are refused, with status 415.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unsupported {
    #[error("expected {MEDIA_TYPE} as the first (media) part, got {0} content-type")]
    MediaType(String),
    #[error(
        "expected content-type parameters to be key-values, got {parameter} in {content_type} content-type"
    )]
    Parameter { parameter: String, content_type: String },
    #[error(
        "got {content_type} content type; unknown type for remote write protobuf message {message}, supported: {}",
        Version::ALL.map(Version::message_name).join(", ")
    )]
    Message { message: String, content_type: String },
    #[error("{message} protobuf message is not accepted by this server; only accepts {accepted}")]
    NotAccepted { message: &'static str, accepted: String },
    #[error("{0} encoding (compression) is not accepted by this server; only snappy is acceptable")]
    Encoding(String),
}

/// The version of a request, which must be one of `accepted`.
pub(super) fn version(headers: &HeaderMap, accepted: &[Version]) -> Result<Version, Unsupported> {
    let version = message(&text(headers, CONTENT_TYPE))?;
    if !accepted.contains(&version) {
        let accepted: Vec<_> = accepted.iter().map(|version| version.message_name()).collect();
        return Err(Unsupported::NotAccepted {
            message: version.message_name(),
            accepted: accepted.join(", "),
        });
    }
    let encoding = text(headers, CONTENT_ENCODING);
    match encoding.as_str() {
        "" | "snappy" => Ok(version),
        _ => Err(Unsupported::Encoding(encoding)),
    }
}

fn text(headers: &HeaderMap, name: http::HeaderName) -> String {
    headers.get(name).map_or_else(String::new, |value| {
        String::from_utf8_lossy(value.as_bytes()).trim().to_owned()
    })
}

/// The message that a content type names; 1.0 when it names none.
fn message(content_type: &str) -> Result<Version, Unsupported> {
    if content_type.is_empty() {
        return Ok(Version::V1);
    }
    let mut parts = content_type.split(';').map(str::trim);
    if parts.next() != Some(MEDIA_TYPE) {
        return Err(Unsupported::MediaType(content_type.to_owned()));
    }
    for part in parts {
        let Some((name, value)) = part.split_once('=') else {
            return Err(Unsupported::Parameter {
                parameter: part.to_owned(),
                content_type: content_type.to_owned(),
            });
        };
        if name == "proto" {
            return value.parse().map_err(|_| Unsupported::Message {
                message: value.to_owned(),
                content_type: content_type.to_owned(),
            });
        }
    }
    Ok(Version::V1)
}

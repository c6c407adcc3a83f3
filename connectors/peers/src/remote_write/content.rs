//! What the headers of a request say: which message, which compression. Absent headers mean version
//! 1.0 and snappy, as in Prometheus.

use connectors_formats::remote_write::v1;
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};

const MEDIA_TYPE: &str = "application/x-protobuf";
const V2_MESSAGE_NAME: &str = "io.prometheus.write.v2.Request";

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
        v1::MESSAGE_NAME
    )]
    Message { message: String, content_type: String },
    #[error(
        "{V2_MESSAGE_NAME} protobuf message is not accepted by this server; only accepts {}",
        v1::MESSAGE_NAME
    )]
    Version2,
    #[error("{0} encoding (compression) is not accepted by this server; only snappy is acceptable")]
    Encoding(String),
}

/// Checks the headers of a request.
pub(super) fn check(headers: &HeaderMap) -> Result<(), Unsupported> {
    let text = |name| {
        headers
            .get(name)
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    if let Some(encoding) = text(CONTENT_ENCODING)
        && !matches!(encoding.as_str(), "" | "snappy")
    {
        return Err(Unsupported::Encoding(encoding));
    }
    let content_type = text(CONTENT_TYPE).unwrap_or_default();
    let content_type = content_type.trim();
    if content_type.is_empty() {
        return Ok(());
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
        match (name, value) {
            ("proto", v1::MESSAGE_NAME) => return Ok(()),
            ("proto", V2_MESSAGE_NAME) => return Err(Unsupported::Version2),
            ("proto", message) => {
                return Err(Unsupported::Message {
                    message: message.to_owned(),
                    content_type: content_type.to_owned(),
                });
            }
            _ => {}
        }
    }
    Ok(())
}

//! Which format a body is in: strict since Prometheus 3.0, a wrong type fails the scrape.

use connectors_formats::exposition::Format;

use super::config::ScrapeProtocol;

/// The format that a `Content-Type` names, or the fallback's where it names none.
///
/// # Errors
/// What is wrong with it, for the target's `lastError`.
pub(super) fn format_of(
    content_type: Option<&str>,
    fallback: Option<ScrapeProtocol>,
) -> Result<Format, String> {
    let content_type = content_type.unwrap_or("");
    let media_type = content_type.split(';').next().unwrap_or("");
    let known = match media_type.trim().to_ascii_lowercase().as_str() {
        "text/plain" => Some(Format::PrometheusText),
        "application/openmetrics-text" => Some(Format::OpenMetricsText),
        "application/vnd.google.protobuf" => Some(Format::PrometheusProto),
        _ => None,
    };
    match (known, fallback) {
        (Some(format), _) => Ok(format),
        (None, Some(fallback)) => Ok(fallback.format()),
        (None, None) if content_type.is_empty() => Err(
            "non-compliant scrape target sending blank Content-Type and no fallback_scrape_protocol specified \
             for target"
                .to_owned(),
        ),
        (None, None) => Err(format!(
            "received unsupported Content-Type {content_type:?} and no fallback_scrape_protocol specified for target"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strict_as_prometheus() {
        use Format::{OpenMetricsText, PrometheusProto, PrometheusText};
        let proto = Some(ScrapeProtocol::PrometheusProto);
        let text = Some(ScrapeProtocol::PrometheusText004);
        for (content_type, fallback, expected) in [
            (
                Some("text/plain; version=0.0.4; charset=utf-8"),
                None,
                Some(PrometheusText),
            ),
            (Some("Text/Plain"), proto, Some(PrometheusText)),
            (
                Some("application/openmetrics-text; version=1.0.0; charset=utf-8"),
                text,
                Some(OpenMetricsText),
            ),
            (
                Some(
                    "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited",
                ),
                None,
                Some(PrometheusProto),
            ),
            (Some("text/html"), None, None),
            (Some("text/html"), text, Some(PrometheusText)),
            (Some("text/plainer"), None, None),
            (Some(""), None, None),
            (None, None, None),
            (None, proto, Some(PrometheusProto)),
            (Some("application/json"), None, None),
        ] {
            let format = format_of(content_type, fallback).ok();
            assert_eq!(format, expected, "{content_type:?} {fallback:?}");
        }
    }
}

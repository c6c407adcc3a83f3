//! Which parser reads a body: strict since Prometheus 3.0, a wrong type fails the scrape.

/// Checks a `Content-Type`; only text in Prometheus's format can be read.
///
/// # Errors
/// What is wrong with it, for the target's `lastError`.
pub(super) fn check(content_type: Option<&str>, fallback_to_text: bool) -> Result<(), String> {
    let content_type = content_type.unwrap_or("");
    if content_type.is_empty() {
        return match fallback_to_text {
            true => Ok(()),
            false => Err(
                "non-compliant scrape target sending blank Content-Type and no fallback_scrape_protocol specified \
                 for target"
                    .to_owned(),
            ),
        };
    }
    let media_type = content_type
        .split(';')
        .next()
        .unwrap_or("")
        .trim()
        .to_ascii_lowercase();
    match media_type.as_str() {
        "text/plain" => Ok(()),
        "application/openmetrics-text" | "application/vnd.google.protobuf" => Err(format!(
            "received Content-Type {content_type:?}, which this version of weir cannot read; let the target serve \
             text/plain; version=0.0.4"
        )),
        _ if fallback_to_text => Ok(()),
        _ => Err(format!(
            "received unsupported Content-Type {content_type:?} and no fallback_scrape_protocol specified for target"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strict_as_prometheus() {
        for (content_type, fallback, ok) in [
            (Some("text/plain; version=0.0.4; charset=utf-8"), false, true),
            (Some("Text/Plain"), false, true),
            (Some("text/html"), false, false),
            (Some("text/html"), true, true),
            (Some("text/plainer"), false, false),
            (Some(""), false, false),
            (None, false, false),
            (None, true, true),
            (Some("application/openmetrics-text; version=1.0.0"), true, false),
            (Some("application/json"), false, false),
        ] {
            assert_eq!(
                check(content_type, fallback).is_ok(),
                ok,
                "{content_type:?} {fallback}"
            );
        }
    }
}

//! Instants and texts as Go's JSON writes them, for the twins of this crate.

use std::collections::BTreeMap;

use engine_model::Labels;
use engine_model::time::format_rfc3339_ms;

/// What Go writes for an instant that has not been.
const NEVER: &str = "0001-01-01T00:00:00Z";

/// RFC 3339 of an instant; Go's zero time when it has not been.
pub(crate) fn instant(ms: Option<i64>) -> String {
    ms.map_or_else(|| NEVER.to_owned(), format_rfc3339_ms)
}

/// An instant from RFC 3339; Go's zero time counts as absent.
pub(crate) fn parse_instant(text: &str) -> Result<Option<i64>, String> {
    if text == NEVER {
        return Ok(None);
    }
    // Numbers are instants elsewhere, but not here.
    let ms = engine_model::time::parse_time_ms(text).filter(|_| text.contains(['T', 't']));
    ms.map(Some)
        .ok_or_else(|| format!("{text:?} is not an RFC 3339 time"))
}

/// A label set as a twin has it.
pub(crate) fn labels_map(labels: &Labels) -> BTreeMap<&str, &str> {
    labels.iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_both_ways() {
        for (text, ms) in [
            (NEVER, None),
            ("2015-07-01T20:10:30.781Z", Some(1_435_781_430_781)),
        ] {
            assert_eq!(parse_instant(text), Ok(ms));
            assert_eq!(instant(ms), text);
        }
        for text in ["", "1435781430", "yesterday"] {
            assert!(parse_instant(text).is_err(), "{text}");
        }
    }
}

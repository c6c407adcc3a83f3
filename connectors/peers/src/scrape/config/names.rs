//! Which names of metrics and labels are valid, and how a target is to escape others.

use connectors_formats::escaping::EscapingScheme;
use engine_settings::{Error, Field, Mapping};

/// Which names a scrape may bring.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NameValidation {
    /// Any UTF-8 that is not empty.
    #[default]
    Utf8,
    /// `[a-zA-Z_:][a-zA-Z0-9_:]*`, without colons in label names.
    Legacy,
}

/// `metric_name_validation_scheme` and `metric_name_escaping_scheme`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NameScheme {
    /// Which names are valid.
    pub validation: NameValidation,
    /// How others are escaped.
    pub escaping: EscapingScheme,
}

impl NameScheme {
    /// Reads both keys. An escaping that is not written follows from a validation that is, and otherwise is
    /// inherited with it.
    pub(super) fn decode(mapping: &Mapping<'_>, inherited: Self) -> Result<Self, Error> {
        let validation = mapping.get("metric_name_validation_scheme", |field| {
            word(
                field,
                &[("utf8", NameValidation::Utf8), ("legacy", NameValidation::Legacy)],
            )
        })?;
        let escaping = mapping.get("metric_name_escaping_scheme", |field| {
            word(
                field,
                &EscapingScheme::ALL.map(|scheme| (scheme.as_str(), scheme)),
            )
        })?;
        let implied = match validation.flatten() {
            None => inherited,
            Some(NameValidation::Utf8) => Self::default(),
            Some(NameValidation::Legacy) => Self {
                validation: NameValidation::Legacy,
                escaping: EscapingScheme::Underscores,
            },
        };
        let scheme = Self {
            escaping: escaping.flatten().unwrap_or(implied.escaping),
            ..implied
        };
        let refused = Self {
            validation: NameValidation::Legacy,
            escaping: EscapingScheme::AllowUtf8,
        };
        match scheme == refused {
            true => Err(super::global::at(
                mapping,
                "metric_name_escaping_scheme",
                "utf8 metric names requested but validation scheme is not set to UTF8",
            )),
            false => Ok(scheme),
        }
    }
}

/// One of `words`; an empty word counts as not written.
fn word<T: Clone>(field: Field<'_>, words: &[(&str, T)]) -> Result<Option<T>, Error> {
    match field.clone().string()?.is_empty() {
        true => Ok(None),
        false => field.one_of(words).map(Some),
    }
}

/// Whether a metric name is valid in the older grammar.
pub(in crate::scrape) fn is_legacy_metric_name(name: &str) -> bool {
    legacy(name, true)
}

/// Whether a label name is valid in the older grammar.
pub(in crate::scrape) fn is_legacy_label_name(name: &str) -> bool {
    legacy(name, false)
}

fn legacy(name: &str, colons: bool) -> bool {
    let starts = name.bytes().next().is_some_and(|first| !first.is_ascii_digit());
    let valid = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || (colons && byte == b':');
    starts && name.bytes().all(valid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_older_grammar() {
        for (name, metric, label) in [
            ("a_b1", true, true),
            ("a:b", true, false),
            ("1a", false, false),
            ("", false, false),
            ("a.b", false, false),
            ("é", false, false),
        ] {
            assert_eq!(is_legacy_metric_name(name), metric, "{name}");
            assert_eq!(is_legacy_label_name(name), label, "{name}");
        }
    }
}

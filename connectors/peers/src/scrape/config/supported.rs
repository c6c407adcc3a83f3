//! Options whose only supported value is the one that Prometheus has by default, and the protocols
//! that can be asked for.

use engine_settings::{Error, Field, Mapping};

/// Every protocol of Prometheus; those we parse have the media type that asks for them.
const PROTOCOLS: [(&str, Option<&str>); 5] = [
    ("PrometheusProto", None),
    ("OpenMetricsText0.0.1", None),
    ("OpenMetricsText1.0.0", None),
    (
        "PrometheusText1.0.0",
        Some("text/plain;version=1.0.0;escaping=allow-utf-8"),
    ),
    ("PrometheusText0.0.4", Some("text/plain;version=0.0.4")),
];

/// What targets are asked for when `scrape_protocols` is not written.
pub(super) fn default_protocols() -> Vec<&'static str> {
    PROTOCOLS
        .iter()
        .filter_map(|(_, media_type)| *media_type)
        .collect()
}

/// One protocol word as the media type that asks for it.
pub(super) fn protocol(field: Field<'_>) -> Result<&'static str, Error> {
    let word = field.clone().string()?;
    match PROTOCOLS.iter().find(|(name, _)| *name == word) {
        Some((_, Some(media_type))) => Ok(media_type),
        Some((_, None)) => Err(field.error(format!(
            "scrape protocol {word:?} is not supported by this version of weir; use PrometheusText1.0.0 or \
             PrometheusText0.0.4"
        ))),
        None => {
            let names: Vec<&str> = PROTOCOLS.iter().map(|(name, _)| *name).collect();
            Err(field.error(format!(
                "unknown scrape protocol {word:?}, supported: {}",
                names.join(", ")
            )))
        }
    }
}

/// `scrape_protocols`: not empty, no repetitions.
pub(super) fn protocols(field: Field<'_>) -> Result<Vec<&'static str>, Error> {
    let list = field.clone().list(protocol)?;
    if list.is_empty() {
        return Err(field.error("scrape_protocols cannot be empty; remove the key or name a protocol"));
    }
    for (i, media_type) in list.iter().enumerate() {
        if list[..i].contains(media_type) {
            return Err(field.error("duplicated protocol in scrape_protocols; remove one"));
        }
    }
    Ok(list)
}

/// Reads the options of global and of a job that exist for native histograms and for the escaping of
/// names: the default value passes, any other is refused.
pub(super) fn refuse_other_than_default(mapping: &Mapping<'_>) -> Result<(), Error> {
    for key in [
        "scrape_native_histograms",
        "always_scrape_classic_histograms",
        "convert_classic_histograms_to_nhcb",
    ] {
        if let Some(field) = mapping.optional(key)
            && field.clone().bool()?
        {
            field.record(not_supported(&field, key, "native histograms"));
        }
    }
    for (key, only) in [
        ("metric_name_validation_scheme", "utf8"),
        ("metric_name_escaping_scheme", "allow-utf-8"),
    ] {
        if let Some(field) = mapping.optional(key) {
            let word = field.clone().string()?;
            if !word.is_empty() && word != only {
                field.record(not_supported(
                    &field,
                    &format!("{key}: {word}"),
                    "other name schemes",
                ));
            }
        }
    }
    mapping.not_supported(&["scrape_failure_log_file"]);
    Ok(())
}

fn not_supported(field: &Field<'_>, what: &str, why: &str) -> Error {
    field.error(format!(
        "\"{what}\" is not supported by this version of weir, which has no {why} yet; remove it"
    ))
}

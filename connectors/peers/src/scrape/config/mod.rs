//! `scrape_configs` and the parts of `global` that they inherit, read and validated as Prometheus does.
//! Keys of Prometheus that this version does not have are refused by name, with line and column.

mod global;
mod histograms;
mod job;
mod names;
mod protocol;
mod relabel;

pub use global::GlobalScrape;
pub use histograms::HistogramOptions;
pub use job::{ScrapeConfig, StaticGroup};
pub use names::{NameScheme, NameValidation};
pub(super) use names::{is_legacy_label_name, is_legacy_metric_name};
pub use protocol::ScrapeProtocol;
pub(super) use protocol::default_protocols;
pub use relabel::decode_rules;

use engine_settings::{Error, Field, Mapping};

/// Limits of a scrape; 0 means none, as in the file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Limits {
    /// Bytes of a body after decompression; reaching it fails the scrape.
    pub body_bytes: u64,
    /// Samples after metric relabelling.
    pub samples: u64,
    /// Series of the job, all its targets together; those beyond are not taken.
    pub series: u64,
    /// Targets of the job after relabelling.
    pub targets: u64,
    /// Labels of a series.
    pub labels: u64,
    /// Bytes of a label name.
    pub label_name_bytes: u64,
    /// Bytes of a label value.
    pub label_value_bytes: u64,
}

impl Limits {
    /// Reads the limit keys of a mapping; what is absent or 0 is taken from `inherited`.
    fn decode(mapping: &Mapping<'_>, inherited: &Self) -> Result<Self, Error> {
        let limit = |key: &str, default: u64| -> Result<u64, Error> {
            let written = mapping.get_or(key, Field::u64, 0)?;
            Ok(if written == 0 { default } else { written })
        };
        let body_bytes = mapping.get_or("body_size_limit", Field::byte_size, 0)?;
        Ok(Self {
            body_bytes: if body_bytes == 0 {
                inherited.body_bytes
            } else {
                body_bytes
            },
            samples: limit("sample_limit", inherited.samples)?,
            series: limit("series_limit", inherited.series)?,
            targets: limit("target_limit", inherited.targets)?,
            labels: limit("label_limit", inherited.labels)?,
            label_name_bytes: limit("label_name_length_limit", inherited.label_name_bytes)?,
            label_value_bytes: limit("label_value_length_limit", inherited.label_value_bytes)?,
        })
    }
}

#[cfg(test)]
mod tests;

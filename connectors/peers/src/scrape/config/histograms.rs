//! What is done with histograms: kept as native ones, as classic series, or made into native ones.

use engine_settings::{Error, Field, Mapping};

/// The three options of `global` and of a job; a target's labels can override each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HistogramOptions {
    /// `scrape_native_histograms`: native histograms are stored.
    pub native: bool,
    /// `always_scrape_classic_histograms`: classic series are stored also where a native histogram is.
    pub always_classic: bool,
    /// `convert_classic_histograms_to_nhcb`: classic histograms are stored as native ones with their bounds.
    pub classic_to_custom: bool,
}

impl HistogramOptions {
    /// Reads the keys; what is not written is inherited.
    pub(super) fn decode(mapping: &Mapping<'_>, inherited: Self) -> Result<Self, Error> {
        let option = |key, inherited| mapping.get_or(key, Field::bool, inherited);
        Ok(Self {
            native: option("scrape_native_histograms", inherited.native)?,
            always_classic: option("always_scrape_classic_histograms", inherited.always_classic)?,
            classic_to_custom: option("convert_classic_histograms_to_nhcb", inherited.classic_to_custom)?,
        })
    }

    /// The labels of a target that stand for the options, in the words of error messages, and each option.
    pub(in crate::scrape) fn labels(&mut self) -> [(&'static str, &'static str, &mut bool); 3] {
        [
            (
                "__convert_classic_histograms_to_nhcb__",
                "convert classic histograms to nhcb",
                &mut self.classic_to_custom,
            ),
            (
                "__always_scrape_classic_histograms__",
                "always scrape classic histograms",
                &mut self.always_classic,
            ),
            (
                "__scrape_native_histograms__",
                "scrape native histograms",
                &mut self.native,
            ),
        ]
    }
}

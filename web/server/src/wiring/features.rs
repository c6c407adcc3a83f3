//! Prometheus's feature flags: the few that are something to switch here, and a word on each of the others.

use connectors_peers::IngestFeatures;
use queries_promql::parser::ParseOptions;

/// What the flags switch.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Features {
    /// What is done with start timestamps, types and units that come in; `rate` looks at the label `__type__` where
    /// there is one.
    pub(crate) ingest: IngestFeatures,
    /// Queries use the start timestamps of samples.
    pub(crate) use_start_timestamps: bool,
    /// Metric names go at the end of a query.
    pub(crate) delayed_name_removal: bool,
    /// `stats=all` tells samples of each step.
    pub(crate) per_step_stats: bool,
    /// Names can be searched.
    pub(crate) search: bool,
    /// Parts of the query language.
    pub(crate) parse: ParseOptions,
}

/// What a name is.
enum Meaning {
    /// It switches something.
    On,
    /// It is as it asks for in any case.
    Always(&'static str),
    /// It is known and does nothing here.
    Nothing(&'static str),
    Unknown,
}

impl Features {
    /// Switches what `names` ask for, and logs what each does.
    pub(crate) fn of(names: &[String]) -> Self {
        let mut features = Self::default();
        for name in names
            .iter()
            .map(|name| name.trim())
            .filter(|name| !name.is_empty())
        {
            match features.switch(name) {
                Meaning::On => tracing::info!(feature = name, "feature is switched on"),
                Meaning::Always(why) => tracing::info!(feature = name, why, "feature is always on here"),
                Meaning::Nothing(why) => tracing::info!(feature = name, why, "feature does nothing here"),
                Meaning::Unknown => tracing::warn!(option = name, "Unknown option for --enable-feature"),
            }
        }
        features
    }

    fn switch(&mut self, name: &str) -> Meaning {
        let parse = &mut self.parse;
        let switched = match name {
            "created-timestamp-zero-ingestion" => &mut self.ingest.start_timestamp_zeros,
            "st-storage" => &mut self.ingest.start_timestamps,
            "st-synthesis" => &mut self.ingest.synthesized_starts,
            "promql-per-step-stats" => &mut self.per_step_stats,
            "search-api" => &mut self.search,
            "use-start-timestamps" => &mut self.use_start_timestamps,
            "promql-delayed-name-removal" => &mut self.delayed_name_removal,
            "type-and-unit-labels" => &mut self.ingest.type_and_unit_labels,
            "promql-experimental-functions" => &mut parse.experimental_functions,
            "promql-extended-range-selectors" => &mut parse.extended_range_selectors,
            "promql-binop-fill-modifiers" => &mut parse.binop_fill,
            _ => return not_switched(name),
        };
        *switched = true;
        Meaning::On
    }
}

fn not_switched(name: &str) -> Meaning {
    match name {
        "exemplar-storage" => Meaning::Always("storage.exemplars.max_exemplars says how many are kept"),
        "native-histograms" => Meaning::Always("scrape_native_histograms switches them for each job"),
        "promql-duration-expr" => Meaning::Always("it is part of the language"),
        "memory-snapshot-on-shutdown" => Meaning::Always("the log is always read back fast"),
        "metadata-wal-records" => Meaning::Nothing("metadata is kept in memory"),
        "extra-scrape-metrics" => Meaning::Nothing("set extra_scrape_metrics in the configuration"),
        "concurrent-rule-eval" => Meaning::Nothing("rules of a group run one after the other"),
        "old-ui" | "otlp-deltatocumulative" | "otlp-native-delta-ingestion" => {
            Meaning::Nothing("this version does not have it")
        }
        "delayed-compaction"
        | "use-uncached-io"
        | "xor2-encoding"
        | "histograms-st-encoding"
        | "fast-startup" => Meaning::Nothing("it is about the files of Prometheus"),
        _ => Meaning::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_switch_what_they_say() {
        let of = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            Features::of(&names)
        };
        assert_eq!(
            of(&["native-histograms", "exemplar-storage", "nonsense", ""]),
            Features::default()
        );
        let features = of(&[
            " created-timestamp-zero-ingestion",
            "promql-experimental-functions",
        ]);
        assert!(features.ingest.start_timestamp_zeros && features.parse.experimental_functions);
        assert!(!features.parse.binop_fill && !features.delayed_name_removal);
        let starts = of(&["st-storage", "use-start-timestamps"]);
        assert!(starts.ingest.start_timestamps && starts.use_start_timestamps);
        assert!(!starts.ingest.start_timestamp_zeros && !features.use_start_timestamps);
        let synthesis = of(&["st-synthesis"]).ingest;
        assert!(synthesis.synthesized_starts && !synthesis.start_timestamps);
    }
}

//! The labels of a scraped series: what was exposed, the target's labels, metric relabelling, limits.

use connectors_formats::exposition::SeriesLabels;
use engine_model::labels::Labels;
use engine_model::{LabelsBuilder, METRIC_NAME, relabel};

use super::config::{NameValidation, ScrapeConfig, is_legacy_label_name, is_legacy_metric_name};

/// Put before an exposed label that the target has too.
const EXPORTED_PREFIX: &str = "exported_";
/// Longest part of a name or value that an error repeats, as in Prometheus.
const EXCERPT_CHARS_MAX: usize = 50;

/// Why a series fails its whole scrape.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum LabelError {
    /// Relabelling took the name away.
    #[error("missing metric name (__name__ label)")]
    NoName,
    /// A name that the job's validation scheme does not allow.
    #[error("invalid metric name or label names: {0}")]
    Names(Labels),
    /// A limit of the job.
    #[error("{0}")]
    Limit(String),
}

/// The stored labels of an exposed series; `None` when metric relabelling drops it.
pub(super) fn stored_labels(
    exposed: &SeriesLabels<'_>,
    target: &Labels,
    config: &ScrapeConfig,
) -> Result<Option<Labels>, LabelError> {
    let mut builder = merge(exposed, target, config.honor_labels);
    if !relabel::apply(&config.metric_relabel_rules, &mut builder) {
        return Ok(None);
    }
    let labels = builder.build();
    // Everything relabelled away counts as a drop, as in Prometheus.
    if labels.is_empty() {
        return Ok(None);
    }
    if labels.metric_name().is_empty() {
        return Err(LabelError::NoName);
    }
    if !names_are_valid(&labels, config.names.validation) {
        return Err(LabelError::Names(labels));
    }
    check_limits(&labels, config)?;
    Ok(Some(labels))
}

fn names_are_valid(labels: &Labels, validation: NameValidation) -> bool {
    match validation {
        // Text is UTF-8 here already, and an empty name is no name.
        NameValidation::Utf8 => true,
        NameValidation::Legacy => {
            is_legacy_metric_name(labels.metric_name())
                && labels.iter().all(|(name, _)| is_legacy_label_name(name))
        }
    }
}

fn merge(exposed: &SeriesLabels<'_>, target: &Labels, honor_labels: bool) -> LabelsBuilder {
    let mut builder = LabelsBuilder::default();
    for (name, value) in exposed.iter() {
        builder.set(name, value);
    }
    if honor_labels {
        // An exposed label that is empty counts as present: it stays absent.
        for (name, value) in target {
            if exposed.get(name).is_none() {
                builder.set(name, value);
            }
        }
        return builder;
    }
    let mut clashes = Vec::new();
    for (name, value) in target {
        if let Some(exposed) = exposed.get(name).filter(|value| !value.is_empty()) {
            clashes.push((name, exposed));
        }
        builder.set(name, value);
    }
    // Shorter names first, so that `a` takes `exported_a` before `exported_a` itself moves on.
    clashes.sort_by_key(|(name, _)| name.len());
    for (name, value) in clashes {
        let mut free = format!("{EXPORTED_PREFIX}{name}");
        while !builder.value(&free).is_empty() {
            free.insert_str(0, EXPORTED_PREFIX);
        }
        builder.set(&free, value);
    }
    builder
}

fn check_limits(labels: &Labels, config: &ScrapeConfig) -> Result<(), LabelError> {
    let limits = &config.limits;
    let metric = cut(labels.metric_name());
    let exceeds = |count: usize, limit: u64| limit > 0 && count as u64 > limit;
    if exceeds(labels.len(), limits.labels) {
        return Err(LabelError::Limit(format!(
            "label_limit exceeded (metric: {metric}, number of labels: {}, limit: {})",
            labels.len(),
            limits.labels
        )));
    }
    for (name, value) in labels {
        if exceeds(name.len(), limits.label_name_bytes) {
            return Err(LabelError::Limit(format!(
                "label_name_length_limit exceeded (metric: {metric}, label name: {}, length: {}, limit: {})",
                cut(name),
                name.len(),
                limits.label_name_bytes
            )));
        }
        if exceeds(value.len(), limits.label_value_bytes) {
            return Err(LabelError::Limit(format!(
                "label_value_length_limit exceeded (metric: {metric}, label name: {}, value: {:?}, length: {}, \
                 limit: {})",
                cut(name),
                cut(value),
                value.len(),
                limits.label_value_bytes
            )));
        }
    }
    Ok(())
}

fn cut(text: &str) -> &str {
    text.char_indices()
        .nth(EXCERPT_CHARS_MAX)
        .map_or(text, |(end, _)| &text[..end])
}

/// The labels of a report series such as `up`: the target's win.
pub(super) fn report_labels(name: &str, target: &Labels) -> Labels {
    target.with(METRIC_NAME, name)
}

#[cfg(test)]
mod tests {
    use connectors_formats::exposition::{MetricType, decode_series};
    use engine_model::matcher::Pattern;
    use engine_model::relabel::{Action, Rule};

    use super::super::config::GlobalScrape;
    use super::*;

    fn stored(series: &str, target: &[(&str, &str)], config: &ScrapeConfig) -> String {
        let exposed = decode_series(series.as_bytes(), MetricType::Untyped).unwrap();
        let target = Labels::from_pairs(target.iter().copied());
        match stored_labels(&exposed, &target, config) {
            Ok(Some(labels)) => labels.to_string(),
            Ok(None) => "dropped".to_owned(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn clashes() {
        let mut config = ScrapeConfig::new("j", &GlobalScrape::default());
        let target = [("foo", "1"), ("exported_foo", "t")];
        for (honor, series, target, expected) in [
            (false, "a", &target[..1], r#"{__name__="a", foo="1"}"#),
            (
                false,
                "a{foo=\"2\"}",
                &target[..1],
                r#"{__name__="a", exported_foo="2", foo="1"}"#,
            ),
            (false, "a{foo=\"\"}", &target[..1], r#"{__name__="a", foo="1"}"#),
            (
                false,
                "a{foo=\"2\",exported_foo=\"3\"}",
                &target[..1],
                r#"{__name__="a", exported_exported_foo="2", exported_foo="3", foo="1"}"#,
            ),
            (
                false,
                "a{foo=\"2\",exported_foo=\"3\"}",
                &target[..],
                r#"{__name__="a", exported_exported_exported_foo="3", exported_exported_foo="2", exported_foo="t", foo="1"}"#,
            ),
            (true, "a{foo=\"2\"}", &target[..1], r#"{__name__="a", foo="2"}"#),
            (true, "a{foo=\"\"}", &target[..1], r#"{__name__="a"}"#),
            (
                true,
                "a{b=\"c\"}",
                &target[..1],
                r#"{__name__="a", b="c", foo="1"}"#,
            ),
        ] {
            config.honor_labels = honor;
            assert_eq!(stored(series, target, &config), expected, "{honor} {series}");
        }
    }

    #[test]
    fn relabelling_and_limits() {
        let rule = |action, source: &str, regex: &str, target: &str, replacement: &str| Rule {
            action,
            source_labels: vec![source.to_owned()],
            regex: Pattern::of_rule(regex).unwrap(),
            target_label: target.to_owned(),
            replacement: replacement.to_owned(),
            ..Rule::default()
        };
        let mut config = ScrapeConfig::new("j", &GlobalScrape::default());
        config.metric_relabel_rules = vec![
            rule(Action::Drop, "__name__", "go_.*", "", "$1"),
            rule(Action::Replace, "__name__", "nameless", "__name__", ""),
            rule(Action::Replace, "instance", "(.*):.*", "host", "$1"),
        ];
        let target = [("instance", "h:1")];
        assert_eq!(stored("go_x", &target, &config), "dropped");
        assert_eq!(
            stored("nameless", &target, &config),
            "missing metric name (__name__ label)"
        );
        assert_eq!(
            stored("a", &target, &config),
            r#"{__name__="a", host="h", instance="h:1"}"#
        );
        config.limits.labels = 2;
        assert_eq!(
            stored("a", &target, &config),
            "label_limit exceeded (metric: a, number of labels: 3, limit: 2)"
        );
        config.limits.labels = 0;
        config.limits.label_name_bytes = 8;
        assert!(
            stored("a{long_name_1=\"x\"}", &target, &config)
                .contains("label name: long_name_1, length: 11, limit: 8")
        );
        config.limits.label_name_bytes = 0;
        assert_eq!(
            stored("{\"a.b\"}", &target, &config),
            r#"{__name__="a.b", host="h", instance="h:1"}"#
        );
        config.names.validation = NameValidation::Legacy;
        assert!(stored("{\"a.b\"}", &target, &config).starts_with("invalid metric name or label names: "));
        assert!(stored("a{\"l:x\"=\"1\"}", &target, &config).starts_with("invalid metric name"));
        config.names.validation = NameValidation::Utf8;
        config.limits.label_value_bytes = 3;
        assert!(stored("a{b=\"éé\"}", &target, &config).contains("value: \"éé\", length: 4, limit: 3"));
    }
}

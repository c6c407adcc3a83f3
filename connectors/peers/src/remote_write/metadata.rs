//! What senders say of their metrics, kept for `/api/v1/metadata`.

use std::collections::BTreeMap;

use parking_lot::RwLock;

/// Metrics that are remembered; a large server has some ten thousand names. What finds no place is not shown.
const METRICS_MAX: usize = 100_000;
/// Longest help or unit, as much as anybody reads. Longer ones are cut.
const TEXT_BYTES_MAX: usize = 1024;

/// What is said of a metric.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetricMetadata {
    /// The type as Prometheus spells it, such as `counter`.
    pub kind: &'static str,
    /// The help text.
    pub help: String,
    /// The unit.
    pub unit: String,
}

/// What was said of each metric last.
#[derive(Debug, Default)]
pub struct PushedMetadata {
    metrics: RwLock<BTreeMap<String, MetricMetadata>>,
}

impl PushedMetadata {
    /// Remembers what a request says.
    pub(super) fn remember(&self, said: Vec<(String, MetricMetadata)>) {
        if said.is_empty() {
            return;
        }
        let mut metrics = self.metrics.write();
        for (name, mut metadata) in said {
            cut(&mut metadata.help);
            cut(&mut metadata.unit);
            // Senders of version 2.0 also say that they know nothing.
            let says = metadata.kind != "unknown" || !metadata.help.is_empty() || !metadata.unit.is_empty();
            let has_place = metrics.len() < METRICS_MAX || metrics.contains_key(&name);
            if says && !name.is_empty() && has_place {
                metrics.insert(name, metadata);
            }
        }
    }

    /// What is known of each metric, by name; of one when `metric` names it.
    pub fn read(&self, metric: Option<&str>) -> Vec<(String, MetricMetadata)> {
        let metrics = self.metrics.read();
        let own = |(name, metadata): (&String, &MetricMetadata)| (name.clone(), metadata.clone());
        match metric {
            Some(name) => metrics.get_key_value(name).map(own).into_iter().collect(),
            None => metrics.iter().map(own).collect(),
        }
    }
}

fn cut(text: &mut String) {
    if text.len() > TEXT_BYTES_MAX {
        text.truncate(text.floor_char_boundary(TEXT_BYTES_MAX));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_word_counts_and_long_texts_are_cut() {
        let of = |help: &str| MetricMetadata {
            kind: "counter",
            help: help.to_owned(),
            unit: String::new(),
        };
        let pushed = PushedMetadata::default();
        let long = "é".repeat(TEXT_BYTES_MAX);
        pushed.remember(vec![("b".to_owned(), of("1")), ("a".to_owned(), of(&long))]);
        pushed.remember(vec![("b".to_owned(), of("2")), (String::new(), of("nobody"))]);
        let nothing = MetricMetadata {
            kind: "unknown",
            ..of("")
        };
        pushed.remember(vec![("b".to_owned(), nothing)]);
        let names: Vec<_> = pushed.read(None).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["a", "b"]);
        assert_eq!(pushed.read(Some("b")), [("b".to_owned(), of("2"))]);
        assert_eq!(pushed.read(Some("a"))[0].1.help.len(), TEXT_BYTES_MAX);
        assert_eq!(pushed.read(Some("c")), []);
    }
}

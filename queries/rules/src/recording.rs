//! Recording rules: the result under a new name and with the rule's labels.

use std::collections::{BTreeMap, HashSet};

use engine_model::{Labels, LabelsBuilder, METRIC_NAME};

use crate::evaluate::{Evaluated, RuleValue};
use crate::failure::RuleFailure;

/// What a recording rule does with its result.
#[derive(Debug)]
pub(crate) struct RecordingRule {
    record: String,
    labels: BTreeMap<String, String>,
}

impl RecordingRule {
    pub(crate) fn new(record: &str, labels: &BTreeMap<String, String>) -> Self {
        Self {
            record: record.to_owned(),
            labels: labels.clone(),
        }
    }

    /// The series to record. `series_max` of 0 means no limit.
    pub(crate) fn apply(
        &self,
        evaluated: Evaluated,
        series_max: usize,
    ) -> Result<Vec<(Labels, RuleValue)>, RuleFailure> {
        let mut seen = HashSet::with_capacity(evaluated.samples.len());
        let mut samples = evaluated.samples;
        for (labels, _) in &mut samples {
            let mut builder = LabelsBuilder::from(&*labels);
            builder.set(METRIC_NAME, &self.record);
            for (name, value) in &self.labels {
                builder.set(name, value);
            }
            *labels = builder.build();
            if !seen.insert(labels.clone()) {
                return Err(RuleFailure::SameLabels);
            }
        }
        if series_max > 0 && samples.len() > series_max {
            let series = samples.len();
            return Err(RuleFailure::TooManySeries { series_max, series });
        }
        Ok(samples)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn apply(pairs: &[(&str, &str)], samples: &[&[(&str, &str)]], max: usize) -> Result<Vec<String>, String> {
        let labels = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let samples = samples
            .iter()
            .map(|pairs| (Labels::from_pairs(pairs.iter().copied()), 1.0))
            .collect();
        let rule = RecordingRule::new("job:up:sum", &labels);
        match rule.apply(Evaluated::vector(samples), max) {
            Ok(samples) => Ok(samples.iter().map(|(labels, _)| labels.to_string()).collect()),
            Err(failure) => Err(failure.to_string()),
        }
    }

    #[test]
    fn names_and_labels() {
        let up: &[(&str, &str)] = &[("__name__", "up"), ("job", "node"), ("instance", "a")];
        assert_eq!(
            apply(&[("instance", ""), ("team", "x")], &[up], 1),
            Ok(vec![
                r#"{__name__="job:up:sum", job="node", team="x"}"#.to_owned()
            ])
        );
        assert_eq!(
            apply(
                &[("instance", "")],
                &[up, &[("job", "node"), ("instance", "b")]],
                0
            ),
            Err("vector contains metrics with the same labelset after applying rule labels".to_owned())
        );
        assert_eq!(
            apply(&[], &[up, &[("job", "other")]], 1),
            Err("exceeded limit of 1 with 2 series".to_owned())
        );
        let scalar = RecordingRule::new("answer", &BTreeMap::new());
        let recorded = scalar.apply(Evaluated::scalar(42.0), 0).unwrap();
        let answer = Labels::from_pairs([("__name__", "answer")]);
        assert_eq!(recorded, [(answer, RuleValue::Float(42.0))]);
    }

    #[test]
    fn a_histogram_stays_one() {
        let histogram = std::sync::Arc::new(engine_model::Histogram::stale());
        let evaluated = Evaluated {
            samples: vec![(
                Labels::from_pairs([("job", "node")]),
                RuleValue::Histogram(histogram),
            )],
            ..Evaluated::default()
        };
        let rule = RecordingRule::new("job:latency:sum", &BTreeMap::new());
        let recorded = rule.apply(evaluated, 0).unwrap();
        assert_eq!(
            recorded[0].0.to_string(),
            r#"{__name__="job:latency:sum", job="node"}"#
        );
        assert!(matches!(recorded[0].1, RuleValue::Histogram(_)) && recorded[0].1.number() == 0.0);
    }
}

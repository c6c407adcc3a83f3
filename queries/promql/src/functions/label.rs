//! Functions that change labels: `label_replace` and `label_join`.

use engine_model::matcher::Pattern;
use engine_model::{Labels, LabelsBuilder, METRIC_NAME, METRIC_TYPE, METRIC_UNIT};

/// Labels that say what a metric is. They go together when a result is no longer that metric.
pub const METADATA_LABELS: [&str; 3] = [METRIC_NAME, METRIC_TYPE, METRIC_UNIT];

/// What is done to the labels of every series.
#[derive(Debug, Clone)]
pub enum LabelChange {
    /// `label_replace(v, target, replacement, source, regex)`
    Replace {
        /// Label that is written.
        target: String,
        /// What is written, with `$1` and `${name}`.
        replacement: String,
        /// Label that is matched.
        source: String,
        /// What its value must match.
        regex: Pattern,
    },
    /// `label_join(v, target, separator, sources…)`
    Join {
        /// Label that is written.
        target: String,
        /// Put between the values.
        separator: String,
        /// Labels whose values are joined.
        sources: Vec<String>,
    },
}

impl LabelChange {
    /// The labels after the change, and whether the metric name was written.
    pub fn apply(&self, labels: &Labels) -> (Labels, bool) {
        let (target, value) = match self {
            Self::Replace {
                target,
                replacement,
                source,
                regex,
            } => {
                let Some(value) = regex.expand(labels.value(source), replacement) else {
                    return (labels.clone(), false);
                };
                (target, value)
            }
            Self::Join {
                target,
                separator,
                sources,
            } => {
                let values: Vec<&str> = sources.iter().map(|source| labels.value(source)).collect();
                (target, values.join(separator))
            }
        };
        let mut builder = LabelsBuilder::from(labels);
        builder.set(target, &value);
        (builder.build(), target == METRIC_NAME)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes() {
        let labels = Labels::from_pairs([("a", "x-1"), ("b", "y")]);
        let replace = |regex: &str, replacement: &str| LabelChange::Replace {
            target: "t".to_owned(),
            replacement: replacement.to_owned(),
            source: "a".to_owned(),
            regex: Pattern::of_rule(regex).unwrap(),
        };
        assert_eq!(replace("(.*)-(.*)", "$2$1").apply(&labels).0.value("t"), "1x");
        assert_eq!(replace("nope", "z").apply(&labels).0, labels);
        let join = LabelChange::Join {
            target: "__name__".to_owned(),
            separator: "+".to_owned(),
            sources: vec!["a".to_owned(), "missing".to_owned(), "b".to_owned()],
        };
        assert_eq!(join.apply(&labels).0.metric_name(), "x-1++y");
        assert!(join.apply(&labels).1);
    }
}

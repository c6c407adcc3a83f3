//! Where Weir answers otherwise than the Prometheus that it is compared with, on purpose.

use super::answer::Answer;
use super::compare::{Strictness, difference};
use super::question::Question;

/// A difference with its reason.
pub(super) struct Difference {
    pub(super) reason: &'static str,
    /// Whether a question with these answers (Prometheus's first) is a case of it.
    applies: fn(&Question, &Answer, &Answer) -> bool,
}

/// Weir follows 3.14; the newest packaged Prometheus is 3.5.
const DELIBERATE: &[Difference] = &[
    Difference {
        reason: "since 3.6 sort() warns that it changes nothing in a range query",
        applies: |question, expected, actual| {
            let (Answer::Data(_), Answer::Data(actual)) = (expected, actual) else {
                return false;
            };
            let mut without = actual.clone();
            without
                .warnings
                .retain(|warning| !warning.contains("sort is ineffective"));
            let fewer = without.warnings.len() < actual.warnings.len();
            fewer && difference(expected, &Answer::Data(without), Strictness::of(question)).is_none()
        },
    },
    Difference {
        reason: "3.5 judges the parameter of topk() only where it has elements",
        applies: |_, expected, actual| match (expected, actual) {
            (Answer::Data(data), Answer::Refused { text, .. }) => {
                data.series.is_empty()
                    && (text == "Parameter value is NaN" || text.ends_with("overflows int64"))
            }
            _ => false,
        },
    },
    Difference {
        reason: "3.5 refuses label_join() of series that become equal at different steps",
        applies: |question, expected, actual| match (expected, actual) {
            (Answer::Refused { text, .. }, Answer::Data(_)) => {
                question.is_range() && text == "vector cannot contain metrics with the same labelset"
            }
            _ => false,
        },
    },
    Difference {
        reason: "3.5 judges whether a match is unique only for pairs that pass the comparison",
        applies: |_, expected, actual| match (expected, actual) {
            (Answer::Data(_), Answer::Refused { text, .. }) => {
                text.starts_with("multiple matches for labels: many-to-one matching must be explicit")
            }
            _ => false,
        },
    },
    Difference {
        reason: "3.5 answers NaN when the lower bound of histogram_fraction() falls into the first bucket",
        applies: |question, expected, _| uses(question, "histogram_fraction") && has_value(expected, "NaN"),
    },
    Difference {
        reason: "3.5 leaves NaN out of mad_over_time(), which is NaN since",
        applies: |question, _, actual| uses(question, "mad_over_time") && has_value(actual, "NaN"),
    },
    Difference {
        reason: "timestamp() forgets the offset of a selector that has @ too",
        applies: |question, _, _| {
            uses(question, "timestamp") && uses(question, " @ ") && uses(question, " offset ")
        },
    },
    Difference {
        reason: "functions of native histograms are refused as long as none can be stored",
        applies: |_, _, actual| match actual {
            Answer::Refused { text, .. } => text.starts_with("not implemented: function histogram_"),
            Answer::Data(_) => false,
        },
    },
];

fn uses(question: &Question, words: &str) -> bool {
    question
        .expression()
        .is_some_and(|expression| expression.contains(words))
}

fn has_value(answer: &Answer, value: &str) -> bool {
    match answer {
        Answer::Data(data) => data
            .series
            .iter()
            .flat_map(|row| &row.points)
            .any(|point| point.value == value),
        Answer::Refused { .. } => false,
    }
}

/// The reason for which the answers may differ.
pub(super) fn deliberate(question: &Question, expected: &Answer, actual: &Answer) -> Option<&'static str> {
    let mut list = DELIBERATE.iter();
    let found = list.find(|difference| (difference.applies)(question, expected, actual));
    found.map(|difference| difference.reason)
}

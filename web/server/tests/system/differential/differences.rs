//! Where Weir answers otherwise than the Prometheus that it is compared with, on purpose.

use std::collections::BTreeMap;

use serde_json::Value;

use super::answer::{Answer, Point};
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
            equal_without_warning(question, expected, actual, "sort is ineffective")
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
        applies: |question, expected, actual| {
            uses(question, "histogram_fraction")
                && equal_but_for(question, expected, actual, |before, _| before == "NaN")
        },
    },
    Difference {
        reason: "3.5 leaves NaN out of mad_over_time(), which is NaN since",
        applies: |question, expected, actual| {
            uses(question, "mad_over_time")
                && equal_but_for(question, expected, actual, |_, now| now == "NaN")
        },
    },
    Difference {
        reason: "3.5 lets rates of histograms reach back behind zero",
        applies: |question, expected, actual| {
            let expression = question.expression().unwrap_or_default();
            let rates = expression.matches("rate(").count() + expression.matches("increase(").count();
            // Gauges begin near zero, and so do the results of another rate or of a subquery.
            let results = rates > 1 || uses(question, ":");
            let near_zero = expression.contains("native_level") || results && expression.contains("native_");
            // Every count of such a rate is larger by one factor, so what is made of it is another number or histogram,
            // but the same rows have it unless they are chosen by their values.
            let same_kind = |before: &str, now: &str| before.starts_with('{') == now.starts_with('{');
            rates > 0
                && near_zero
                && (chooses(expression) || equal_but_for(question, expected, actual, same_kind))
        },
    },
    Difference {
        reason: "3.5 multiplies the empty buckets that its chunks add by NaN, which shows them",
        applies: |question, expected, actual| {
            let (expected, actual) = (without_nan_buckets(expected), without_nan_buckets(actual));
            difference(&expected, &actual, Strictness::of(question)).is_none()
        },
    },
    Difference {
        reason: "3.5 multiplies the empty buckets that its chunks add by NaN, and count_values() tells these apart",
        applies: |question, expected, actual| {
            let shown = |answer: &Answer| match answer {
                Answer::Data(data) => data
                    .series
                    .iter()
                    .any(|row| row.labels.values().any(|value| value.contains(":NaN"))),
                Answer::Refused { .. } => false,
            };
            uses(question, "count_values")
                && uses(question, "native_")
                && shown(expected)
                && totals(expected) == totals(actual)
        },
    },
    Difference {
        reason: "3.5 sees a change where a histogram comes again with other empty buckets, which its chunks add",
        applies: |question, expected, actual| {
            let more = |before: &str, now: &str| match (before.parse::<f64>(), now.parse::<f64>()) {
                (Ok(before), Ok(now)) => before > now,
                _ => false,
            };
            let names = ["changes(native_", "changes((native_"];
            names.iter().any(|name| uses(question, name)) && equal_but_for(question, expected, actual, more)
        },
    },
    Difference {
        reason: "3.5 counts empty buckets, which its chunks add, when it looks for the least observation",
        applies: |question, expected, actual| {
            let more = |before: &str, now: &str| match (before.parse::<f64>(), now.parse::<f64>()) {
                (Ok(before), Ok(now)) => before < now,
                _ => false,
            };
            uses(question, "histogram_quantile(0, ")
                && uses(question, "native_")
                && equal_but_for(question, expected, actual, more)
        },
    },
    Difference {
        reason: "3.5 forgets the kind of buckets where only counts and sums of histograms are asked for",
        applies: |question, expected, actual| {
            let told = "vector contains a mix of histograms with exponential and custom buckets schemas";
            let asked = ["histogram_count(", "histogram_sum(", "histogram_avg("];
            // What cannot be added is left out by Weir alone.
            let answered = where_answered(expected, actual);
            asked.iter().any(|name| uses(question, name))
                && equal_without_warning(question, &answered, actual, told)
        },
    },
    Difference {
        reason: "3.5 loses last digits when it adds histograms, which leaves a trace in buckets that come to nothing",
        applies: |question, expected, actual| {
            let (expected, actual) = (without_traces(expected), without_traces(actual));
            uses(question, "native_") && difference(&expected, &actual, Strictness::of(question)).is_none()
        },
    },
    Difference {
        reason: "3.5 loses last digits when it adds histograms, and count_values() makes labels of all digits",
        applies: |question, expected, actual| {
            let rows = |answer: &Answer| match answer {
                Answer::Data(data) => Some(data.series.len()),
                Answer::Refused { .. } => None,
            };
            let adds = uses(question, "avg") || uses(question, "sum");
            adds && uses(question, "count_values")
                && uses(question, "native_")
                && rows(expected) == rows(actual)
        },
    },
    Difference {
        reason: "3.5 says nothing of histograms with and without resets that are added",
        applies: |question, expected, actual| {
            let told = "conflicting counter resets during histogram aggregation";
            uses(question, "native_") && equal_without_warning(question, expected, actual, told)
        },
    },
    Difference {
        reason: "since 3.6 a histogram that is subtracted, or multiplied by a negative number, is a gauge",
        applies: |question, expected, actual| {
            let told = "this native histogram metric is not a ";
            let negates = uses(question, "-") && uses(question, "native_");
            let (expected, actual) = (without_warning(expected, told), without_warning(actual, told));
            negates && difference(&expected, &actual, Strictness::of(question)).is_none()
        },
    },
    Difference {
        reason: "3.5's storage reorders the matchers before absent() looks at them",
        applies: |question, expected, actual| {
            let unlabelled = |answer: &Answer| {
                let mut answer = answer.clone();
                if let Answer::Data(data) = &mut answer {
                    data.series.iter_mut().for_each(|row| row.labels.clear());
                }
                answer
            };
            let (expected, actual) = (unlabelled(expected), unlabelled(actual));
            uses(question, "absent") && difference(&expected, &actual, Strictness::of(question)).is_none()
        },
    },
    Difference {
        reason: "the variance of values that are near each other depends on the order of the series",
        applies: |question, expected, actual| {
            let near = |before: &str, now: &str| match (before.parse::<f64>(), now.parse::<f64>()) {
                (Ok(before), Ok(now)) => (before - now).abs() <= 1e-9 * before.abs(),
                _ => false,
            };
            let spreads = ["stdvar", "stddev"];
            spreads.iter().any(|name| uses(question, name)) && equal_but_for(question, expected, actual, near)
        },
    },
    Difference {
        reason: "3.5 drops series that their info series add no label to, where a condition asks for one",
        applies: |question, expected, actual| {
            let answered = where_answered(actual, expected);
            let of_info_series = ["target_info", "build_info"]
                .iter()
                .any(|name| uses(question, name));
            uses(question, "info(")
                && of_info_series
                && difference(expected, &answered, Strictness::of(question)).is_none()
        },
    },
    Difference {
        reason: "3.5 drops series without instance and job where info() has a condition on the name of info series",
        applies: |question, expected, actual| {
            let mut told_nothing = actual.clone();
            if let Answer::Data(data) = &mut told_nothing {
                let identity = ["instance", "job"];
                data.series
                    .retain(|row| identity.iter().any(|name| row.labels.contains_key(*name)));
            }
            uses(question, "info(")
                && uses(question, "__name__")
                && difference(expected, &told_nothing, Strictness::of(question)).is_none()
        },
    },
    Difference {
        reason: "Prometheus reads info series no further back than the range of what they are added to",
        applies: |question, expected, actual| {
            let uninformed = |answer: &Answer| {
                let mut answer = answer.clone();
                if let Answer::Data(data) = &mut answer {
                    let rows = data.series.iter_mut();
                    rows.for_each(|row| {
                        row.labels
                            .retain(|name, _| !["region", "zone"].contains(&&**name))
                    });
                }
                answer
            };
            let (expected, actual) = (uninformed(expected), uninformed(actual));
            // With conditions there is a second selector, which reaches back as far as selectors do.
            uses(question, "info(")
                && uses(question, "m])")
                && difference(&expected, &actual, Strictness::of(question)).is_none()
        },
    },
    Difference {
        reason: "Prometheus fails to write histograms with custom buckets that are multiplied by NaN or infinity",
        applies: |_, expected, _| match expected {
            Answer::Refused { text, .. } => text == "histograms with custom buckets have no zero bucket",
            Answer::Data(_) => false,
        },
    },
    Difference {
        reason: "Weir refuses subqueries of more than ten million steps before it reads anything",
        applies: |_, _, actual| match actual {
            Answer::Refused { text, .. } => text.starts_with("subquery would evaluate "),
            Answer::Data(_) => false,
        },
    },
    Difference {
        reason: "timestamp() forgets the offset of a selector that has @ too",
        applies: |question, _, _| {
            uses(question, "timestamp") && uses(question, " @ ") && uses(question, " offset ")
        },
    },
];

/// Whether rows are chosen, told apart or counted by their values.
fn chooses(expression: &str) -> bool {
    const CHOOSING: &[&str] = &[
        "==",
        "!= ",
        "> ",
        "< ",
        ">= ",
        "<= ",
        "topk",
        "bottomk",
        "count_values",
        "scalar(",
    ];
    CHOOSING.iter().any(|word| expression.contains(word))
}

fn uses(question: &Question, words: &str) -> bool {
    question
        .expression()
        .is_some_and(|expression| expression.contains(words))
}

/// Whether the answers are equal once a warning of Weir's is left out.
fn equal_without_warning(question: &Question, expected: &Answer, actual: &Answer, told: &str) -> bool {
    difference(expected, &without_warning(actual, told), Strictness::of(question)).is_none()
}

/// The sum of all rows at each time.
fn totals(answer: &Answer) -> BTreeMap<String, f64> {
    let mut totals = BTreeMap::new();
    if let Answer::Data(data) = answer {
        for point in data.series.iter().flat_map(|row| &row.points) {
            *totals.entry(point.time.to_string()).or_default() += point.value.parse::<f64>().unwrap_or(0.0);
        }
    }
    totals
}

/// The answer without the rows and points that another has not.
fn where_answered(answer: &Answer, other: &Answer) -> Answer {
    let mut answer = answer.clone();
    if let (Answer::Data(data), Answer::Data(other)) = (&mut answer, other) {
        for row in &mut data.series {
            let of_labels = other.series.iter().filter(|other| other.labels == row.labels);
            let points: Vec<&Point> = of_labels.flat_map(|other| &other.points).collect();
            row.points
                .retain(|point| points.iter().any(|other| other.time == point.time));
        }
        data.series.retain(|row| !row.points.is_empty());
    }
    answer
}

/// The answer without the warnings that say `told`.
fn without_warning(answer: &Answer, told: &str) -> Answer {
    let mut answer = answer.clone();
    if let Answer::Data(data) = &mut answer {
        data.warnings.retain(|warning| !warning.contains(told));
    }
    answer
}

/// The answer without the buckets of histograms whose count is NaN.
fn without_nan_buckets(answer: &Answer) -> Answer {
    without_buckets(answer, |count| count == "NaN")
}

/// The answer without the buckets of histograms that hold next to nothing.
fn without_traces(answer: &Answer) -> Answer {
    without_buckets(answer, |count| {
        count.parse::<f64>().is_ok_and(|count| count.abs() < 1e-14)
    })
}

fn without_buckets(answer: &Answer, leaves_out: fn(&str) -> bool) -> Answer {
    let mut answer = answer.clone();
    if let Answer::Data(data) = &mut answer {
        for point in data.series.iter_mut().flat_map(|row| &mut row.points) {
            if let Ok(mut histogram @ Value::Object(_)) = serde_json::from_str(&point.value) {
                if let Some(buckets) = histogram["buckets"].as_array_mut() {
                    buckets.retain(|bucket| !bucket[3].as_str().is_some_and(leaves_out));
                }
                point.value = histogram.to_string();
            }
        }
    }
    answer
}

/// Whether the answers are equal once values that `excused` knows, Prometheus's first, are left out of both.
fn equal_but_for(
    question: &Question,
    expected: &Answer,
    actual: &Answer,
    excused: fn(&str, &str) -> bool,
) -> bool {
    let (Answer::Data(expected), Answer::Data(actual)) = (expected, actual) else {
        return false;
    };
    let (mut expected, mut actual) = (expected.clone(), actual.clone());
    for data in [&mut expected, &mut actual] {
        data.series.sort_by(|a, b| a.labels.cmp(&b.labels));
    }
    for (before, now) in expected.series.iter_mut().zip(&mut actual.series) {
        for (before, now) in before.points.iter_mut().zip(&mut now.points) {
            if excused(&before.value, &now.value) {
                before.value.clone_from(&now.value);
            }
        }
    }
    let strictness = Strictness::of(question);
    difference(&Answer::Data(expected), &Answer::Data(actual), strictness).is_none()
}

/// The reason for which the answers may differ.
pub(super) fn deliberate(question: &Question, expected: &Answer, actual: &Answer) -> Option<&'static str> {
    let mut list = DELIBERATE.iter();
    let found = list.find(|difference| (difference.applies)(question, expected, actual));
    found.map(|difference| difference.reason)
}

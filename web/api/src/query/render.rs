//! The `data` of a query: `resultType` and `result`, as Prometheus shapes them.

use engine_model::FloatHistogram;
use engine_model::number::write_float;
use engine_model::time::write_seconds;
use queries_promql::Value;

use crate::json::{
    write_histogram, write_labels, write_list, write_safe_text, write_sample, write_timestamp,
};

/// Appends `{"resultType":…,"result":…}`.
pub(super) fn write(out: &mut String, value: &Value) {
    let kind = match value {
        Value::Scalar { .. } => "scalar",
        Value::String { .. } => "string",
        Value::Vector(_) => "vector",
        Value::Matrix(_) => "matrix",
    };
    out.push_str("{\"resultType\":\"");
    out.push_str(kind);
    out.push_str("\",\"result\":");
    match value {
        Value::Scalar { at_ms, value } => {
            // Unlike samples never in exponent form.
            out.push('[');
            write_seconds(out, *at_ms);
            out.push_str(",\"");
            write_float(out, *value);
            out.push_str("\"]");
        }
        Value::String { at_ms, value } => {
            out.push('[');
            write_seconds(out, *at_ms);
            out.push(',');
            write_safe_text(out, value);
            out.push(']');
        }
        Value::Vector(elements) => write_list(out, elements, |out, element| {
            out.push_str("{\"metric\":");
            write_labels(out, &element.labels);
            match &element.histogram {
                Some(histogram) => {
                    out.push_str(",\"histogram\":");
                    write_histogram_sample(out, element.at_ms, histogram);
                }
                None => {
                    out.push_str(",\"value\":");
                    write_sample(out, element.at_ms, element.value);
                }
            }
            out.push('}');
        }),
        Value::Matrix(rows) => write_list(out, rows, |out, row| {
            out.push_str("{\"metric\":");
            write_labels(out, &row.labels);
            if !row.samples.is_empty() {
                out.push_str(",\"values\":");
                write_list(out, &row.samples, |out, &(at_ms, value)| {
                    write_sample(out, at_ms, value);
                });
            }
            if !row.histograms.is_empty() {
                out.push_str(",\"histograms\":");
                write_list(out, &row.histograms, |out, (at_ms, histogram)| {
                    write_histogram_sample(out, *at_ms, histogram);
                });
            }
            out.push('}');
        }),
    }
    out.push('}');
}

fn write_histogram_sample(out: &mut String, at_ms: i64, histogram: &FloatHistogram) {
    out.push('[');
    write_timestamp(out, at_ms);
    out.push(',');
    write_histogram(out, histogram);
    out.push(']');
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use engine_model::Labels;
    use queries_promql::{RangeSeries, VectorElement};

    use super::*;

    #[test]
    fn shapes() {
        let labels = Labels::from_pairs([("__name__", "up"), ("job", "a\"b")]);
        let element = |value| VectorElement {
            labels: labels.clone(),
            at_ms: 1_435_781_430_781,
            value,
            histogram: None,
        };
        let histogram = Arc::new(FloatHistogram {
            count: 1.0,
            ..FloatHistogram::default()
        });
        let of_histogram = VectorElement {
            histogram: Some(Arc::clone(&histogram)),
            ..element(0.0)
        };
        let row = RangeSeries {
            labels: Labels::empty(),
            samples: vec![(0, 1.5), (15_000, f64::NAN)],
            histograms: vec![(30_001, histogram)],
        };
        let text = Value::String {
            at_ms: 1000,
            value: "a\n".to_owned(),
        };
        let scalar = |value| Value::Scalar { at_ms: 1500, value };
        for (value, expected) in [
            (
                Value::Vector(vec![element(1.0), element(1e-7)]),
                r#"{"resultType":"vector","result":[{"metric":{"__name__":"up","job":"a\"b"},"value":[1435781430.781,"1"]},{"metric":{"__name__":"up","job":"a\"b"},"value":[1435781430.781,"1e-07"]}]}"#,
            ),
            (
                Value::Matrix(vec![row]),
                r#"{"resultType":"matrix","result":[{"metric":{},"values":[[0,"1.5"],[15,"NaN"]],"histograms":[[30.001,{"count":"1","sum":"0"}]]}]}"#,
            ),
            (
                Value::Vector(vec![of_histogram]),
                r#"{"resultType":"vector","result":[{"metric":{"__name__":"up","job":"a\"b"},"histogram":[1435781430.781,{"count":"1","sum":"0"}]}]}"#,
            ),
            (
                Value::Vector(Vec::new()),
                r#"{"resultType":"vector","result":[]}"#,
            ),
            (text, r#"{"resultType":"string","result":[1,"a\n"]}"#),
            (
                scalar(f64::INFINITY),
                r#"{"resultType":"scalar","result":[1.5,"+Inf"]}"#,
            ),
            (
                scalar(1e21),
                r#"{"resultType":"scalar","result":[1.5,"1000000000000000000000"]}"#,
            ),
        ] {
            let mut out = String::new();
            write(&mut out, &value);
            assert_eq!(out, expected);
        }
    }
}

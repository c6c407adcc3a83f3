//! Families in JSON, shaped as protobuf's mapping shapes `io.prometheus.client.MetricFamily`: whole numbers of 64 bits
//! are texts, and so are numbers that are none.

use engine_model::number::write_json_value;

use super::exposition::{Exposition, Family, Kind, Metric, MetricValue};
use crate::json::{write_list, write_text};

/// Appends the list of the families whose names are wanted.
pub(super) fn write(out: &mut String, exposition: &Exposition, wanted: impl Fn(&str) -> bool) {
    let families = exposition.families().filter(|(name, _)| wanted(name));
    write_list(out, families, |out, (name, family)| {
        write_family(out, name, family)
    });
}

fn write_family(out: &mut String, name: &str, family: &Family) {
    let kind = match family.kind {
        Kind::Counter => "COUNTER",
        Kind::Gauge => "GAUGE",
        Kind::Histogram => "HISTOGRAM",
        Kind::Summary => "SUMMARY",
    };
    out.push_str("{\"name\":");
    write_text(out, name);
    out.push_str(",\"help\":");
    write_text(out, family.help);
    out.push_str(&format!(",\"type\":\"{kind}\",\"metric\":"));
    write_list(out, &family.metrics, |out, metric| {
        write_metric(out, family.kind, metric);
    });
    out.push('}');
}

fn write_metric(out: &mut String, kind: Kind, metric: &Metric) {
    out.push('{');
    if !metric.labels.is_empty() {
        out.push_str("\"label\":");
        write_list(out, &metric.labels, |out, (name, value)| {
            out.push_str("{\"name\":");
            write_text(out, name);
            out.push_str(",\"value\":");
            write_text(out, value);
            out.push('}');
        });
        out.push(',');
    }
    out.push_str(&format!("\"{}\":{{", kind.as_str()));
    match &metric.value {
        MetricValue::Number(value) => {
            out.push_str("\"value\":");
            write_number(out, *value);
        }
        MetricValue::Buckets { buckets, sum } => {
            write_sums(out, buckets.last().map_or(0, |(_, count)| *count), *sum);
            // The infinite bucket is the count.
            let finite = buckets.iter().filter(|(bound, _)| bound.is_finite());
            out.push_str(",\"bucket\":");
            write_list(out, finite, |out, (bound, below)| {
                out.push_str(&format!("{{\"cumulativeCount\":\"{below}\",\"upperBound\":"));
                write_number(out, *bound);
                out.push('}');
            });
        }
        MetricValue::Quantiles {
            quantiles,
            sum,
            count,
        } => {
            write_sums(out, *count, *sum);
            out.push_str(",\"quantile\":");
            write_list(out, quantiles, |out, (quantile, value)| {
                out.push_str("{\"quantile\":");
                write_number(out, *quantile);
                out.push_str(",\"value\":");
                write_number(out, *value);
                out.push('}');
            });
        }
    }
    out.push_str("}}");
}

fn write_sums(out: &mut String, count: u64, sum: f64) {
    out.push_str(&format!("\"sampleCount\":\"{count}\",\"sampleSum\":"));
    write_number(out, sum);
}

fn write_number(out: &mut String, value: f64) {
    match value {
        value if value.is_nan() => out.push_str("\"NaN\""),
        f64::INFINITY => out.push_str("\"Infinity\""),
        f64::NEG_INFINITY => out.push_str("\"-Infinity\""),
        value => write_json_value(out, value),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::metrics::Histogram;

    #[test]
    fn families_as_protobuf_maps_them() {
        let mut gathered = Exposition::default();
        gathered.counter("a_total", "Counts \"it\".", &[("l", "v\"")], 2.0);
        gathered.gauge("b", "Odd.", &[], f64::NAN);
        let mut histogram = Histogram::new(&[0.1]);
        histogram.observe(0.05);
        histogram.observe(2.0);
        gathered.histogram("h", "Bounds.", &[], &histogram);
        gathered.summary("s", "Ranks.", &[], &[(0.5, f64::INFINITY)], 3.0, 4);
        let mut out = String::new();
        write(&mut out, &gathered, |_| true);
        let expected = json!([
            {"name": "a_total", "help": "Counts \"it\".", "type": "COUNTER",
             "metric": [{"label": [{"name": "l", "value": "v\""}], "counter": {"value": 2}}]},
            {"name": "b", "help": "Odd.", "type": "GAUGE", "metric": [{"gauge": {"value": "NaN"}}]},
            {"name": "h", "help": "Bounds.", "type": "HISTOGRAM", "metric": [{"histogram": {
                "sampleCount": "2", "sampleSum": 2.05,
                "bucket": [{"cumulativeCount": "1", "upperBound": 0.1}]}}]},
            {"name": "s", "help": "Ranks.", "type": "SUMMARY", "metric": [{"summary": {
                "sampleCount": "4", "sampleSum": 3, "quantile": [{"quantile": 0.5, "value": "Infinity"}]}}]},
        ]);
        assert_eq!(serde_json::from_str::<Value>(&out).unwrap(), expected);
        out.clear();
        write(&mut out, &gathered, |name| name == "b");
        assert!(
            out.starts_with("[{\"name\":\"b\"") && !out.contains("a_total"),
            "{out}"
        );
    }
}

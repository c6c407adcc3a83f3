//! Metric families as they are gathered: each with its help and type once, in order of names, whoever appended its
//! samples. Rendered here in the text format 0.0.4.

use std::collections::BTreeMap;

use connectors_formats::text_escapes::write_quoted;
use engine_model::number::{format_go_value, write_go_value};

use super::histogram::Histogram;

/// Families and their samples so far.
#[derive(Debug, Default)]
pub struct Exposition {
    families: BTreeMap<&'static str, Family>,
}

/// What has one name.
#[derive(Debug)]
pub(super) struct Family {
    pub(super) help: &'static str,
    pub(super) kind: Kind,
    pub(super) metrics: Vec<Metric>,
}

/// The types of families.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Counter,
    Gauge,
    Histogram,
    Summary,
}

impl Kind {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
            Self::Summary => "summary",
        }
    }
}

/// One label set of a family.
#[derive(Debug)]
pub(super) struct Metric {
    pub(super) labels: Vec<(String, String)>,
    pub(super) value: MetricValue,
}

/// What a metric says.
#[derive(Debug)]
pub(super) enum MetricValue {
    Number(f64),
    Buckets {
        /// Upper bounds with how many observations are at or below each; the last is infinite.
        buckets: Vec<(f64, u64)>,
        sum: f64,
    },
    Quantiles {
        quantiles: Vec<(f64, f64)>,
        sum: f64,
        count: u64,
    },
}

impl Exposition {
    /// A number that only grows.
    pub fn counter(&mut self, name: &'static str, help: &'static str, labels: &[(&str, &str)], value: f64) {
        self.add(name, help, Kind::Counter, labels, MetricValue::Number(value));
    }

    /// A number that goes up and down.
    pub fn gauge(&mut self, name: &'static str, help: &'static str, labels: &[(&str, &str)], value: f64) {
        self.add(name, help, Kind::Gauge, labels, MetricValue::Number(value));
    }

    /// Observations under bounds.
    pub fn histogram(
        &mut self,
        name: &'static str,
        help: &'static str,
        labels: &[(&str, &str)],
        histogram: &Histogram,
    ) {
        let buckets = histogram.cumulative();
        self.buckets(name, help, labels, buckets, histogram.sum());
    }

    /// Observations under bounds, given as cumulative counts; the last bound must be infinite.
    pub fn buckets(
        &mut self,
        name: &'static str,
        help: &'static str,
        labels: &[(&str, &str)],
        buckets: impl Iterator<Item = (f64, u64)>,
        sum: f64,
    ) {
        let buckets = buckets.collect();
        self.add(
            name,
            help,
            Kind::Histogram,
            labels,
            MetricValue::Buckets { buckets, sum },
        );
    }

    /// Observations by quantile.
    pub fn summary(
        &mut self,
        name: &'static str,
        help: &'static str,
        labels: &[(&str, &str)],
        quantiles: &[(f64, f64)],
        sum: f64,
        count: u64,
    ) {
        let value = MetricValue::Quantiles {
            quantiles: quantiles.to_vec(),
            sum,
            count,
        };
        self.add(name, help, Kind::Summary, labels, value);
    }

    /// All families as text.
    pub fn render(&self) -> String {
        let mut out = String::new();
        for (name, family) in &self.families {
            out.push_str("# HELP ");
            out.push_str(name);
            out.push(' ');
            out.push_str(&family.help.replace('\\', "\\\\").replace('\n', "\\n"));
            out.push_str("\n# TYPE ");
            out.push_str(name);
            out.push(' ');
            out.push_str(family.kind.as_str());
            out.push('\n');
            for metric in &family.metrics {
                write_metric(&mut out, name, metric);
            }
        }
        out
    }

    /// The families by their names.
    pub(super) fn families(&self) -> impl Iterator<Item = (&'static str, &Family)> {
        self.families.iter().map(|(name, family)| (*name, family))
    }

    fn add(
        &mut self,
        name: &'static str,
        help: &'static str,
        kind: Kind,
        labels: &[(&str, &str)],
        value: MetricValue,
    ) {
        let family = self.families.entry(name).or_insert_with(|| Family {
            help,
            kind,
            metrics: Vec::new(),
        });
        debug_assert_eq!(family.kind, kind, "{name} has two types");
        let labels = labels
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        family.metrics.push(Metric {
            labels: labels.collect(),
            value,
        });
    }
}

fn write_metric(out: &mut String, name: &str, metric: &Metric) {
    let labels = &metric.labels;
    match &metric.value {
        MetricValue::Number(value) => write_line(out, name, "", labels, None, *value),
        MetricValue::Buckets { buckets, sum } => {
            for (bound, below) in buckets {
                let bound = format_go_value(*bound);
                write_line(out, name, "_bucket", labels, Some(("le", &bound)), *below as f64);
            }
            let count = buckets.last().map_or(0, |(_, count)| *count);
            write_line(out, name, "_sum", labels, None, *sum);
            write_line(out, name, "_count", labels, None, count as f64);
        }
        MetricValue::Quantiles {
            quantiles,
            sum,
            count,
        } => {
            for (quantile, value) in quantiles {
                let quantile = format_go_value(*quantile);
                write_line(out, name, "", labels, Some(("quantile", &quantile)), *value);
            }
            write_line(out, name, "_sum", labels, None, *sum);
            write_line(out, name, "_count", labels, None, *count as f64);
        }
    }
}

fn write_line(
    out: &mut String,
    name: &str,
    suffix: &str,
    labels: &[(String, String)],
    extra: Option<(&str, &str)>,
    value: f64,
) {
    out.push_str(name);
    out.push_str(suffix);
    let mut separator = '{';
    let labels = labels.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    for (label, value) in labels.chain(extra) {
        out.push(separator);
        out.push_str(label);
        out.push('=');
        write_quoted(out, value);
        separator = ',';
    }
    if separator == ',' {
        out.push('}');
    }
    out.push(' ');
    write_go_value(out, value);
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_format() {
        let mut out = Exposition::default();
        out.gauge("b", "Second.", &[("path", "a\"\\\n")], 1.5);
        out.counter("a_total", "First,\nwith \\.", &[], 1e6);
        out.gauge("b", "Second.", &[("path", "x"), ("y", "z")], f64::NAN);
        let mut histogram = Histogram::new(&[0.1]);
        histogram.observe(0.05);
        histogram.observe(2.0);
        out.histogram("h", "Third.", &[("l", "v")], &histogram);
        out.summary("s", "Fourth.", &[], &[(0.5, 0.25)], 3.0, 4);
        let expected = r#"# HELP a_total First,\nwith \\.
# TYPE a_total counter
a_total 1e+06
# HELP b Second.
# TYPE b gauge
b{path="a\"\\\n"} 1.5
b{path="x",y="z"} NaN
# HELP h Third.
# TYPE h histogram
h_bucket{l="v",le="0.1"} 1
h_bucket{l="v",le="+Inf"} 2
h_sum{l="v"} 2.05
h_count{l="v"} 2
# HELP s Fourth.
# TYPE s summary
s{quantile="0.5"} 0.25
s_sum 3
s_count 4
"#;
        assert_eq!(out.render(), expected);
    }
}

//! Metric families in the text format 0.0.4: each with its help and type once, in order of names,
//! whoever appended its samples.

use std::collections::BTreeMap;

use connectors_formats::text_escapes::write_quoted;
use engine_model::number::{format_go_value, write_go_value};

use super::histogram::Histogram;

/// Families and their samples so far.
#[derive(Debug, Default)]
pub struct Exposition {
    families: BTreeMap<&'static str, Family>,
}

#[derive(Debug)]
struct Family {
    help: &'static str,
    kind: &'static str,
    lines: String,
}

impl Exposition {
    /// A number that only grows.
    pub fn counter(&mut self, name: &'static str, help: &'static str, labels: &[(&str, &str)], value: f64) {
        let lines = self.lines(name, help, "counter");
        write_line(lines, name, "", labels, None, value);
    }

    /// A number that goes up and down.
    pub fn gauge(&mut self, name: &'static str, help: &'static str, labels: &[(&str, &str)], value: f64) {
        let lines = self.lines(name, help, "gauge");
        write_line(lines, name, "", labels, None, value);
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
        let lines = self.lines(name, help, "histogram");
        let mut count = 0;
        for (bound, below) in buckets {
            let bound = format_go_value(bound);
            write_line(lines, name, "_bucket", labels, Some(("le", &bound)), below as f64);
            count = below;
        }
        write_line(lines, name, "_sum", labels, None, sum);
        write_line(lines, name, "_count", labels, None, count as f64);
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
        let lines = self.lines(name, help, "summary");
        for &(quantile, value) in quantiles {
            let quantile = format_go_value(quantile);
            write_line(lines, name, "", labels, Some(("quantile", &quantile)), value);
        }
        write_line(lines, name, "_sum", labels, None, sum);
        write_line(lines, name, "_count", labels, None, count as f64);
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
            out.push_str(family.kind);
            out.push('\n');
            out.push_str(&family.lines);
        }
        out
    }

    fn lines(&mut self, name: &'static str, help: &'static str, kind: &'static str) -> &mut String {
        let family = self.families.entry(name).or_insert_with(|| Family {
            help,
            kind,
            lines: String::new(),
        });
        debug_assert_eq!(family.kind, kind, "{name} has two types");
        &mut family.lines
    }
}

fn write_line(
    out: &mut String,
    name: &str,
    suffix: &str,
    labels: &[(&str, &str)],
    extra: Option<(&str, &str)>,
    value: f64,
) {
    out.push_str(name);
    out.push_str(suffix);
    let mut separator = '{';
    for (label, value) in labels.iter().copied().chain(extra) {
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

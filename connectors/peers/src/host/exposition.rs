//! Metric families gathered from the collectors, written as Prometheus text exposition 0.0.4: families by
//! name, samples by label values, labels by name, as Go's client library sorts them.

use std::borrow::Cow;
use std::collections::BTreeMap;

use connectors_formats::text_escapes::{write_help, write_quoted};
use engine_model::number;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Counter,
    Gauge,
    Untyped,
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Untyped => "untyped",
        }
    }
}

struct Family {
    help: Cow<'static, str>,
    kind: Kind,
    /// By the label values (in the order of their names, joined with NUL): the rendered labels and the value.
    samples: BTreeMap<String, (String, f64)>,
}

/// The families of one scrape.
#[derive(Default)]
pub(super) struct Metrics {
    families: BTreeMap<Cow<'static, str>, Family>,
}

impl Metrics {
    /// Adds a sample of a gauge.
    pub(super) fn gauge(
        &mut self,
        name: impl Into<Cow<'static, str>>,
        help: impl Into<Cow<'static, str>>,
        labels: &[(&str, &str)],
        value: f64,
    ) {
        self.add(Kind::Gauge, name.into(), help.into(), labels, value);
    }

    /// Adds a sample of a counter.
    pub(super) fn counter(
        &mut self,
        name: impl Into<Cow<'static, str>>,
        help: impl Into<Cow<'static, str>>,
        labels: &[(&str, &str)],
        value: f64,
    ) {
        self.add(Kind::Counter, name.into(), help.into(), labels, value);
    }

    /// Adds a sample whose kind the kernel does not tell.
    pub(super) fn untyped(
        &mut self,
        name: impl Into<Cow<'static, str>>,
        help: impl Into<Cow<'static, str>>,
        labels: &[(&str, &str)],
        value: f64,
    ) {
        self.add(Kind::Untyped, name.into(), help.into(), labels, value);
    }

    /// The first sample of a series wins: a scrape must not hold the same series twice.
    fn add(
        &mut self,
        kind: Kind,
        name: Cow<'static, str>,
        help: Cow<'static, str>,
        labels: &[(&str, &str)],
        value: f64,
    ) {
        let mut sorted = labels.to_vec();
        sorted.sort_unstable_by_key(|(name, _)| *name);
        let mut key = String::new();
        let mut rendered = String::new();
        for (index, (label, value)) in sorted.iter().enumerate() {
            if index > 0 {
                key.push('\0');
                rendered.push(',');
            }
            key.push_str(value);
            rendered.push_str(label);
            rendered.push('=');
            write_quoted(&mut rendered, value);
        }
        let family = self.families.entry(name).or_insert_with(|| Family {
            help,
            kind,
            samples: BTreeMap::new(),
        });
        debug_assert_eq!(family.kind, kind, "one family has one kind");
        family.samples.entry(key).or_insert((rendered, value));
    }

    /// Appends all families to `out`.
    pub(super) fn write(&self, out: &mut String) {
        for (name, family) in &self.families {
            out.push_str("# HELP ");
            out.push_str(name);
            out.push(' ');
            write_help(out, &family.help);
            out.push_str("\n# TYPE ");
            out.push_str(name);
            out.push(' ');
            out.push_str(family.kind.as_str());
            out.push('\n');
            for (labels, value) in family.samples.values() {
                out.push_str(name);
                if !labels.is_empty() {
                    out.push('{');
                    out.push_str(labels);
                    out.push('}');
                }
                out.push(' ');
                write_value(out, *value);
                out.push('\n');
            }
        }
    }
}

/// Go's `'g', -1`, which its client library writes: exponent form below 1e-4 and from 1e6.
fn write_value(out: &mut String, value: f64) {
    let magnitude = value.abs();
    if magnitude == 0.0 || !magnitude.is_finite() || (1e-4..1e6).contains(&magnitude) {
        number::write_float(out, value);
    } else {
        out.push_str(&number::format_exponent(value));
    }
}

/// Replaces what may not stand in a metric name with an underscore.
pub(super) fn metric_name_part(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || c == ':' {
                c
            } else {
                '_'
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_samples_and_labels_are_sorted_and_escaped() {
        let mut metrics = Metrics::default();
        metrics.gauge("b", "Second \"family\"\nwith \\.", &[], 1.5);
        metrics.counter("a_total", "First.", &[("z", "1"), ("device", "sd b")], 2.0);
        metrics.counter(
            "a_total",
            "First.",
            &[("device", "sd"), ("z", "a\"\\\nb")],
            f64::INFINITY,
        );
        metrics.counter("a_total", "First.", &[("device", "sd b"), ("z", "1")], 9.0);
        metrics.untyped("c", "Third.", &[], -1.0);
        metrics.untyped("d", "", &[("v", "small")], 0.000_01);
        metrics.untyped("d", "", &[("v", "round")], 1e6);
        metrics.untyped("d", "", &[("v", "nan")], f64::NAN);
        let mut out = String::new();
        metrics.write(&mut out);
        assert_eq!(
            out,
            "# HELP a_total First.\n# TYPE a_total counter\n\
             a_total{device=\"sd\",z=\"a\\\"\\\\\\nb\"} +Inf\n\
             a_total{device=\"sd b\",z=\"1\"} 2\n\
             # HELP b Second \"family\"\\nwith \\\\.\n# TYPE b gauge\nb 1.5\n\
             # HELP c Third.\n# TYPE c untyped\nc -1\n\
             # HELP d \n# TYPE d untyped\nd{v=\"nan\"} NaN\nd{v=\"round\"} 1e+06\nd{v=\"small\"} 1e-05\n"
        );
    }
}

//! Families in the text format.

use std::borrow::Cow;

use engine_model::FloatHistogram;
use engine_model::labels::{is_legacy_label_name, is_legacy_metric_name};
use engine_model::number::{format_go_value, write_go_value};

use super::negotiate::Names;
use super::{Family, FamilyKind, Metric, Newest, classic_buckets};
use crate::text_escapes::write_quoted;

/// Appends a family.
pub fn write_text(out: &mut String, family: &Family, names: Names) {
    let name = escaped(&family.name, names);
    out.push_str("# TYPE ");
    if is_legacy_metric_name(&name) {
        out.push_str(&name);
    } else {
        write_quoted(out, &name);
    }
    out.push_str(match family.kind {
        FamilyKind::Untyped => " untyped\n",
        FamilyKind::Histogram | FamilyKind::GaugeHistogram => " histogram\n",
    });
    for metric in &family.metrics {
        match &metric.value {
            Newest::Float(value) => line(out, (&name, ""), metric, None, *value, names),
            Newest::Histogram(histogram) => {
                let histogram = FloatHistogram::from_histogram(histogram);
                for (bound, count) in classic_buckets(&histogram) {
                    let le = format_go_value(bound);
                    line(out, (&name, "_bucket"), metric, Some(&le), count, names);
                }
                line(
                    out,
                    (&name, "_bucket"),
                    metric,
                    Some("+Inf"),
                    histogram.count,
                    names,
                );
                line(out, (&name, "_sum"), metric, None, histogram.sum, names);
                line(out, (&name, "_count"), metric, None, histogram.count, names);
            }
        }
    }
}

fn line(
    out: &mut String,
    (name, suffix): (&str, &str),
    metric: &Metric,
    le: Option<&str>,
    value: f64,
    names: Names,
) {
    let legacy = is_legacy_metric_name(name);
    if legacy {
        out.push_str(name);
        out.push_str(suffix);
    }
    let mut separator = '{';
    if !legacy {
        out.push('{');
        write_quoted(out, &format!("{name}{suffix}"));
        separator = ',';
    }
    let labels = metric
        .labels
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()));
    for (name, value) in labels.chain(le.map(|le| ("le", le))) {
        out.push(separator);
        separator = ',';
        let name = escaped_label(name, names);
        if is_legacy_label_name(&name) {
            out.push_str(&name);
        } else {
            write_quoted(out, &name);
        }
        out.push('=');
        write_quoted(out, value);
    }
    if separator == ',' {
        out.push('}');
    }
    out.push(' ');
    write_go_value(out, value);
    out.push_str(&format!(" {}\n", metric.timestamp_ms));
}

fn escaped(name: &str, names: Names) -> Cow<'_, str> {
    match names {
        Names::Escaped(scheme) if !is_legacy_metric_name(name) => scheme.escape(name),
        _ => Cow::Borrowed(name),
    }
}

fn escaped_label(name: &str, names: Names) -> Cow<'_, str> {
    match names {
        Names::Escaped(scheme) if !is_legacy_label_name(name) => scheme.escape(name),
        _ => Cow::Borrowed(name),
    }
}

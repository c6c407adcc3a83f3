//! What the entries of an exposition say, whatever its format.

use std::borrow::Cow;

use super::metric_type::MetricType;

/// One entry. The series of a sample is asked of the parser.
#[derive(Debug, Clone, PartialEq)]
pub enum Entry<'a> {
    /// A float sample.
    Sample(Sample),
    /// A native histogram, which [`Parser::histogram`](super::Parser::histogram) gives.
    Histogram {
        /// Explicit timestamp in ms since the epoch.
        timestamp: Option<i64>,
        /// Whether its series is the one that was guessed.
        guessed: bool,
    },
    /// The type of a family.
    Type {
        /// Name of the metric family.
        family: &'a str,
        /// Its type.
        metric_type: MetricType,
    },
    /// The help text of a family.
    Help {
        /// Name of the metric family.
        family: &'a str,
        /// The text, escapes resolved.
        text: Cow<'a, str>,
    },
    /// The unit of a family.
    Unit {
        /// Name of the metric family.
        family: &'a str,
        /// The unit.
        unit: &'a str,
    },
    /// A comment, or what is said of a family whose name is not UTF-8.
    Other,
}

/// A float sample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    /// The value; a parsed `NaN` of a text has the canonical payload.
    pub value: f64,
    /// Explicit timestamp in ms since the epoch.
    pub timestamp: Option<i64>,
    /// Whether its series is the one that was guessed.
    pub guessed: bool,
}

/// An exemplar of the latest sample or histogram.
#[derive(Debug, Clone, PartialEq)]
pub struct Exemplar<'a> {
    /// Its labels as written; unlike those of a series they have no metric name.
    pub labels: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    /// The observed value.
    pub value: f64,
    /// Milliseconds since the epoch, where it is exposed.
    pub timestamp: Option<i64>,
}

/// What of an exposition is read, and as what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Options {
    /// Reads histograms as if they had classic buckets only.
    pub ignore_native_histograms: bool,
    /// Yields the classic series of a histogram beside the native one (of a protobuf exposition, or
    /// converted).
    pub keep_classic_histograms: bool,
    /// Collates the classic series of a histogram into a native one with custom buckets.
    pub convert_classic_histograms: bool,
    /// Leaves out the `_created` series of OpenMetrics, which tell start timestamps.
    pub skip_created_series: bool,
    /// Adds type and unit of the family to the labels, as `__type__` and `__unit__`, over exposed labels of these
    /// names. In protobuf they are part of what identifies a series, in text they are not, as in Prometheus.
    pub describe_series: bool,
}

/// The grammar of an exposition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Prometheus's text, 0.0.4 or 1.0.0: they are read alike.
    PrometheusText,
    /// OpenMetrics text, 0.0.1 or 1.0.0.
    OpenMetricsText,
    /// Delimited `io.prometheus.client.MetricFamily` messages.
    PrometheusProto,
}

//! What one line of exposition text says.

/// One line's content; borrowed from the input.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Event<'a> {
    /// A sample.
    Sample(Sample<'a>),
    /// `# TYPE name type`.
    Type {
        /// Name of the metric family, escapes not resolved.
        name: &'a [u8],
        /// Its type.
        metric_type: MetricType,
    },
    /// `# HELP name text`.
    Help {
        /// Name of the metric family, escapes not resolved.
        name: &'a [u8],
        /// The text, escapes not resolved.
        text: &'a str,
    },
    /// Any other comment, `#` included.
    Comment(&'a [u8]),
}

/// One sample line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample<'a> {
    /// The bytes that name the series: from the name or brace to the last byte before the value's
    /// white space. Equal bytes under the same type name the same series.
    pub series: &'a [u8],
    /// The value; a parsed `NaN` has the canonical payload.
    pub value: f64,
    /// Explicit timestamp in ms since the epoch.
    pub timestamp: Option<i64>,
}

/// Type of a metric family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MetricType {
    /// `counter`.
    Counter,
    /// `gauge`.
    Gauge,
    /// `histogram`.
    Histogram,
    /// `summary`.
    Summary,
    /// `untyped`, or no type line.
    #[default]
    Untyped,
}

impl MetricType {
    /// The type of a word in a `# TYPE` line.
    pub(super) fn from_word(word: &[u8]) -> Option<Self> {
        Some(match word {
            b"counter" => Self::Counter,
            b"gauge" => Self::Gauge,
            b"histogram" => Self::Histogram,
            b"summary" => Self::Summary,
            b"untyped" => Self::Untyped,
            _ => return None,
        })
    }

    /// The word that Prometheus's metadata uses; `untyped` reads as `unknown` there.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
            Self::Summary => "summary",
            Self::Untyped => "unknown",
        }
    }
}

//! The types that a metric family can have.

/// Type of a metric family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum MetricType {
    /// `counter`.
    Counter,
    /// `gauge`.
    Gauge,
    /// `histogram`.
    Histogram,
    /// `gaugehistogram`; not in Prometheus's text.
    GaugeHistogram,
    /// `summary`.
    Summary,
    /// `info`; OpenMetrics only.
    Info,
    /// `stateset`; OpenMetrics only.
    StateSet,
    /// `untyped`, `unknown`, or no type line.
    #[default]
    Untyped,
}

impl MetricType {
    /// The type of a word in a `# TYPE` line of Prometheus's text.
    pub(crate) fn from_text_word(word: &[u8]) -> Option<Self> {
        Some(match word {
            b"counter" => Self::Counter,
            b"gauge" => Self::Gauge,
            b"histogram" => Self::Histogram,
            b"summary" => Self::Summary,
            b"untyped" => Self::Untyped,
            _ => return None,
        })
    }

    /// The type of a word in a `# TYPE` line of OpenMetrics.
    pub(crate) fn from_open_metrics_word(word: &[u8]) -> Option<Self> {
        Some(match word {
            b"gaugehistogram" => Self::GaugeHistogram,
            b"info" => Self::Info,
            b"stateset" => Self::StateSet,
            b"unknown" => Self::Untyped,
            b"untyped" => return None,
            _ => return Self::from_text_word(word),
        })
    }

    /// The word that Prometheus's metadata uses; `untyped` reads as `unknown` there.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
            Self::GaugeHistogram => "gaugehistogram",
            Self::Summary => "summary",
            Self::Info => "info",
            Self::StateSet => "stateset",
            Self::Untyped => "unknown",
        }
    }

    /// Whether what its series count can have started at some time.
    pub fn has_start(self) -> bool {
        matches!(self, Self::Counter | Self::Histogram | Self::Summary)
    }
}

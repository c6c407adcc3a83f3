//! What can be wrong with an exposition, and where.

use std::fmt;

use crate::protobuf::WireError;

/// An entry that is not valid in the exposition's format. Nothing after it was read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {reason}")]
pub struct ParseError {
    /// Where the faulty entry starts.
    pub place: Place,
    /// What is wrong with it.
    pub reason: Reason,
}

/// Where an entry of an exposition starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// 1-based line of a text.
    Line(usize),
    /// Offset of a metric family's message in a protobuf body.
    Byte(usize),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(line) => write!(f, "line {line}"),
            Self::Byte(at) => write!(f, "metric family at byte {at}"),
        }
    }
}

/// What is wrong with a line. Excerpts are cut to 64 bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// The line starts with a byte that starts neither a name, a brace nor a comment.
    #[error("expected a metric name, \"{{\" or \"#\", got {0:?}")]
    LineStart(String),
    /// `# HELP`, `# TYPE` or `# UNIT` without a name after it.
    #[error("expected a metric name after {keyword}, got {got:?}")]
    MetadataName {
        /// `HELP`, `TYPE` or `UNIT`.
        keyword: &'static str,
        /// What stands there.
        got: String,
    },
    /// A type that the format does not have.
    #[error("invalid metric type {0:?}")]
    MetricType(String),
    /// Text that is not UTF-8.
    #[error("{what} is not valid UTF-8: {got:?}")]
    Utf8 {
        /// Which part of the line.
        what: &'static str,
        /// The text with replacement characters.
        got: String,
    },
    /// A quoted text without its closing quote.
    #[error("unterminated quoted text {0:?}")]
    Unterminated(String),
    /// A label set without its closing brace on the same line.
    #[error("label set is not closed: {0:?}")]
    Unclosed(String),
    /// Something else where a label name belongs.
    #[error("expected a label name, got {0:?}")]
    LabelName(String),
    /// Something else where `=` belongs.
    #[error("expected \"=\" after the label name, got {0:?}")]
    Equal(String),
    /// Something else where a quoted label value belongs.
    #[error("expected a quoted label value, got {0:?}")]
    LabelValue(String),
    /// The same label twice in one series.
    #[error("label name {0:?} is not unique")]
    DuplicateLabel(String),
    /// A label whose name is empty.
    #[error("a label name is empty")]
    EmptyLabelName,
    /// A second quoted name in one label set.
    #[error("metric name already set, got {0:?}")]
    NameTwice(String),
    /// Braces without a metric name in front or inside.
    #[error("metric name not set: {0:?}")]
    NameMissing(String),
    /// No value after the series.
    #[error("expected a value after the metric, got {0:?}")]
    ValueMissing(String),
    /// A value that is not a float, or too large for one.
    #[error("invalid value {0:?}")]
    Value(String),
    /// Something after the value that is not whole milliseconds.
    #[error("expected a timestamp or the end of the line after the value, got {0:?}")]
    Timestamp(String),
    /// Something after the timestamp.
    #[error("expected the end of the line after the timestamp, got {0:?}")]
    AfterTimestamp(String),
    /// OpenMetrics: no `# EOF` where the text ends.
    #[error("data does not end with # EOF")]
    NoEof,
    /// OpenMetrics: something after `# EOF`.
    #[error("unexpected data after # EOF: {0:?}")]
    AfterEof(String),
    /// OpenMetrics: a comment that is none of its four kinds.
    #[error("expected HELP, TYPE, UNIT or EOF after \"# \", got {0:?}")]
    Comment(String),
    /// OpenMetrics: a metadata line that ends after its name.
    #[error("expected text in {0}")]
    MetadataText(&'static str),
    /// A unit that its metric's name does not end with.
    #[error("unit {unit:?} not a suffix of metric {name:?}")]
    Unit {
        /// The unit.
        unit: String,
        /// The metric's name.
        name: String,
    },
    /// OpenMetrics: no comma or brace after a label.
    #[error("expected comma or brace close, got {0:?}")]
    Comma(String),
    /// OpenMetrics: an exemplar that is not `{labels} value [timestamp]`.
    #[error("invalid exemplar {0:?}")]
    Exemplar(String),
    /// Protobuf: bytes that are no message.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// Protobuf: a type that the format does not have.
    #[error("unknown metric type for metric {name:?}: {number}")]
    TypeNumber {
        /// The metric family.
        name: String,
        /// Number of the type.
        number: u64,
    },
}

/// Longest excerpt in an error, in bytes: enough to find the place, too little to flood a log.
const EXCERPT_BYTES_MAX: usize = 64;

/// The beginning of `bytes` up to the end of its line, for an error.
pub(crate) fn excerpt(bytes: &[u8]) -> String {
    let line_end = memchr::memchr(b'\n', bytes).unwrap_or(bytes.len());
    let end = line_end.min(EXCERPT_BYTES_MAX);
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}

//! What a script says: its commands, in order.

use std::collections::BTreeMap;

use engine_model::Labels;
use engine_model::number::format_go_value;
use regex::Regex;

use super::series::SequenceValue;

/// A parsed script.
#[derive(Debug, Clone)]
pub struct Script {
    /// Commands in the order of the file.
    pub commands: Vec<Command>,
}

/// One command of a script.
#[derive(Debug, Clone)]
pub enum Command {
    /// `clear`
    Clear,
    /// `load`
    Load(Load),
    /// `eval`; boxed, because it is far larger than the others.
    Eval(Box<Eval>),
}

/// `load <step>` with its series. The first value is at 0, the k-th at k steps.
#[derive(Debug, Clone)]
pub struct Load {
    /// Distance of values, in ms.
    pub step_ms: i64,
    /// Also store classic histograms as native ones with custom buckets.
    pub with_nhcb: bool,
    /// The series; of a series written twice the last line counts.
    pub series: BTreeMap<Labels, LoadedSeries>,
}

/// One series of a `load`.
#[derive(Debug, Clone, PartialEq)]
pub struct LoadedSeries {
    /// Its values.
    pub values: Vec<SequenceValue>,
    /// Start timestamps relative to the samples, in ms, a value each; `None` without an `@st` line.
    pub start_offsets_ms: Option<Vec<Option<i64>>>,
}

/// `eval` with what it expects.
#[derive(Debug, Clone)]
pub struct Eval {
    /// Line of the command, from 1.
    pub line: usize,
    /// The expression.
    pub expr: String,
    /// When it is evaluated.
    pub when: When,
    /// What must come out.
    pub expected: Expected,
    /// Grid of the expected points when an instant query returns a range vector.
    pub range_vector: Option<Grid>,
    /// `expect ordered` or `eval_ordered`.
    pub ordered: bool,
    /// The evaluation must fail; with what error, unless any will do.
    pub fail: Option<TextMatch>,
    /// What is said about warnings.
    pub warnings: AnnotationRule,
    /// What is said about info annotations.
    pub infos: AnnotationRule,
}

/// When an expression is evaluated. Times are ms since the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// At one instant.
    Instant(i64),
    /// On a grid.
    Range(Grid),
}

/// Equally spaced instants, in ms since the epoch; the end is included when it lies on the grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grid {
    /// First instant.
    pub start_ms: i64,
    /// No instant is later.
    pub end_ms: i64,
    /// Distance.
    pub step_ms: i64,
}

/// The expected value.
#[derive(Debug, Clone, PartialEq)]
pub enum Expected {
    /// Series lines in their order, possibly none.
    Series(Vec<(Labels, Vec<SequenceValue>)>),
    /// A line with only a number.
    Scalar(f64),
    /// `expect string`
    String(String),
}

/// What is demanded of annotations of one severity.
#[derive(Debug, Clone, Default)]
pub struct AnnotationRule {
    /// There must be none.
    pub none: bool,
    /// There must be at least one (`eval_warn`, `eval_info`).
    pub some: bool,
    /// Each of these must match an annotation, and each annotation one of these, unless this is empty.
    pub each: Vec<TextMatch>,
}

/// A condition on the text of an error or annotation.
#[derive(Debug, Clone)]
pub enum TextMatch {
    /// Any text will do.
    Any,
    /// Exactly this text.
    Exact(String),
    /// A text in which this is found.
    Pattern(Regex),
}

impl TextMatch {
    /// Whether a text satisfies the condition.
    pub fn is_match(&self, text: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Exact(wanted) => wanted == text,
            Self::Pattern(pattern) => pattern.is_match(text),
        }
    }

    pub(super) fn describe(&self) -> String {
        match self {
            Self::Any => "any text".to_owned(),
            Self::Exact(wanted) => format!("the text {wanted:?}"),
            Self::Pattern(pattern) => format!("a text matching {:?}", pattern.as_str()),
        }
    }
}

impl Expected {
    /// The expectation in the notation of scripts, a series a line.
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Scalar(value) => format_go_value(*value),
            Self::String(text) => engine_model::labels::Quoted(text).to_string(),
            Self::Series(series) if series.is_empty() => "empty result".to_owned(),
            Self::Series(series) => {
                let lines: Vec<String> = series
                    .iter()
                    .map(|(labels, values)| {
                        let values: Vec<String> = values.iter().map(SequenceValue::describe).collect();
                        format!("{labels} {}", values.join(" "))
                    })
                    .collect();
                lines.join("\n")
            }
        }
    }
}

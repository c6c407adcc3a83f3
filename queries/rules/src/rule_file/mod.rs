//! Rule files in Prometheus's format: what a file says once it has passed every check.
//! `decode` reads and checks, `lint` warns about what is legal and still likely a mistake.

mod decode;
mod lint;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use engine_settings::{Diagnostics, Position};
use queries_promql::parser::{Expr, ParseError, ParseOptions, ValueType, parse_expr};

pub use lint::{Warning, lint};

/// The groups of one rule file.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleFile {
    /// In file order; their names are unique in the file.
    pub groups: Vec<RuleGroup>,
}

impl RuleFile {
    /// Reads and checks the text of a rule file; `file` is the name shown in errors and statuses.
    ///
    /// # Errors
    /// Every fault with its line and column.
    pub fn parse(file: &str, text: &str, options: &ParseOptions) -> Result<Self, Diagnostics> {
        decode::decode(file, text, options)
    }
}

/// Rules that are evaluated one after the other at a common interval.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleGroup {
    /// The file, as it was named when it was read.
    pub file: Arc<str>,
    /// Unique in the file.
    pub name: String,
    /// Time between two evaluations, in ms; `None` takes the default.
    pub interval_ms: Option<i64>,
    /// How far in the past queries are evaluated, in ms; `None` takes the default.
    pub query_offset_ms: Option<i64>,
    /// Most series of a recording rule or alerts of an alerting rule; 0 means no limit.
    pub limit: usize,
    /// In the order of their evaluation.
    pub rules: Vec<Rule>,
}

impl RuleGroup {
    /// The value of the label `rule_group` of the metrics: `file;name`.
    pub fn key(&self) -> String {
        format!("{};{}", self.file, self.name)
    }
}

/// A rule. Two rules are equal when they say the same, wherever they stand.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Recording or alerting, and what only that kind has.
    pub kind: RuleKind,
    /// What is evaluated.
    pub query: Arc<RuleQuery>,
    /// The group's labels under the rule's own. An empty value removes a label from the result.
    /// Those of alerting rules are templates.
    pub labels: BTreeMap<String, String>,
    /// Where the rule begins.
    pub position: Position,
}

/// What only one kind of rules has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuleKind {
    /// Stores the result as new series.
    Recording {
        /// Metric name of the result.
        record: String,
    },
    /// Turns the elements of the result into alerts.
    Alerting(AlertSpec),
}

/// What only alerting rules have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertSpec {
    /// Name of the alert.
    pub alert: String,
    /// How long an element has to stay before its alert fires, in ms.
    pub for_ms: i64,
    /// How long an alert keeps firing after its element is gone, in ms.
    pub keep_firing_for_ms: i64,
    /// Templates of descriptive texts.
    pub annotations: BTreeMap<String, String>,
}

impl Rule {
    /// Name of the recorded metric or of the alert.
    pub fn name(&self) -> &str {
        match &self.kind {
            RuleKind::Recording { record } => record,
            RuleKind::Alerting(spec) => &spec.alert,
        }
    }
}

impl PartialEq for Rule {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind && self.query.text == other.query.text && self.labels == other.labels
    }
}

/// The expression of a rule or of a template's `query`.
#[derive(Clone)]
pub struct RuleQuery {
    /// As it was written; the spans of `expr` point into it.
    pub text: String,
    /// Parsed and type-checked; its durations are not resolved.
    pub expr: Expr,
    /// As Prometheus prints it.
    pub canonical: String,
    /// The group that asks it; nothing outside of groups.
    pub group: Option<Arc<GroupName>>,
}

/// Which group it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupName {
    /// The file, as it was named when it was read.
    pub file: Arc<str>,
    /// Its name, unique in the file.
    pub name: String,
}

impl RuleQuery {
    /// Parses an expression.
    ///
    /// # Errors
    /// Prometheus's parse error.
    pub fn parse(text: &str, options: &ParseOptions) -> Result<Self, ParseError> {
        let expr = parse_expr(text, options)?;
        Ok(Self {
            text: text.to_owned(),
            canonical: expr.to_string(),
            expr,
            group: None,
        })
    }

    /// The same, asked by a group.
    #[must_use]
    pub fn asked_by(self, group: Option<Arc<GroupName>>) -> Self {
        Self { group, ..self }
    }

    /// Whether the result can be recorded or alerted on. A range vector or a string cannot, which
    /// Prometheus says at each evaluation only.
    pub fn is_vector_or_scalar(&self) -> bool {
        matches!(self.expr.value_type(), ValueType::Vector | ValueType::Scalar)
    }
}

impl fmt::Debug for RuleQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.canonical)
    }
}

impl PartialEq for RuleQuery {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

//! What a rule file may say and still hardly means: rules that collide, expressions that cannot
//! give a result.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use engine_settings::Position;

use super::{Rule, RuleGroup};

/// A remark about a rule, shown as `file:line:column: message`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// The file as it was named when it was read.
    pub file: Arc<str>,
    /// Where the rule begins.
    pub position: Position,
    /// What is odd and what to do.
    pub message: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Position { line, column } = self.position;
        write!(f, "{}:{line}:{column}: {}", self.file, self.message)
    }
}

/// Name and labels of a rule.
type Identity<'a> = (&'a str, &'a BTreeMap<String, String>);

/// Remarks on the groups of all files, in the order given.
pub fn lint(groups: &[RuleGroup]) -> Vec<Warning> {
    let mut seen: BTreeMap<Identity<'_>, (&RuleGroup, &Rule)> = BTreeMap::new();
    let mut warnings = Vec::new();
    for (group, rule) in groups
        .iter()
        .flat_map(|group| group.rules.iter().map(move |rule| (group, rule)))
    {
        let mut warn = |message| {
            let (file, position) = (Arc::clone(&group.file), rule.position);
            warnings.push(Warning {
                file,
                position,
                message,
            });
        };
        if !rule.query.is_vector_or_scalar() {
            warn(format!(
                "rule \"{}\" can never be evaluated: its expression gives a {}; use one that gives an \
                 instant vector or a scalar",
                rule.name(),
                rule.query.expr.value_type().documented(),
            ));
        }
        match seen.get(&(rule.name(), &rule.labels)) {
            Some((other_group, other)) => warn(format!(
                "rule \"{}\" has the name and labels of the rule at {}:{}, which might make their \
                 results collide; change a name or a label",
                rule.name(),
                other_group.file,
                other.position.line,
            )),
            None => {
                seen.insert((rule.name(), &rule.labels), (group, rule));
            }
        }
    }
    warnings
}

//! Relabelling, rule for rule as Prometheus applies it: rules run in order, each sees what the
//! previous one left, a label set to "" is deleted, and a drop ends it.

mod action;

pub use action::{Action, Rule};

use crate::labels::LabelsBuilder;

/// Applies `rules` to `labels`. Returns false when a rule dropped the target or series.
pub fn apply(rules: &[Rule], labels: &mut LabelsBuilder) -> bool {
    rules.iter().all(|rule| rule.apply(labels))
}

#[cfg(test)]
mod tests;

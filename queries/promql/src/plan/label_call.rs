//! `label_replace`, `label_join` and `absent`: functions whose point are labels.

use std::sync::Arc;

use engine_model::matcher::Pattern;
use engine_model::{Labels, LabelsBuilder, METRIC_NAME, MatchOp, Matcher};
use queries_tables::PlanNode;

use super::aggregate::is_label_name;
use super::{Plan, Planner};
use crate::error::QueryError;
use crate::functions::label::LabelChange;
use crate::functions::range::range_function;
use crate::grid::Grid;
use crate::nodes::absent::Absent;
use crate::nodes::labels_map::{LabelsKind, LabelsMap};
use crate::parser::Expr;
use crate::parser::ast::{Call, StringLiteral};

impl Planner {
    pub(super) fn label_replace(&self, call: &Call, grid: Grid) -> Result<Plan, QueryError> {
        let pattern = text(call, 4)?;
        let regex = match (&pattern.not_utf8, Pattern::of_rule(&pattern.value)) {
            (None, Ok(regex)) => regex,
            _ => {
                return Err(QueryError::Execution(format!(
                    "invalid regular expression in label_replace(): {}",
                    pattern.value
                )));
            }
        };
        let change = LabelChange::Replace {
            target: label_name(call, 1, "destination")?,
            replacement: text(call, 2)?.value.clone(),
            source: text(call, 3)?.value.clone(),
            regex,
        };
        self.change_labels(call, change, grid)
    }

    pub(super) fn label_join(&self, call: &Call, grid: Grid) -> Result<Plan, QueryError> {
        let sources = (3..call.args.len()).map(|i| label_name(call, i, "source"));
        let change = LabelChange::Join {
            sources: sources.collect::<Result<_, _>>()?,
            target: label_name(call, 1, "destination")?,
            separator: text(call, 2)?.value.clone(),
        };
        self.change_labels(call, change, grid)
    }

    fn change_labels(&self, call: &Call, change: LabelChange, grid: Grid) -> Result<Plan, QueryError> {
        let input = self.plan(&call.args[0], grid)?;
        let map = LabelsMap {
            kind: LabelsKind::Change(change),
            steps: grid.steps(),
            budget: Arc::clone(&self.budget),
        };
        Ok(self.unique(PlanNode::plan(map, vec![input]), grid))
    }

    pub(super) fn absent(&self, call: &Call, grid: Grid) -> Result<Plan, QueryError> {
        let argument = call.args[0].unwrap_parens();
        let labels = match argument {
            Expr::Vector(selector) => fixed_labels(&selector.matchers),
            Expr::Matrix(matrix) => fixed_labels(&matrix.selector.matchers),
            _ => Labels::empty(),
        };
        let over_time = matches!(argument, Expr::Matrix(_) | Expr::Subquery(_));
        let input = if over_time {
            let present = range_function("present_over_time").expect("the function is in the list");
            self.range_function(call, present, argument, Vec::new(), grid)?
        } else {
            self.plan(argument, grid)?
        };
        let node = Absent {
            labels,
            steps: grid.steps(),
            drop_name: over_time && self.delayed_name_removal,
            budget: Arc::clone(&self.budget),
        };
        Ok(PlanNode::plan(node, vec![input]))
    }
}

fn text(call: &Call, i: usize) -> Result<&StringLiteral, QueryError> {
    match call.args[i].unwrap_parens() {
        Expr::String(literal) => Ok(literal),
        _ => Err(QueryError::BadData(format!(
            "argument {} of {}() is no string",
            i + 1,
            call.func.name
        ))),
    }
}

fn label_name(call: &Call, i: usize, what: &str) -> Result<String, QueryError> {
    let literal = text(call, i)?;
    if !is_label_name(literal) {
        let name = call.func.name;
        let text = format!("invalid {what} label name in {name}(): {}", literal.value);
        return Err(QueryError::Execution(text));
    }
    Ok(literal.value.clone())
}

/// Labels that equality matchers fix. Of several matchers of one label the first equality fixes it, and
/// any other after it unfixes it again.
fn fixed_labels(matchers: &[Matcher]) -> Labels {
    let mut builder = LabelsBuilder::default();
    let mut fixed: Vec<&str> = Vec::new();
    for matcher in matchers.iter().filter(|m| m.name != METRIC_NAME) {
        if matcher.op == MatchOp::Equal && !fixed.contains(&matcher.name.as_str()) {
            builder.set(&matcher.name, &matcher.value);
            fixed.push(&matcher.name);
        } else {
            builder.remove(&matcher.name);
        }
    }
    builder.build()
}

//! Aggregations.

use std::sync::Arc;

use queries_tables::PlanNode;

use super::{Plan, Planner};
use crate::error::QueryError;
use crate::functions::accumulator::AccumulatorKind;
use crate::grid::Grid;
use crate::nodes::aggregate::{Aggregate, Grouping, ParameterNotes};
use crate::nodes::count_values::CountValues;
use crate::nodes::topk::{TopK, TopKind};
use crate::parser::ast::{AggregateExpr, StringLiteral};
use crate::parser::operators::AggregateOp;
use crate::parser::{Expr, Span};

impl Planner {
    pub(super) fn aggregate(&self, aggregate: &AggregateExpr, grid: Grid) -> Result<Plan, QueryError> {
        let kind = match aggregate.op {
            AggregateOp::Sum => AccumulatorKind::Sum,
            AggregateOp::Avg => AccumulatorKind::Avg,
            AggregateOp::Count => AccumulatorKind::Count,
            AggregateOp::Min => AccumulatorKind::Min,
            AggregateOp::Max => AccumulatorKind::Max,
            AggregateOp::Group => AccumulatorKind::Group,
            AggregateOp::Stddev => AccumulatorKind::Stddev,
            AggregateOp::Stdvar => AccumulatorKind::Stdvar,
            AggregateOp::Quantile => AccumulatorKind::Quantile,
            AggregateOp::Topk => return self.topk(TopKind::Largest, aggregate, grid),
            AggregateOp::Bottomk => return self.topk(TopKind::Smallest, aggregate, grid),
            AggregateOp::Limitk => return self.topk(TopKind::First, aggregate, grid),
            AggregateOp::LimitRatio => return self.topk(TopKind::Share, aggregate, grid),
            AggregateOp::CountValues => return self.count_values(aggregate, grid),
        };
        let node = Aggregate {
            kind,
            grouping: grouping(aggregate),
            grid,
            notes: self.parameter_notes(aggregate),
            vector_span: aggregate.expr.unwrap_parens().span(),
            budget: Arc::clone(&self.budget),
        };
        Ok(PlanNode::plan(node, self.aggregate_inputs(aggregate, grid)?))
    }

    /// The vector, then the parameter if there is one.
    fn aggregate_inputs(&self, aggregate: &AggregateExpr, grid: Grid) -> Result<Vec<Plan>, QueryError> {
        let vector = self.plan(&aggregate.expr, grid)?;
        let parameter = aggregate.param.as_ref().map(|p| self.plan(p, grid)).transpose()?;
        Ok(std::iter::once(vector).chain(parameter).collect())
    }

    fn parameter_notes(&self, aggregate: &AggregateExpr) -> ParameterNotes {
        let parameter = aggregate.param.as_deref().map(Expr::unwrap_parens);
        ParameterNotes {
            annotations: Arc::clone(&self.annotations),
            span: parameter.map_or(Span::default(), Expr::span),
        }
    }

    fn topk(&self, kind: TopKind, aggregate: &AggregateExpr, grid: Grid) -> Result<Plan, QueryError> {
        let node = TopK {
            kind,
            grouping: grouping(aggregate),
            steps: grid.steps(),
            notes: self.parameter_notes(aggregate),
            span: aggregate.span,
            budget: Arc::clone(&self.budget),
        };
        Ok(PlanNode::plan(node, self.aggregate_inputs(aggregate, grid)?))
    }

    fn count_values(&self, aggregate: &AggregateExpr, grid: Grid) -> Result<Plan, QueryError> {
        let parameter = aggregate.param.as_deref().map(Expr::unwrap_parens);
        let Some(Expr::String(label)) = parameter else {
            return Err(QueryError::BadData(
                "count_values needs a label name as a string".to_owned(),
            ));
        };
        if !is_label_name(label) {
            return Err(QueryError::Execution(format!(
                "invalid label name {}",
                quoted(label)
            )));
        }
        let mut grouping = grouping(aggregate);
        if !grouping.without {
            grouping.labels.push(label.value.clone());
        }
        let node = CountValues {
            label: label.value.clone(),
            grouping,
            steps: grid.steps(),
            budget: Arc::clone(&self.budget),
        };
        Ok(PlanNode::plan(node, vec![self.plan(&aggregate.expr, grid)?]))
    }
}

fn grouping(aggregate: &AggregateExpr) -> Grouping {
    Grouping {
        labels: aggregate.grouping.clone(),
        without: aggregate.without,
    }
}

/// Any text that is UTF-8 and not empty can name a label.
pub(super) fn is_label_name(literal: &StringLiteral) -> bool {
    !literal.value.is_empty() && literal.not_utf8.is_none()
}

/// The literal in double quotes, bytes that are not UTF-8 as escapes.
fn quoted(literal: &StringLiteral) -> String {
    match &literal.not_utf8 {
        None => engine_model::labels::Quoted(&literal.value).to_string(),
        Some(bytes) => format!("\"{}\"", bytes.escape_ascii()),
    }
}

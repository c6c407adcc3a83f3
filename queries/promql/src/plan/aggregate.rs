//! Aggregations.

use queries_tables::PlanNode;

use super::{Plan, Planner};
use crate::error::QueryError;
use crate::functions::accumulator::AccumulatorKind;
use crate::grid::Grid;
use crate::nodes::aggregate::{Aggregate, Grouping};
use crate::nodes::count_values::CountValues;
use crate::nodes::topk::{TopK, TopKind};
use crate::parser::Expr;
use crate::parser::ast::AggregateExpr;
use crate::parser::operators::AggregateOp;

impl Planner {
    pub(super) fn aggregate(&self, aggregate: &AggregateExpr, grid: Grid) -> Result<Plan, QueryError> {
        let grouping = Grouping {
            labels: aggregate.grouping.clone(),
            without: aggregate.without,
        };
        let mut inputs = vec![self.plan(&aggregate.expr, grid)?];
        if let AggregateOp::CountValues = aggregate.op {
            let label = count_values_label(aggregate)?;
            return Ok(PlanNode::plan(
                CountValues {
                    label,
                    grouping,
                    steps: grid.steps(),
                },
                inputs,
            ));
        }
        if let Some(parameter) = &aggregate.param {
            inputs.push(self.plan(parameter, grid)?);
        }
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
            AggregateOp::Topk => return Ok(self.topk(TopKind::Largest, grouping, grid, inputs)),
            AggregateOp::Bottomk => return Ok(self.topk(TopKind::Smallest, grouping, grid, inputs)),
            AggregateOp::Limitk => return Ok(self.topk(TopKind::First, grouping, grid, inputs)),
            AggregateOp::LimitRatio => return Err(QueryError::NotImplemented("limit_ratio()".to_owned())),
            AggregateOp::CountValues => unreachable!("planned above"),
        };
        Ok(PlanNode::plan(Aggregate { kind, grouping, grid }, inputs))
    }

    fn topk(&self, kind: TopKind, grouping: Grouping, grid: Grid, inputs: Vec<Plan>) -> Plan {
        PlanNode::plan(
            TopK {
                kind,
                grouping,
                steps: grid.steps(),
            },
            inputs,
        )
    }
}

fn count_values_label(aggregate: &AggregateExpr) -> Result<String, QueryError> {
    let parameter = aggregate.param.as_deref().map(Expr::unwrap_parens);
    let Some(Expr::String(label)) = parameter else {
        return Err(QueryError::BadData(
            "count_values needs a label name as a string".to_owned(),
        ));
    };
    if label.value.is_empty() {
        return Err(QueryError::Execution("invalid label name \"\"".to_owned()));
    }
    Ok(label.value.clone())
}

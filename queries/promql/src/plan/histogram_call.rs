//! Functions of classic histograms.

use std::sync::Arc;

use queries_tables::PlanNode;

use super::{Plan, Planner};
use crate::error::QueryError;
use crate::grid::Grid;
use crate::nodes::classic_histogram::{ClassicHistogram, HistogramQuestion};
use crate::parser::Expr;
use crate::parser::ast::{Call, ValueType};

impl Planner {
    pub(super) fn histogram_call(&self, call: &Call, grid: Grid) -> Result<Plan, QueryError> {
        let question = match (call.func.name, call.args.get(1).map(Expr::unwrap_parens)) {
            ("histogram_quantiles", Some(Expr::String(label))) => {
                HistogramQuestion::Quantiles(label.value.clone())
            }
            ("histogram_fraction", _) => HistogramQuestion::Fraction,
            _ => HistogramQuestion::Quantile,
        };
        let is = |value_type: ValueType| move |arg: &&Expr| arg.value_type() == value_type;
        let Some(vector) = call.args.iter().find(is(ValueType::Vector)) else {
            return Err(QueryError::BadData(format!(
                "{}() needs an instant vector",
                call.func.name
            )));
        };
        let parameters: Vec<&Expr> = call.args.iter().filter(is(ValueType::Scalar)).collect();
        let inputs: Result<Vec<Plan>, QueryError> = std::iter::once(vector)
            .chain(parameters.iter().copied())
            .map(|arg| self.plan(arg, grid))
            .collect();
        let labelled = matches!(question, HistogramQuestion::Quantiles(_));
        let node = ClassicHistogram {
            question,
            grid,
            name: self.dropping_name(),
            annotations: Arc::clone(&self.annotations),
            parameter_spans: parameters.iter().map(|p| p.unwrap_parens().span()).collect(),
            vector_span: vector.unwrap_parens().span(),
            budget: Arc::clone(&self.budget),
        };
        let plan = PlanNode::plan(node, inputs?);
        if self.delayed_name_removal && !labelled {
            return Ok(plan);
        }
        Ok(self.unique(plan, grid))
    }
}

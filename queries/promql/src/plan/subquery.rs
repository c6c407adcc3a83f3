//! Subqueries: the inner expression on a grid of its own, aligned to absolute multiples of its step.

use std::sync::Arc;

use queries_tables::PlanNode;

use super::{Plan, Planner};
use crate::error::QueryError;
use crate::functions::range::RangeFunction;
use crate::grid::Grid;
use crate::nodes::subquery::Subquery;
use crate::nodes::window::WindowKind;
use crate::parser::ast::SubqueryExpr;

/// More inner steps than this are refused before anything is read: a day at 1 s is 86,400.
const INNER_STEPS_MAX: usize = 10_000_000;

impl Planner {
    /// A function over the samples of a subquery.
    pub(super) fn subquery(
        &self,
        subquery: &SubqueryExpr,
        function: &'static RangeFunction,
        parameters: Vec<Plan>,
        grid: Grid,
    ) -> Result<Plan, QueryError> {
        let kind = WindowKind::Range {
            function,
            range_ms: subquery.range_ms,
        };
        let name = self.range_name(function);
        let ends = self.ends(&subquery.modifiers, grid);
        let rows = self.subquery_rows(subquery, ends)?;
        self.window(
            kind,
            name,
            &subquery.modifiers,
            grid,
            subquery.span,
            |_| rows,
            parameters,
        )
    }

    /// Folded rows of the inner expression, for windows that end at `ends`.
    pub(crate) fn subquery_rows(&self, subquery: &SubqueryExpr, ends: Grid) -> Result<Plan, QueryError> {
        let step_ms = if subquery.step_ms > 0 {
            subquery.step_ms
        } else {
            self.default_step_ms
        };
        // The first instant is the smallest multiple of the step inside the first window, whose left edge is open.
        let left_ms = ends.start_ms - subquery.range_ms;
        let start_ms = (left_ms.div_euclid(step_ms) + 1) * step_ms;
        let inner = Grid::range(start_ms, ends.last_ms(), step_ms);
        if inner.steps() > INNER_STEPS_MAX {
            return Err(QueryError::Execution(format!(
                "subquery would evaluate {} steps, more than {INNER_STEPS_MAX}; use a larger step",
                inner.steps()
            )));
        }
        let vectors = self.plan(&subquery.expr, inner)?;
        let fold = Subquery {
            grid: inner,
            budget: Arc::clone(&self.budget),
        };
        Ok(PlanNode::plan(fold, vec![vectors]))
    }
}

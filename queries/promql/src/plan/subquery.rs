//! Subqueries: the inner expression on a grid of its own, aligned to absolute multiples of its step.

use std::sync::Arc;

use datafusion::physical_plan::empty::EmptyExec;
use queries_tables::{Operation, PlanNode};

use super::{Plan, Planner};
use crate::error::QueryError;
use crate::grid::Grid;
use crate::nodes::names::NameHandling;
use crate::nodes::subquery::Subquery;
use crate::nodes::window::WindowKind;
use crate::parser::ast::SubqueryExpr;

/// More inner steps than this are refused before anything is read: a day at 1 s is 86,400.
const INNER_STEPS_MAX: usize = 10_000_000;

impl Planner {
    /// A window over the samples of a subquery.
    pub(super) fn window_over_subquery(
        &self,
        kind: WindowKind,
        name: NameHandling,
        subquery: &SubqueryExpr,
        parameters: Vec<Plan>,
        grid: Grid,
    ) -> Result<Plan, QueryError> {
        let ends = self.ends(&subquery.modifiers, grid);
        let rows = self.subquery_rows(subquery, ends)?;
        Ok(self.window(kind, name, &subquery.modifiers, parameters, grid, |_| rows))
    }

    /// Folded rows of the inner expression, for windows that end at `ends`.
    pub(crate) fn subquery_rows(&self, subquery: &SubqueryExpr, ends: Grid) -> Result<Plan, QueryError> {
        let step_ms = if subquery.step_ms > 0 {
            subquery.step_ms
        } else {
            self.default_step_ms
        };
        // The first instant is the smallest multiple of the step inside the first window, whose left edge is open.
        let left_ms = ends.start_ms.saturating_sub(subquery.range_ms);
        let start_ms = left_ms
            .div_euclid(step_ms)
            .saturating_add(1)
            .saturating_mul(step_ms);
        let inner = Grid::range(start_ms, ends.last_ms(), step_ms);
        if inner.steps() > INNER_STEPS_MAX {
            return Err(QueryError::Execution(format!(
                "subquery would evaluate {} steps, more than {INNER_STEPS_MAX}; use a larger step",
                inner.steps()
            )));
        }
        let fold = Subquery {
            grid: inner,
            budget: Arc::clone(&self.budget),
        };
        if inner.steps() == 0 {
            return Ok(Arc::new(EmptyExec::new(fold.schema())));
        }
        let vectors = self.with_buckets().plan(&subquery.expr, inner)?;
        Ok(PlanNode::plan(fold, vec![vectors]))
    }
}

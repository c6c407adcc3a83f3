//! From a checked syntax tree to a tree of plan nodes, built by hand in one pass: no logical plan, no
//! optimizer. One file for each syntax family.

mod aggregate;
mod binary;
mod call;
mod invariant;
mod selector;
mod subquery;

use std::sync::Arc;

use datafusion::physical_plan::ExecutionPlan;
use queries_tables::{PlanNode, SampleBudget, Snapshot};

use crate::annotations::Annotations;
use crate::error::QueryError;
use crate::grid::Grid;
use crate::nodes::constant::{Constant, ConstantKind};
use crate::nodes::map::{Map, MapKind};
use crate::nodes::repeat::Repeat;
use crate::nodes::scalar::{Scalar, ScalarKind};
use crate::nodes::unique::Unique;
use crate::nodes::window::NameHandling;
use crate::parser::Expr;
use crate::parser::ast::{UnaryExpr, ValueType};
use crate::parser::operators::UnaryOp;

/// A node of the plan.
pub type Plan = Arc<dyn ExecutionPlan>;

/// What all parts of one query's plan share.
#[derive(Debug, Clone)]
pub struct Planner {
    /// What is read.
    pub snapshot: Arc<dyn Snapshot>,
    /// Limit on the samples that the query holds.
    pub budget: Arc<SampleBudget>,
    /// Where annotations go.
    pub annotations: Arc<Annotations>,
    /// How far back a sample counts as current, ms.
    pub lookback_ms: i64,
    /// Step of subqueries that name none, ms.
    pub default_step_ms: i64,
    /// Metric names go at the end of the query rather than at once.
    pub delayed_name_removal: bool,
    /// Instants of the whole query: what `start()` and `end()` mean.
    pub query_grid: Grid,
}

impl Planner {
    /// Plans an expression that is a scalar or an instant vector: step vectors over `grid`.
    pub fn plan(&self, expr: &Expr, grid: Grid) -> Result<Plan, QueryError> {
        if grid.steps() > 1 && invariant::worth_repeating(expr) {
            let once = self.plan_steps(expr, Grid::instant(grid.start_ms))?;
            return Ok(PlanNode::plan(Repeat { steps: grid.steps() }, vec![once]));
        }
        self.plan_steps(expr, grid)
    }

    fn plan_steps(&self, expr: &Expr, grid: Grid) -> Result<Plan, QueryError> {
        match expr {
            Expr::Paren(paren) => self.plan(&paren.expr, grid),
            Expr::Number(number) => Ok(self.number(number.value, grid)),
            Expr::Vector(selector) => self.instant_selector(selector, grid, false),
            Expr::Unary(unary) => self.unary(unary, grid),
            Expr::Binary(binary) => self.binary(binary, grid),
            Expr::Aggregate(aggregate) => self.aggregate(aggregate, grid),
            Expr::Call(call) => self.call(call, grid),
            Expr::Matrix(_) | Expr::Subquery(_) | Expr::String(_) => Err(QueryError::BadData(format!(
                "invalid expression type \"{}\" for range query, must be Scalar or instant Vector",
                expr.value_type().documented()
            ))),
        }
    }

    fn number(&self, value: f64, grid: Grid) -> Plan {
        PlanNode::plan(
            Constant {
                kind: ConstantKind::Number(value),
                grid,
            },
            Vec::new(),
        )
    }

    fn unary(&self, unary: &UnaryExpr, grid: Grid) -> Result<Plan, QueryError> {
        let operand = self.plan(&unary.expr, grid)?;
        if unary.op == UnaryOp::Plus {
            return Ok(operand);
        }
        if unary.expr.value_type() == ValueType::Scalar {
            let negate = Scalar {
                kind: ScalarKind::Negate,
                steps: grid.steps(),
            };
            return Ok(PlanNode::plan(negate, vec![operand]));
        }
        let map = Map {
            kind: MapKind::Negate,
            grid,
            name: self.dropping_name(),
        };
        Ok(self.unique(PlanNode::plan(map, vec![operand]), grid, &unary.expr))
    }

    /// How nodes that compute something new treat the metric name.
    fn dropping_name(&self) -> NameHandling {
        if self.delayed_name_removal {
            NameHandling::DropLater
        } else {
            NameHandling::Drop
        }
    }

    /// Guards against label sets that became equal when names were dropped from `source`'s elements. Not
    /// needed where all of them have one name, nor while names stay until the end.
    fn unique(&self, plan: Plan, grid: Grid, source: &Expr) -> Plan {
        if self.delayed_name_removal || selector::has_one_name(source) {
            return plan;
        }
        PlanNode::plan(
            Unique {
                steps: grid.steps(),
                merge: true,
            },
            vec![plan],
        )
    }
}

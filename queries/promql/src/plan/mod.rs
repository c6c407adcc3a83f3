//! From a checked syntax tree to a tree of plan nodes, built by hand in one pass: no logical plan, no
//! optimizer. One file for each syntax family.

mod aggregate;
mod binary;
mod call;
mod histogram_call;
mod info_call;
mod invariant;
mod label_call;
mod range_call;
pub(crate) mod row_order;
mod selector;
mod subquery;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use datafusion::physical_plan::ExecutionPlan;
use queries_tables::{PlanNode, SampleBudget, Snapshot};

use crate::annotations::Annotations;
use crate::error::QueryError;
use crate::grid::Grid;
use crate::nodes::constant::{Constant, ConstantKind};
use crate::nodes::looks::Ledger;
use crate::nodes::map::{Map, MapKind};
use crate::nodes::names::NameHandling;
use crate::nodes::repeat::Repeat;
use crate::nodes::scalar::{Scalar, ScalarKind};
use crate::nodes::unique::{Duplicates, Unique};
use crate::parser::Expr;
use crate::parser::ast::{UnaryExpr, ValueType};
use crate::parser::operators::UnaryOp;

/// Whether selectors compare each native histogram with the one before and hint at resets. Prometheus does so for
/// functions that need no buckets, which it therefore does not read; hints show in what aggregations warn of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ToldResets {
    /// Not here.
    No,
    /// Here: inside `histogram_count`, `histogram_sum` or `histogram_avg`.
    Yes,
    /// Neither here nor anywhere inside: buckets are needed.
    Never,
}

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
    /// Counters are told by `__type__` rather than by their name.
    pub type_and_unit_labels: bool,
    /// Whether selectors say of native histograms where they were reset.
    pub resets: ToldResets,
    /// Raised by a query that failed because label sets became equal where that is rare: it may succeed
    /// when it is planned again without this, so that their rows are gathered and merged.
    pub collision: Option<Arc<AtomicBool>>,
    /// Where windows count samples.
    pub ledger: Ledger,
    /// Instants of the whole query: what `start()` and `end()` mean.
    pub query_grid: Grid,
}

impl Planner {
    /// Plans an expression that is a scalar or an instant vector: step vectors over `grid`.
    pub fn plan(&self, expr: &Expr, grid: Grid) -> Result<Plan, QueryError> {
        if grid.steps() > 1 && invariant::worth_repeating(expr) {
            let once = self.plan_steps(expr, Grid::instant(grid.start_ms))?;
            return Ok(self.repeat(once, grid));
        }
        self.plan_steps(expr, grid)
    }

    fn plan_steps(&self, expr: &Expr, grid: Grid) -> Result<Plan, QueryError> {
        match expr {
            Expr::Paren(paren) => self.plan(&paren.expr, grid),
            Expr::Number(number) => Ok(self.number(number.value, grid)),
            Expr::Vector(selector) => self.instant_selector(selector, grid),
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

    /// The single step of `plan` at every instant of `grid`.
    fn repeat(&self, plan: Plan, grid: Grid) -> Plan {
        let repeat = Repeat {
            steps: grid.steps(),
            budget: Arc::clone(&self.budget),
        };
        PlanNode::plan(repeat, vec![plan])
    }

    fn number(&self, value: f64, grid: Grid) -> Plan {
        self.constant(ConstantKind::Number(value), grid)
    }

    fn constant(&self, kind: ConstantKind, grid: Grid) -> Plan {
        let budget = Arc::clone(&self.budget);
        PlanNode::plan(Constant { kind, grid, budget }, Vec::new())
    }

    fn scalar(&self, kind: ScalarKind, grid: Grid, inputs: Vec<Plan>) -> Plan {
        let scalar = Scalar {
            kind,
            steps: grid.steps(),
            budget: Arc::clone(&self.budget),
        };
        PlanNode::plan(scalar, inputs)
    }

    /// A map whose results are no longer the metric of their input, or still are when they are `kept`.
    fn map(&self, kind: MapKind, grid: Grid, name: NameHandling, inputs: Vec<Plan>) -> Plan {
        let budget = Arc::clone(&self.budget);
        let map = Map {
            kind,
            grid,
            name,
            budget,
        };
        let plan = PlanNode::plan(map, inputs);
        match name {
            NameHandling::Drop => self.unique(plan, grid),
            NameHandling::Keep | NameHandling::DropLater => plan,
        }
    }

    fn unary(&self, unary: &UnaryExpr, grid: Grid) -> Result<Plan, QueryError> {
        let operand = self.plan(&unary.expr, grid)?;
        if unary.op == UnaryOp::Plus {
            return Ok(operand);
        }
        if unary.expr.value_type() == ValueType::Scalar {
            return Ok(self.scalar(ScalarKind::Negate, grid, vec![operand]));
        }
        Ok(self.map(MapKind::Negate, grid, self.dropping_name(), vec![operand]))
    }

    /// How nodes that compute something new treat the metric name.
    fn dropping_name(&self) -> NameHandling {
        if self.delayed_name_removal {
            NameHandling::DropLater
        } else {
            NameHandling::Drop
        }
    }

    /// The planner of what is inside a function of whole histograms that needs no buckets.
    fn without_buckets(&self) -> Self {
        let resets = match self.resets {
            ToldResets::Never => ToldResets::Never,
            ToldResets::No | ToldResets::Yes => ToldResets::Yes,
        };
        Self {
            resets,
            ..self.clone()
        }
    }

    /// The planner of what is inside something that needs buckets.
    fn with_buckets(&self) -> Self {
        Self {
            resets: ToldResets::Never,
            ..self.clone()
        }
    }

    /// Guards against label sets that have become equal; their rows are merged where they never meet.
    pub(crate) fn unique(&self, plan: Plan, grid: Grid) -> Plan {
        let duplicates = match &self.collision {
            Some(flag) => Duplicates::Unexpected(Arc::clone(flag)),
            None => Duplicates::Merge,
        };
        self.without_duplicates(plan, grid, duplicates)
    }

    fn without_duplicates(&self, plan: Plan, grid: Grid, duplicates: Duplicates) -> Plan {
        let unique = Unique {
            steps: grid.steps(),
            duplicates,
            budget: Arc::clone(&self.budget),
        };
        PlanNode::plan(unique, vec![plan])
    }
}

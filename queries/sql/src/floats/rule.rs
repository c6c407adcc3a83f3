//! The rule that puts `canonical` where doubles are compared, sorted, joined and grouped, unless nothing depends on it:
//! stored values have one NaN when they are read, so most plans stay as they are.

use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::common::{Column, DFSchema, ScalarValue};
use datafusion::error::Result;
use datafusion::logical_expr::expr::{Between, BinaryExpr, InList};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{
    Distinct, Expr, ExprSchemable, LogicalPlan, LogicalPlanBuilder, Operator, SortExpr,
};
use datafusion::optimizer::AnalyzerRule;

use super::canonical::{canonical, is_canonical, is_float};

/// Puts it there.
#[derive(Debug, Default)]
pub(crate) struct OneOfEqualFloats;

impl AnalyzerRule for OneOfEqualFloats {
    fn analyze(&self, plan: LogicalPlan, _config: &ConfigOptions) -> Result<LogicalPlan> {
        plan.transform_up_with_subqueries(|node| node_of(node).map(Transformed::yes))
            .data()
    }

    fn name(&self) -> &str {
        "one_of_equal_floats"
    }
}

/// One node, its inputs done.
fn node_of(node: LogicalPlan) -> Result<LogicalPlan> {
    let inputs: Vec<LogicalPlan> = node.inputs().into_iter().cloned().collect();
    let schema = merge_schema(&inputs.iter().collect::<Vec<_>>());
    let below = Below { inputs, schema };
    let node = match node {
        LogicalPlan::Aggregate(mut aggregate) => {
            aggregate.group_expr = named(aggregate.group_expr, |expr| below.key(expr));
            LogicalPlan::Aggregate(aggregate)
        }
        LogicalPlan::Distinct(Distinct::All(input)) if has_floats(input.schema()) => {
            let columns = input.schema().columns().into_iter().map(Expr::Column);
            let columns = named(columns.collect(), |expr| below.key(expr));
            let plan = LogicalPlanBuilder::from(input).project(columns)?.build()?;
            return Ok(LogicalPlan::Distinct(Distinct::All(Arc::new(plan))));
        }
        LogicalPlan::Distinct(Distinct::On(mut distinct)) => {
            distinct.on_expr = named(distinct.on_expr, |expr| below.key(expr));
            return Ok(LogicalPlan::Distinct(Distinct::On(distinct)));
        }
        LogicalPlan::Sort(mut sort) => {
            sort.expr = sort.expr.into_iter().map(|one| below.sorted(one)).collect();
            LogicalPlan::Sort(sort)
        }
        LogicalPlan::Join(mut join) => {
            let pair = |(left, right)| (below.key(left), below.key(right));
            join.on = join.on.into_iter().map(pair).collect();
            LogicalPlan::Join(join)
        }
        // Its columns say how deep it goes; there is nothing to compare in it.
        LogicalPlan::TableScan(_) => return Ok(node),
        other => other,
    };
    let names = NamePreserver::new(&node);
    let node = node.map_expressions(|expr| {
        let name = names.save(&expr);
        let changed = expr.transform_up(|one| Ok(below.expression(one)))?;
        Ok(changed.update_data(|expr| name.restore(expr)))
    })?;
    match node.transformed {
        true => node.data.recompute_schema(),
        false => Ok(node.data),
    }
}

fn has_floats(schema: &DFSchema) -> bool {
    schema.fields().iter().any(|field| is_float(field.data_type()))
}

/// Changed expressions that are called as they were.
fn named(exprs: Vec<Expr>, change: impl Fn(Expr) -> Expr) -> Vec<Expr> {
    let names = NamePreserver::new_for_projection();
    let each = exprs.into_iter().map(|expr| {
        let name = names.save(&expr);
        name.restore(change(expr))
    });
    each.collect()
}

/// What the expressions of a node are about.
struct Below {
    inputs: Vec<LogicalPlan>,
    schema: DFSchema,
}

impl Below {
    fn is_float(&self, expr: &Expr) -> bool {
        expr.get_type(&self.schema)
            .is_ok_and(|data_type| is_float(&data_type))
    }

    /// A key by which rows belong together.
    fn key(&self, expr: Expr) -> Expr {
        match expr {
            Expr::Alias(mut alias) => {
                *alias.expr = self.key(*alias.expr);
                Expr::Alias(alias)
            }
            // Sets of keys are canonical where the query engine groups by them.
            Expr::GroupingSet(_) => expr,
            expr if self.is_float(&expr) => canonical(expr),
            expr => expr,
        }
    }

    fn sorted(&self, one: SortExpr) -> SortExpr {
        let expr = self.with_one_nan(one.expr);
        SortExpr { expr, ..one }
    }

    /// An expression of which no NaN has a sign.
    fn with_one_nan(&self, expr: Expr) -> Expr {
        match self.is_float(&expr) && !has_one_nan(&expr, &self.inputs) {
            true => canonical(expr),
            false => expr,
        }
    }

    fn expression(&self, expr: Expr) -> Transformed<Expr> {
        match expr {
            Expr::BinaryExpr(BinaryExpr { left, op, right }) if compares(op) && self.is_float(&left) => {
                let (left, right) = self.compared(*left, op, *right);
                Transformed::yes(Expr::BinaryExpr(BinaryExpr {
                    left: Box::new(left),
                    op,
                    right: Box::new(right),
                }))
            }
            Expr::Between(Between {
                expr,
                negated,
                low,
                high,
            }) if self.is_float(&expr) => {
                let bound = |bound: Expr, zero| match constant(&bound) {
                    Some(0.0) => double(&bound, zero),
                    _ => self.with_one_nan(bound),
                };
                Transformed::yes(Expr::Between(Between {
                    low: Box::new(bound(*low, -0.0)),
                    high: Box::new(bound(*high, 0.0)),
                    expr: Box::new(self.with_one_nan(*expr)),
                    negated,
                }))
            }
            Expr::InList(InList { expr, list, negated }) if self.is_float(&expr) => {
                let canonical_one = |one: Expr| match constant(&one) {
                    Some(0.0) => double(&one, 0.0),
                    Some(_) => one,
                    None => canonical(one),
                };
                Transformed::yes(Expr::InList(InList {
                    expr: Box::new(canonical(*expr)),
                    list: list.into_iter().map(canonical_one).collect(),
                    negated,
                }))
            }
            Expr::AggregateFunction(mut call) if call.params.distinct => {
                call.params.args = call.params.args.into_iter().map(|arg| self.key(arg)).collect();
                Transformed::yes(Expr::AggregateFunction(call))
            }
            Expr::WindowFunction(mut call) => {
                let params = &mut call.params;
                let keys = std::mem::take(&mut params.partition_by);
                params.partition_by = keys.into_iter().map(|key| self.key(key)).collect();
                let sorted = std::mem::take(&mut params.order_by);
                params.order_by = sorted.into_iter().map(|one| self.sorted(one)).collect();
                Transformed::yes(Expr::WindowFunction(call))
            }
            other => Transformed::no(other),
        }
    }

    /// Both sides of a comparison. With a constant only its sign of 0 and a NaN on the other side matter.
    fn compared(&self, left: Expr, op: Operator, right: Expr) -> (Expr, Expr) {
        let op_turned = op.swap().unwrap_or(op);
        match (constant(&left), constant(&right)) {
            (None, None) => (canonical(left), canonical(right)),
            (Some(value), None) => {
                let (right, left) = self.with_constant(right, op_turned, left, value);
                (left, right)
            }
            (None, Some(value)) => self.with_constant(left, op, right, value),
            (Some(_), Some(_)) => (canonical(left), canonical(right)),
        }
    }

    fn with_constant(&self, expr: Expr, op: Operator, constant: Expr, value: f64) -> (Expr, Expr) {
        if value != 0.0 {
            return (self.with_one_nan(expr), constant);
        }
        match op {
            // Below −0 are the numbers below 0.
            Operator::Lt | Operator::GtEq => (self.with_one_nan(expr), double(&constant, -0.0)),
            Operator::Gt | Operator::LtEq => (self.with_one_nan(expr), double(&constant, 0.0)),
            _ => (canonical(expr), double(&constant, 0.0)),
        }
    }
}

fn compares(op: Operator) -> bool {
    matches!(
        op,
        Operator::Eq
            | Operator::NotEq
            | Operator::Lt
            | Operator::LtEq
            | Operator::Gt
            | Operator::GtEq
            | Operator::IsDistinctFrom
            | Operator::IsNotDistinctFrom
    )
}

/// The number that a constant is, of whatever type it was before it became a double.
fn constant(expr: &Expr) -> Option<f64> {
    match expr {
        Expr::Literal(ScalarValue::Float64(value), _) => *value,
        Expr::Literal(ScalarValue::Float32(value), _) => value.map(f64::from),
        Expr::Literal(value, _) => match value.cast_to(&DataType::Float64) {
            Ok(ScalarValue::Float64(value)) => value,
            _ => None,
        },
        Expr::Cast(cast) => match cast.expr.as_ref() {
            Expr::Literal(value, _) => {
                let value = value.cast_to(cast.field.data_type()).ok()?;
                constant(&Expr::Literal(value, None))
            }
            _ => None,
        },
        Expr::Negative(expr) => constant(expr).map(|value| -value),
        _ => None,
    }
}

/// `value` as a constant of the type that `like` is.
fn double(like: &Expr, value: f64) -> Expr {
    let is_narrow = |expr: &Expr| match expr {
        Expr::Literal(ScalarValue::Float32(_), _) => true,
        Expr::Cast(cast) => *cast.field.data_type() == DataType::Float32,
        _ => false,
    };
    let literal = match is_narrow(like) {
        true => ScalarValue::Float32(Some(value as f32)),
        false => ScalarValue::Float64(Some(value)),
    };
    Expr::Literal(literal, None)
}

/// Whether no NaN of an expression has a sign: stored values and what is chosen from them. What is computed may have
/// any, as the machine likes.
fn has_one_nan(expr: &Expr, inputs: &[LogicalPlan]) -> bool {
    match expr {
        Expr::Literal(..) => true,
        Expr::Alias(alias) => has_one_nan(&alias.expr, inputs),
        Expr::Column(column) => {
            let input = inputs.iter().find(|input| input.schema().has_column(column));
            input.is_some_and(|input| comes_with_one_nan(column, input))
        }
        Expr::Cast(cast) => has_one_nan(&cast.expr, inputs),
        Expr::AggregateFunction(call) => {
            let chosen = ["min", "max", "first_value", "last_value", "count"].contains(&call.func.name());
            chosen && call.params.args.iter().all(|arg| has_one_nan(arg, inputs))
        }
        other => is_canonical(other),
    }
}

fn comes_with_one_nan(column: &Column, plan: &LogicalPlan) -> bool {
    let Ok(at) = plan.schema().index_of_column(column) else {
        return false;
    };
    let same_place = |input: &LogicalPlan| {
        let column = Column::from(input.schema().qualified_field(at));
        comes_with_one_nan(&column, input)
    };
    match plan {
        LogicalPlan::TableScan(_) => true,
        LogicalPlan::Projection(projection) => {
            let input = std::slice::from_ref(projection.input.as_ref());
            has_one_nan(&projection.expr[at], input)
        }
        LogicalPlan::Aggregate(aggregate) => {
            let input = std::slice::from_ref(aggregate.input.as_ref());
            let exprs = aggregate.group_expr.iter().chain(&aggregate.aggr_expr);
            let plain =
                aggregate.group_expr.len() + aggregate.aggr_expr.len() == plan.schema().fields().len();
            plain
                && exprs
                    .into_iter()
                    .nth(at)
                    .is_some_and(|expr| has_one_nan(expr, input))
        }
        LogicalPlan::SubqueryAlias(alias) => same_place(&alias.input),
        LogicalPlan::Filter(filter) => same_place(&filter.input),
        LogicalPlan::Sort(sort) => same_place(&sort.input),
        LogicalPlan::Limit(limit) => same_place(&limit.input),
        LogicalPlan::Distinct(Distinct::All(input)) => same_place(input),
        LogicalPlan::Union(union) => union.inputs.iter().all(|input| same_place(input)),
        LogicalPlan::Join(join) => {
            let sides = [&join.left, &join.right].into_iter();
            let mut from = sides.filter(|side| side.schema().has_column(column));
            from.next().is_some_and(|side| comes_with_one_nan(column, side))
        }
        _ => false,
    }
}

//! Function calls: functions of one sample become maps, and the few others nodes of their own.

use std::sync::Arc;

use queries_tables::PlanNode;

use super::{Plan, Planner};
use crate::error::QueryError;
use crate::functions::cell::{FLOATS, cell_function};
use crate::functions::range::range_function;
use crate::grid::Grid;
use crate::nodes::constant::ConstantKind;
use crate::nodes::labels_map::{LabelsKind, LabelsMap};
use crate::nodes::map::{MapKind, histogram_function};
use crate::nodes::names::NameHandling;
use crate::nodes::scalar::ScalarKind;
use crate::nodes::sort::{Sort, SortKey};
use crate::nodes::window::Shown;
use crate::parser::Expr;
use crate::parser::ast::{Call, ValueType};

impl Planner {
    pub(super) fn call(&self, call: &Call, grid: Grid) -> Result<Plan, QueryError> {
        if let Some(function) = range_function(call.func.name) {
            return self.range_call(call, function, grid);
        }
        if let Some(function) = cell_function(call.func.name) {
            return self.map_call(call, MapKind::Function(function), grid);
        }
        if let Some(function) = histogram_function(call.func.name) {
            let planner = match function.name {
                "histogram_count" | "histogram_sum" | "histogram_avg" => self.without_buckets(),
                _ => self.clone(),
            };
            return planner.map_call(call, MapKind::Histogram(function), grid);
        }
        match call.func.name {
            "vector" => self.vector_of_scalar(call, grid),
            "timestamp" => self.timestamp(call, Shown::Time, grid),
            "start_timestamp" => self.timestamp(call, Shown::Start, grid),
            "absent" | "absent_over_time" => self.absent(call, grid),
            "sort" => self.sort(call, SortKey::Value, false, grid),
            "sort_desc" => self.sort(call, SortKey::Value, true, grid),
            "sort_by_label" => self.sort(call, labels_key(call)?, false, grid),
            "sort_by_label_desc" => self.sort(call, labels_key(call)?, true, grid),
            "info" => self.info(call, grid),
            "label_replace" => self.label_replace(call, grid),
            "label_join" => self.label_join(call, grid),
            "histogram_quantile" | "histogram_quantiles" | "histogram_fraction" => {
                self.with_buckets().histogram_call(call, grid)
            }
            _ => self.scalar_call(call, grid),
        }
    }

    /// Functions whose result is a scalar.
    fn scalar_call(&self, call: &Call, grid: Grid) -> Result<Plan, QueryError> {
        let query = self.query_grid;
        let seconds = |ms: i64| Ok(self.number(ms as f64 / 1000.0, grid));
        match call.func.name {
            "time" => Ok(self.constant(ConstantKind::Time, grid)),
            "pi" => Ok(self.number(std::f64::consts::PI, grid)),
            "scalar" => Ok(self.scalar(ScalarKind::OfVector, grid, self.arguments(call, grid)?)),
            "max_of" => Ok(self.scalar(ScalarKind::Larger, grid, self.arguments(call, grid)?)),
            "min_of" => Ok(self.scalar(ScalarKind::Smaller, grid, self.arguments(call, grid)?)),
            "start" => seconds(query.start_ms),
            "end" => seconds(query.end_ms),
            // A query of one instant has no step, even if one is given.
            "step" if query.start_ms == query.end_ms => seconds(0),
            "step" => seconds(query.step_ms),
            "range" => seconds(query.end_ms - query.start_ms),
            name => Err(QueryError::NotImplemented(format!("function {name}()"))),
        }
    }

    /// Plans of all arguments that are scalars or vectors.
    pub(super) fn arguments(&self, call: &Call, grid: Grid) -> Result<Vec<Plan>, QueryError> {
        let plannable = |arg: &&Expr| matches!(arg.value_type(), ValueType::Scalar | ValueType::Vector);
        call.args
            .iter()
            .filter(plannable)
            .map(|arg| self.plan(arg, grid))
            .collect()
    }

    pub(super) fn map_call(&self, call: &Call, kind: MapKind, grid: Grid) -> Result<Plan, QueryError> {
        let mut inputs = self.arguments(call, grid)?;
        if inputs.is_empty() {
            // Functions of a date are about the step's time when nothing is said.
            inputs.push(self.constant(ConstantKind::Time, grid));
        }
        Ok(self.map(kind, grid, self.dropping_name(), inputs))
    }

    fn vector_of_scalar(&self, call: &Call, grid: Grid) -> Result<Plan, QueryError> {
        let clear = LabelsMap {
            kind: LabelsKind::Clear,
            steps: grid.steps(),
            budget: Arc::clone(&self.budget),
        };
        Ok(PlanNode::plan(clear, self.arguments(call, grid)?))
    }

    fn sort(&self, call: &Call, key: SortKey, descending: bool, grid: Grid) -> Result<Plan, QueryError> {
        let mut inputs = self.arguments(call, grid)?;
        if grid.start_ms != grid.end_ms {
            let text = "sort is ineffective for range queries since results are always ordered by labels";
            self.annotations.warn(text, call.span);
        }
        if grid.steps() != 1 {
            let floats = cell_function(FLOATS).filter(|_| key == SortKey::Value);
            return Ok(match floats {
                Some(floats) => self.map(MapKind::Function(floats), grid, NameHandling::Keep, inputs),
                None => inputs.remove(0),
            });
        }
        let sort = Sort {
            key,
            descending,
            budget: Arc::clone(&self.budget),
        };
        Ok(PlanNode::plan(sort, inputs))
    }
}

/// The labels that `sort_by_label` sorts by.
fn labels_key(call: &Call) -> Result<SortKey, QueryError> {
    let texts = call.args[1..].iter().map(|arg| match arg.unwrap_parens() {
        Expr::String(literal) => Ok(literal.value.clone()),
        _ => Err(QueryError::BadData(format!(
            "{}() sorts by label names",
            call.func.name
        ))),
    });
    Ok(SortKey::Labels(texts.collect::<Result<_, _>>()?))
}

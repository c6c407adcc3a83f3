//! Function calls: range functions become windows, functions of one sample maps, and the few others
//! nodes of their own.

use std::sync::Arc;

use engine_model::matcher::Pattern;
use engine_model::{Labels, LabelsBuilder, METRIC_NAME, MatchOp, Matcher};
use queries_tables::PlanNode;

use super::{Plan, Planner, selector};
use crate::error::QueryError;
use crate::functions::cell::cell_function;
use crate::functions::label::LabelChange;
use crate::functions::range::{RangeFunction, range_function};
use crate::grid::Grid;
use crate::nodes::absent::Absent;
use crate::nodes::constant::{Constant, ConstantKind};
use crate::nodes::labels_map::{LabelsKind, LabelsMap};
use crate::nodes::map::{Map, MapKind};
use crate::nodes::quantile::HistogramQuantile;
use crate::nodes::scalar::{Scalar, ScalarKind};
use crate::nodes::sort::Sort;
use crate::nodes::unique::Unique;
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
        match call.func.name {
            "time" => Ok(self.constant(ConstantKind::Time, grid)),
            "pi" => Ok(self.number(std::f64::consts::PI, grid)),
            "scalar" => {
                let scalar = Scalar {
                    kind: ScalarKind::OfVector,
                    steps: grid.steps(),
                };
                Ok(PlanNode::plan(scalar, self.arguments(call, grid)?))
            }
            "vector" => {
                let clear = LabelsMap {
                    kind: LabelsKind::Clear,
                    steps: grid.steps(),
                };
                Ok(PlanNode::plan(clear, self.arguments(call, grid)?))
            }
            "timestamp" => self.timestamp(call, grid),
            "absent" | "absent_over_time" => self.absent(call, grid),
            "sort" => self.sort(call, false, grid),
            "sort_desc" => self.sort(call, true, grid),
            "label_replace" | "label_join" => self.change_labels(call, grid),
            "histogram_quantile" => self.histogram_quantile(call, grid),
            "start" => Ok(self.number(self.query_grid.start_ms as f64 / 1000.0, grid)),
            "end" => Ok(self.number(self.query_grid.end_ms as f64 / 1000.0, grid)),
            "step" => Ok(self.number(self.query_grid.step_ms as f64 / 1000.0, grid)),
            "range" => {
                let range_ms = self.query_grid.end_ms - self.query_grid.start_ms;
                Ok(self.number(range_ms as f64 / 1000.0, grid))
            }
            name => Err(QueryError::NotImplemented(format!("function {name}()"))),
        }
    }

    fn constant(&self, kind: ConstantKind, grid: Grid) -> Plan {
        PlanNode::plan(Constant { kind, grid }, Vec::new())
    }

    /// Plans of all arguments that are scalars or vectors.
    fn arguments(&self, call: &Call, grid: Grid) -> Result<Vec<Plan>, QueryError> {
        let plannable = |arg: &&Expr| matches!(arg.value_type(), ValueType::Scalar | ValueType::Vector);
        call.args
            .iter()
            .filter(plannable)
            .map(|arg| self.plan(arg, grid))
            .collect()
    }

    fn range_call(
        &self,
        call: &Call,
        function: &'static RangeFunction,
        grid: Grid,
    ) -> Result<Plan, QueryError> {
        let parameters = self.arguments(call, grid)?;
        self.check_parameters(call)?;
        let Some(samples) = call.args.iter().find(|arg| arg.value_type() == ValueType::Matrix) else {
            return Err(QueryError::BadData(format!(
                "{}() needs a range vector",
                function.name
            )));
        };
        let plan = match samples.unwrap_parens() {
            Expr::Matrix(matrix) => self.range_selector(matrix, function, parameters, grid)?,
            Expr::Subquery(subquery) => self.subquery(subquery, function, parameters, grid)?,
            other => {
                let what = other.value_type().documented();
                return Err(QueryError::BadData(format!("{}() over {what}", function.name)));
            }
        };
        if function.keeps_name || self.delayed_name_removal || selector::has_one_name(samples) {
            return Ok(plan);
        }
        Ok(PlanNode::plan(
            Unique {
                steps: grid.steps(),
                merge: false,
            },
            vec![plan],
        ))
    }

    /// Parameters that Prometheus checks before it evaluates, when they are written as numbers.
    fn check_parameters(&self, call: &Call) -> Result<(), QueryError> {
        if call.func.name != "double_exponential_smoothing" {
            return Ok(());
        }
        let names = [
            "smoothing factor. Expected: 0 < sf < 1, got: ",
            "trend factor. Expected: 0 < tf < 1, got: ",
        ];
        for (arg, name) in call.args[1..].iter().zip(names) {
            if let Expr::Number(number) = arg.unwrap_parens()
                && !(number.value > 0.0 && number.value < 1.0)
            {
                let got = engine_model::number::format_float(number.value);
                return Err(QueryError::Execution(format!("invalid {name}{got}")));
            }
        }
        Ok(())
    }

    fn map_call(&self, call: &Call, kind: MapKind, grid: Grid) -> Result<Plan, QueryError> {
        let mut inputs = self.arguments(call, grid)?;
        if inputs.is_empty() {
            // Functions of a date are about the step's time when nothing is said.
            inputs.push(self.constant(ConstantKind::Time, grid));
        }
        let plan = PlanNode::plan(
            Map {
                kind,
                grid,
                name: self.dropping_name(),
            },
            inputs,
        );
        match call.args.first() {
            Some(vector) => Ok(self.unique(plan, grid, vector)),
            None => Ok(plan),
        }
    }

    fn timestamp(&self, call: &Call, grid: Grid) -> Result<Plan, QueryError> {
        if let Expr::Vector(selector) = call.args[0].unwrap_parens() {
            let plan = self.instant_selector(selector, grid, true)?;
            return Ok(self.unique(plan, grid, &call.args[0]));
        }
        self.map_call(call, MapKind::Timestamp, grid)
    }

    fn sort(&self, call: &Call, descending: bool, grid: Grid) -> Result<Plan, QueryError> {
        let mut inputs = self.arguments(call, grid)?;
        if self.query_grid.steps() > 1 || grid.steps() != 1 {
            let text = "sort is ineffective for range queries since results are always ordered by labels";
            self.annotations.warn(text, call.span);
            return Ok(inputs.remove(0));
        }
        Ok(PlanNode::plan(Sort { descending }, inputs))
    }

    fn absent(&self, call: &Call, grid: Grid) -> Result<Plan, QueryError> {
        let argument = call.args[0].unwrap_parens();
        let labels = match argument {
            Expr::Vector(selector) => fixed_labels(&selector.matchers),
            Expr::Matrix(matrix) => fixed_labels(&matrix.selector.matchers),
            _ => Labels::empty(),
        };
        let present = range_function("present_over_time").expect("the function is in the list");
        let input = match argument {
            Expr::Matrix(matrix) => self.range_selector(matrix, present, Vec::new(), grid)?,
            Expr::Subquery(subquery) => self.subquery(subquery, present, Vec::new(), grid)?,
            other => self.plan(other, grid)?,
        };
        Ok(PlanNode::plan(
            Absent {
                labels,
                steps: grid.steps(),
            },
            vec![input],
        ))
    }

    fn change_labels(&self, call: &Call, grid: Grid) -> Result<Plan, QueryError> {
        let text = |i: usize| match call.args[i].unwrap_parens() {
            Expr::String(literal) => Ok(literal.value.clone()),
            _ => Err(QueryError::BadData(format!(
                "argument {} of {}() is no string",
                i + 1,
                call.func.name
            ))),
        };
        let target = text(1)?;
        if target.is_empty() {
            return Err(QueryError::Execution(format!(
                "invalid destination label name in {}(): {target}",
                call.func.name
            )));
        }
        let change = if call.func.name == "label_replace" {
            let pattern = text(4)?;
            let regex = Pattern::new(&pattern).map_err(|_| {
                QueryError::Execution(format!(
                    "invalid regular expression in label_replace(): {pattern}"
                ))
            })?;
            LabelChange::Replace {
                target,
                replacement: text(2)?,
                source: text(3)?,
                regex,
            }
        } else {
            let sources: Result<Vec<String>, QueryError> = (3..call.args.len()).map(text).collect();
            LabelChange::Join {
                target,
                separator: text(2)?,
                sources: sources?,
            }
        };
        let input = self.plan(&call.args[0], grid)?;
        let map = LabelsMap {
            kind: LabelsKind::Change(change),
            steps: grid.steps(),
        };
        let plan = PlanNode::plan(map, vec![input]);
        Ok(PlanNode::plan(
            Unique {
                steps: grid.steps(),
                merge: true,
            },
            vec![plan],
        ))
    }

    fn histogram_quantile(&self, call: &Call, grid: Grid) -> Result<Plan, QueryError> {
        let inputs = vec![self.plan(&call.args[1], grid)?, self.plan(&call.args[0], grid)?];
        let node = HistogramQuantile {
            grid,
            delayed_name_removal: self.delayed_name_removal,
            annotations: Arc::clone(&self.annotations),
            quantile_span: call.args[0].span(),
            vector_span: call.args[1].span(),
        };
        Ok(PlanNode::plan(node, inputs))
    }
}

/// Labels that equality matchers fix; one that is matched twice is fixed by neither.
fn fixed_labels(matchers: &[Matcher]) -> Labels {
    let mut builder = LabelsBuilder::default();
    for matcher in matchers.iter().filter(|m| m.name != METRIC_NAME) {
        let once = matchers.iter().filter(|other| other.name == matcher.name).count() == 1;
        if matcher.op == MatchOp::Equal && once {
            builder.set(&matcher.name, &matcher.value);
        }
    }
    builder.build()
}

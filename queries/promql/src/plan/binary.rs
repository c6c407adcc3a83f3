//! Operators between two expressions.

use queries_tables::PlanNode;

use super::{Plan, Planner};
use crate::error::QueryError;
use crate::grid::Grid;
use crate::nodes::map::{Map, MapKind};
use crate::nodes::scalar::{Scalar, ScalarKind};
use crate::nodes::vector_match::VectorMatch;
use crate::nodes::window::NameHandling;
use crate::parser::ast::{BinaryExpr, ValueType, VectorMatching};
use crate::parser::operators::BinaryOp;

impl Planner {
    pub(super) fn binary(&self, binary: &BinaryExpr, grid: Grid) -> Result<Plan, QueryError> {
        if matches!(binary.op, BinaryOp::TrimLower | BinaryOp::TrimUpper) {
            return Err(QueryError::NotImplemented(format!(
                "histogram trim operator {}",
                binary.op
            )));
        }
        let inputs = vec![self.plan(&binary.lhs, grid)?, self.plan(&binary.rhs, grid)?];
        match (binary.lhs.value_type(), binary.rhs.value_type()) {
            (ValueType::Scalar, ValueType::Scalar) => {
                let scalar = Scalar {
                    kind: ScalarKind::Operator(binary.op),
                    steps: grid.steps(),
                };
                Ok(PlanNode::plan(scalar, inputs))
            }
            (ValueType::Scalar, _) => Ok(self.with_scalar(binary, true, grid, inputs)),
            (_, ValueType::Scalar) => Ok(self.with_scalar(binary, false, grid, inputs)),
            _ => self.between_vectors(binary, grid, inputs),
        }
    }

    fn with_scalar(
        &self,
        binary: &BinaryExpr,
        scalar_on_left: bool,
        grid: Grid,
        mut inputs: Vec<Plan>,
    ) -> Plan {
        if scalar_on_left {
            inputs.reverse();
        }
        let filters = binary.op.is_comparison() && !binary.return_bool;
        let name = if filters {
            NameHandling::Keep
        } else {
            self.dropping_name()
        };
        let kind = MapKind::Operator {
            op: binary.op,
            scalar_on_left,
            return_bool: binary.return_bool,
        };
        let plan = PlanNode::plan(Map { kind, grid, name }, inputs);
        if filters {
            return plan;
        }
        let vector = if scalar_on_left { &binary.rhs } else { &binary.lhs };
        self.unique(plan, grid, vector)
    }

    fn between_vectors(
        &self,
        binary: &BinaryExpr,
        grid: Grid,
        inputs: Vec<Plan>,
    ) -> Result<Plan, QueryError> {
        let Some(matching) = &binary.matching else {
            return Err(QueryError::BadData(format!(
                "operator {} between vectors has no matching",
                binary.op
            )));
        };
        let VectorMatching {
            fill_left,
            fill_right,
            ..
        } = matching;
        if fill_left.is_some() || fill_right.is_some() {
            return Err(QueryError::NotImplemented(
                "fill modifiers of binary operators".to_owned(),
            ));
        }
        let node = VectorMatch {
            op: binary.op,
            return_bool: binary.return_bool,
            matching: matching.clone(),
            steps: grid.steps(),
            delayed_name_removal: self.delayed_name_removal,
        };
        Ok(PlanNode::plan(node, inputs))
    }
}

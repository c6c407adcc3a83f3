//! Operators between two expressions.

use std::sync::Arc;

use queries_tables::PlanNode;

use super::{Plan, Planner};
use crate::error::QueryError;
use crate::functions::histogram_operator::OperatorNotes;
use crate::grid::Grid;
use crate::nodes::map::MapKind;
use crate::nodes::names::NameHandling;
use crate::nodes::scalar::ScalarKind;
use crate::nodes::vector_match::VectorMatch;
use crate::parser::ast::{BinaryExpr, ValueType};

impl Planner {
    pub(super) fn binary(&self, binary: &BinaryExpr, grid: Grid) -> Result<Plan, QueryError> {
        let planner = match binary.op.is_trim() {
            true => self.with_buckets(),
            false => self.clone(),
        };
        let inputs = vec![planner.plan(&binary.lhs, grid)?, planner.plan(&binary.rhs, grid)?];
        match (binary.lhs.value_type(), binary.rhs.value_type()) {
            (ValueType::Scalar, ValueType::Scalar) => {
                Ok(self.scalar(ScalarKind::Operator(binary.op), grid, inputs))
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
        let filters = (binary.op.is_comparison() && !binary.return_bool) || binary.op.is_trim();
        let name = if filters {
            NameHandling::Keep
        } else {
            self.dropping_name()
        };
        let kind = MapKind::Operator {
            op: binary.op,
            scalar_on_left,
            return_bool: binary.return_bool,
            notes: self.operator_notes(binary),
        };
        self.map(kind, grid, name, inputs)
    }

    fn operator_notes(&self, binary: &BinaryExpr) -> OperatorNotes {
        OperatorNotes {
            annotations: Arc::clone(&self.annotations),
            span: binary.span,
        }
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
        let node = VectorMatch {
            op: binary.op,
            return_bool: binary.return_bool,
            notes: self.operator_notes(binary),
            matching: matching.clone(),
            steps: grid.steps(),
            delayed_name_removal: self.delayed_name_removal,
            budget: Arc::clone(&self.budget),
        };
        Ok(PlanNode::plan(node, inputs))
    }
}

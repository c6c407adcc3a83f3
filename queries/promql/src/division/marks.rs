//! Marks: which rows of a plan lose their metric name at the end of the query. A row has one mark for all steps, so
//! where rows of both kinds become one its steps depend on each other.

use queries_tables::SeriesScan;

use super::operation;
use crate::functions::label::LabelChange;
use crate::nodes::absent::Absent;
use crate::nodes::classic_histogram::ClassicHistogram;
use crate::nodes::constant::Constant;
use crate::nodes::count_values::CountValues;
use crate::nodes::labels_map::{LabelsKind, LabelsMap};
use crate::nodes::map::Map;
use crate::nodes::names::NameHandling;
use crate::nodes::scalar::Scalar;
use crate::nodes::vector_match::VectorMatch;
use crate::nodes::window::Window;
use crate::parser::operators::BinaryOp;
use crate::plan::Plan;

/// Which rows are marked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Marks {
    /// None is.
    Unmarked,
    /// All are.
    Marked,
    /// Some are.
    Mixed,
}

impl Marks {
    /// The marks of what comes out of `plan`.
    pub(super) fn of(plan: &Plan) -> Self {
        let no_marks = operation::<SeriesScan>(plan).is_some()
            || operation::<Constant>(plan).is_some()
            || operation::<Scalar>(plan).is_some()
            || operation::<CountValues>(plan).is_some();
        if no_marks {
            return Self::Unmarked;
        }
        if let Some(window) = operation::<Window>(plan) {
            return Self::handled(window.name, plan);
        }
        if let Some(map) = operation::<Map>(plan) {
            return Self::handled(map.name, plan);
        }
        if let Some(histogram) = operation::<ClassicHistogram>(plan) {
            return Self::handled(histogram.name, plan);
        }
        if let Some(absent) = operation::<Absent>(plan) {
            return Self::all(absent.drop_name);
        }
        if let Some(map) = operation::<LabelsMap>(plan) {
            return Self::relabelled(map, plan);
        }
        if let Some(matching) = operation::<VectorMatch>(plan) {
            return Self::matched(matching, plan);
        }
        Self::of_input(plan, 0)
    }

    fn all(marked: bool) -> Self {
        if marked { Self::Marked } else { Self::Unmarked }
    }

    fn of_input(plan: &Plan, input: usize) -> Self {
        plan.children()
            .get(input)
            .map_or(Self::Unmarked, |input| Self::of(input))
    }

    fn handled(name: NameHandling, plan: &Plan) -> Self {
        match name {
            NameHandling::Keep => Self::of_input(plan, 0),
            NameHandling::Drop => Self::Unmarked,
            NameHandling::DropLater => Self::Marked,
        }
    }

    /// A name that was just written stays, and whether it was depends on the series.
    fn relabelled(map: &LabelsMap, plan: &Plan) -> Self {
        let target = match &map.kind {
            LabelsKind::Change(LabelChange::Replace { target, .. } | LabelChange::Join { target, .. }) => {
                target
            }
            LabelsKind::DropMarkedNames | LabelsKind::Clear => return Self::Unmarked,
        };
        match Self::of_input(plan, 0) {
            Self::Unmarked => Self::Unmarked,
            _ if target == engine_model::METRIC_NAME => Self::Mixed,
            marks => marks,
        }
    }

    fn matched(matching: &VectorMatch, plan: &Plan) -> Self {
        let sides = [Self::of_input(plan, 0), Self::of_input(plan, 1)];
        match matching.op {
            BinaryOp::Or if sides[0] == sides[1] => sides[0],
            BinaryOp::Or => Self::Mixed,
            BinaryOp::And | BinaryOp::Unless => sides[0],
            _ if !matching.delayed_name_removal => Self::Unmarked,
            _ if matching.return_bool => Self::Marked,
            // The many side decides, and what is filled in for it has no mark.
            _ if sides == [Self::Unmarked; 2] => Self::Unmarked,
            _ if sides == [Self::Marked; 2]
                && matching.matching.fill_left.is_none()
                && matching.matching.fill_right.is_none() =>
            {
                Self::Marked
            }
            _ => Self::Mixed,
        }
    }
}

//! What nodes read: the shapes of their inputs, which a decoded plan must have before anything is computed.

use datafusion::arrow::datatypes::SchemaRef;
use queries_tables::folded::folded_schema;

use crate::division::partial_aggregate::partial_schema;
use crate::functions::accumulator::AccumulatorKind;
use crate::nodes::step_vectors::step_schema;
use crate::nodes::subquery::Subquery;
use crate::parser::ast::ValueType;
use crate::parser::signatures::{Arity, function};
use crate::plan::Plan;

/// Most steps that a plan may have: the cells of some steps of a row are counted in 32 bits.
pub(super) const STEPS_MAX: usize = 1 << 28;

/// What comes out of an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Shape {
    /// Samples of series, a row each, with or without the mark that the name goes away.
    Folded,
    /// A value a step.
    Steps(usize),
    /// States of groups.
    Partial(AccumulatorKind, usize),
    /// What another input is.
    Same(SchemaRef),
}

impl Shape {
    fn fits(&self, schema: &SchemaRef) -> bool {
        match self {
            Self::Folded => *schema == folded_schema() || *schema == Subquery::rows_schema(),
            Self::Steps(steps) => *schema == step_schema(*steps),
            Self::Partial(kind, steps) => *schema == partial_schema(*kind, *steps),
            Self::Same(other) => schema == other,
        }
    }
}

/// Whether `inputs` are of these shapes.
pub(super) fn check(shapes: &[Shape], inputs: &[Plan]) -> Result<(), String> {
    if shapes.len() != inputs.len() {
        return Err(format!(
            "it needs {} inputs and has {}",
            shapes.len(),
            inputs.len()
        ));
    }
    for (shape, input) in shapes.iter().zip(inputs) {
        if !shape.fits(&input.schema()) {
            return Err(format!("input {} is not of the shape {shape:?}", input.name()));
        }
    }
    Ok(())
}

/// `count` inputs of step vectors, if there are as many as `wanted`.
pub(super) fn vectors(
    count: usize,
    wanted: std::ops::RangeInclusive<usize>,
    steps: usize,
) -> Result<Vec<Shape>, String> {
    if !wanted.contains(&count) {
        let (least, most) = wanted.into_inner();
        return Err(format!("it needs {least} to {most} inputs and has {count}"));
    }
    Ok(vec![Shape::Steps(steps); count])
}

/// How many scalar parameters the function `name` takes.
pub(super) fn parameters(name: &str) -> std::ops::RangeInclusive<usize> {
    let Some(function) = function(name) else {
        return 0..=0;
    };
    let scalars = function.args.iter().filter(|arg| **arg == ValueType::Scalar);
    let most = scalars.count();
    let optional = function.arity != Arity::Exact && function.args.last() == Some(&ValueType::Scalar);
    most - usize::from(optional)..=most
}

/// The number of steps, if a plan may have so many.
pub(super) fn steps(steps: u64) -> Result<usize, String> {
    let fits = usize::try_from(steps).ok().filter(|steps| *steps <= STEPS_MAX);
    fits.ok_or_else(|| format!("{steps} steps are more than {STEPS_MAX}"))
}

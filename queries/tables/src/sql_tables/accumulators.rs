//! Accumulators of DataFusion's: one of each aggregate for everything, or one for all groups. The former are quicker and
//! know what the aggregate of no rows is.

use arrow::array::{ArrayRef, BooleanArray};
use arrow::compute::filter;
use datafusion::error::Result;
use datafusion::logical_expr::{Accumulator, EmitTo, GroupsAccumulator};

use super::grouped_scan::GroupedSamples;

/// The accumulators of one partition, in the order of its aggregates.
pub(super) enum Accumulators {
    Everything(Vec<Box<dyn Accumulator>>),
    Groups(Vec<Box<dyn GroupsAccumulator>>),
}

impl Accumulators {
    pub(super) fn new(node: &GroupedSamples) -> Result<Self> {
        let functions = node.aggregates.iter().map(|one| &one.function);
        Ok(match node.keys.is_empty() {
            true => Self::Everything(
                functions
                    .map(|one| one.create_accumulator())
                    .collect::<Result<_>>()?,
            ),
            false => Self::Groups(
                functions
                    .map(|one| one.create_groups_accumulator())
                    .collect::<Result<_>>()?,
            ),
        })
    }

    /// Memory that they take, bytes.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Everything(all) => all.iter().map(|one| one.size()).sum(),
            Self::Groups(all) => all.iter().map(|one| one.size()).sum(),
        }
    }

    /// Gives the aggregate `at` its arguments for some rows: those that `kept` keeps, with their groups and how many
    /// groups there are.
    pub(super) fn update(
        &mut self,
        at: usize,
        values: &[ArrayRef],
        (of_rows, groups): (&[usize], usize),
        kept: Option<&BooleanArray>,
    ) -> Result<()> {
        match (self, kept) {
            (Self::Groups(all), kept) => all[at].update_batch(values, of_rows, kept, groups),
            (Self::Everything(all), None) => all[at].update_batch(values),
            (Self::Everything(all), Some(kept)) => {
                let values: Result<Vec<ArrayRef>, _> = values.iter().map(|one| filter(one, kept)).collect();
                all[at].update_batch(&values?)
            }
        }
    }

    /// The columns of all: states for a step that merges them, or values.
    pub(super) fn finish(&mut self, states: bool) -> Result<Vec<ArrayRef>> {
        let mut columns = Vec::new();
        match self {
            Self::Everything(all) => {
                for one in all {
                    let scalars = match states {
                        true => one.state()?,
                        false => vec![one.evaluate()?],
                    };
                    for scalar in scalars {
                        columns.push(scalar.to_array()?);
                    }
                }
            }
            Self::Groups(all) => {
                for one in all {
                    match states {
                        true => columns.extend(one.state(EmitTo::All)?),
                        false => columns.push(one.evaluate(EmitTo::All)?),
                    }
                }
            }
        }
        Ok(columns)
    }
}

//! Arithmetic and comparison between vectors: one side of each match group has at most one element.

use std::collections::HashMap;

use arrow::array::RecordBatch;
use datafusion::error::{DataFusionError, Result};
use engine_model::{Labels, LabelsBuilder};

use super::VectorMatch;

use super::side::{Side, Signatures};
use crate::error::EvalError;
use crate::functions::histogram_operator::{self, Applied};
use crate::functions::label::METADATA_LABELS;
use crate::nodes::Cell;
use crate::nodes::output_rows::OutputRows;
use crate::nodes::pace::Pace;
use crate::parser::ast::Cardinality;

pub(super) async fn evaluate(
    operation: &VectorMatch,
    left: &Side<'_>,
    right: &Side<'_>,
    signatures: &Signatures,
) -> Result<RecordBatch> {
    let swapped = operation.matching.card == Cardinality::OneToMany;
    let (many, one) = if swapped { (right, left) } else { (left, right) };
    let many_groups = many.by_signature(signatures.len());
    let one_groups = one.by_signature(signatures.len());
    let active = active_steps(operation, many, one);
    let mut output = OutputRows::new(operation.steps, &operation.budget);
    let mut pace = Pace::new();
    let mut first_fault: Option<Fault> = None;
    for signature in 0..signatures.len() {
        let mut group = Group {
            operation,
            swapped,
            number: signature,
            signature: signatures.labels(signature),
            ones: &one_groups[signature],
            manys: &many_groups[signature],
            one,
            many,
            recent: vec![None; many_groups[signature].len()],
            targets: HashMap::default(),
        };
        let rows = group.ones.len() + group.manys.len();
        pace.spend(rows * operation.steps).await;
        // What comes after the first step that fails is never computed.
        let until = first_fault
            .as_ref()
            .map_or(operation.steps, |fault| fault.at.0 + 1);
        for step in (0..until).filter(|&step| active[step]) {
            if let Err(failure) = group.step(step, &mut output) {
                let fault = failure.into_fault()?;
                if first_fault.as_ref().is_none_or(|first| fault.at < first.at) {
                    first_fault = Some(fault);
                }
                break;
            }
        }
    }
    match first_fault {
        Some(fault) => Err(fault.error.into()),
        None => output.finish(&mut pace).await,
    }
}

/// Steps at which anything is matched: where one vector is empty and not filled nothing is, so nothing
/// can be ambiguous.
fn active_steps(operation: &VectorMatch, many: &Side<'_>, one: &Side<'_>) -> Vec<bool> {
    let matching = &operation.matching;
    let fills = matching.fill_left.is_some() || matching.fill_right.is_some();
    let sides = many.occupied().into_iter().zip(one.occupied());
    sides
        .map(|(many, one)| if fills { many || one } else { many && one })
        .collect()
}

/// An evaluation error with what decides which of several is told: step, phase of the step, row.
struct Fault {
    at: (usize, Phase, usize),
    error: EvalError,
}

/// What Prometheus looks at first, second and third in a step.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    OneSide,
    Pairs,
    Result,
}

/// Why a step ended early.
enum Failure {
    Fault(Fault),
    Resources(DataFusionError),
}

impl Failure {
    fn new(step: usize, phase: Phase, row: usize, error: EvalError) -> Self {
        Self::Fault(Fault {
            at: (step, phase, row),
            error,
        })
    }

    fn into_fault(self) -> Result<Fault> {
        match self {
            Self::Fault(fault) => Ok(fault),
            Self::Resources(error) => Err(error),
        }
    }
}

impl From<DataFusionError> for Failure {
    fn from(error: DataFusionError) -> Self {
        Self::Resources(error)
    }
}

struct Group<'a> {
    operation: &'a VectorMatch,
    swapped: bool,
    number: usize,
    signature: &'a Labels,
    ones: &'a [usize],
    manys: &'a [usize],
    one: &'a Side<'a>,
    many: &'a Side<'a>,
    /// The one that each many met last, and their output row: mostly it is the same at all steps.
    recent: Vec<Option<(Option<usize>, usize)>>,
    /// Output row of each pair (many, one) that has met; `None` is a side that was filled.
    targets: HashMap<(Option<usize>, Option<usize>), usize, foldhash::fast::RandomState>,
}

impl<'a> Group<'a> {
    fn step(&mut self, step: usize, output: &mut OutputRows) -> Result<(), Failure> {
        let partner = self.partner(step)?;
        let matching = &self.operation.matching;
        // Prometheus counts sides from the many side here: its left is what is many.
        let (fill_one, fill_many) = (matching.fill_right, matching.fill_left);
        let one_to_one = matching.card == Cardinality::OneToOne;
        let mut matched = false;
        if partner.is_some() || fill_one.is_some() {
            let one = partner.map(|(i, _)| i);
            let filled = Cell::Float(fill_one.unwrap_or_default());
            let one_value = partner.map_or(filled, |(_, cell)| cell);
            for (i, &many) in self.manys.iter().enumerate() {
                let many_side = self.many;
                let Some(many_value) = many_side.rows[many].cell(step) else {
                    continue;
                };
                let Some(result) = self.result(many_value, one_value) else {
                    continue;
                };
                let target = match self.recent[i] {
                    Some((known, target)) if known == one => target,
                    _ => self.target(Some(many), one, output)?,
                };
                self.recent[i] = Some((one, target));
                let fault = |text: &str| {
                    let error = EvalError::Invalid(format!("multiple matches for labels: {text}"));
                    Failure::new(step, Phase::Pairs, many, error)
                };
                if one_to_one && matched {
                    return Err(fault(
                        "many-to-one matching must be explicit (group_left/group_right)",
                    ));
                }
                if !output.claim(target, self.number, step) {
                    return Err(fault("grouping labels must ensure unique matches"));
                }
                matched = true;
                self.put(target, step, result, output)?;
            }
        }
        if let (Some((one, one_value)), Some(many_value), false) = (partner, fill_many, matched)
            && let Some(result) = self.result(Cell::Float(many_value), one_value)
        {
            let target = self.target(None, Some(one), output)?;
            self.put(target, step, result, output)?;
        }
        Ok(())
    }

    /// The element of the one side that has a sample at `step`; two are an error.
    fn partner(&self, step: usize) -> Result<Option<(usize, Cell<'a>)>, Failure> {
        let one: &'a Side<'a> = self.one;
        let mut partner: Option<(usize, Cell<'a>)> = None;
        for &i in self.ones {
            let Some(cell) = one.rows[i].cell(step) else {
                continue;
            };
            if let Some((other, _)) = partner {
                let error = self.duplicate(&self.one.rows[other].labels, &self.one.rows[i].labels);
                return Err(Failure::new(step, Phase::OneSide, i, error));
            }
            partner = Some((i, cell));
        }
        Ok(partner)
    }

    fn put(
        &self,
        target: usize,
        step: usize,
        result: Applied,
        output: &mut OutputRows,
    ) -> Result<(), Failure> {
        let return_bool = self.operation.return_bool;
        let free = match result.histogram {
            _ if return_bool => output.set(target, step, f64::from(u8::from(result.holds))),
            _ if !result.holds => true,
            Some(histogram) => output.set_histogram(target, step, histogram),
            None => output.set(target, step, result.value),
        };
        if !free {
            return Err(Failure::new(step, Phase::Result, 0, EvalError::SameLabelset));
        }
        Ok(())
    }

    /// What the operator makes of a pair; nothing when it cannot work on the two.
    #[inline]
    fn result(&self, many: Cell<'_>, one: Cell<'_>) -> Option<Applied> {
        let (left, right) = if self.swapped { (one, many) } else { (many, one) };
        histogram_operator::apply(self.operation.op, left, right, &self.operation.notes)
    }

    /// The output row of a pair, computed when the pair meets first.
    fn target(&mut self, many: Option<usize>, one: Option<usize>, output: &mut OutputRows) -> Result<usize> {
        if let Some(&target) = self.targets.get(&(many, one)) {
            return Ok(target);
        }
        let row_of = |side: &Side<'_>, i: Option<usize>| i.map(|i| (side.rows[i].labels.clone(), i));
        let (many_labels, place) = match row_of(self.many, many) {
            Some((labels, i)) => (labels, (0, i)),
            None => (self.signature.clone(), (1, one.unwrap_or_default())),
        };
        let one_labels = row_of(self.one, one).map_or_else(|| self.signature.clone(), |(labels, _)| labels);
        let labels = self.result_labels(&many_labels, &one_labels);
        // As in Prometheus, a comparison forgets that the name of its operand was to go (3.14).
        let drop_name = self.operation.delayed_name_removal && self.operation.return_bool;
        let target = output.row(labels, drop_name, place)?;
        self.targets.insert((many, one), target);
        Ok(target)
    }

    fn result_labels(&self, many: &Labels, one: &Labels) -> Labels {
        let matching = &self.operation.matching;
        let mut builder = LabelsBuilder::from(many);
        let comparison = self.operation.op.is_comparison() || self.operation.op.is_trim();
        let drops_now = !comparison || (self.operation.return_bool && !self.operation.delayed_name_removal);
        if drops_now {
            builder.retain(|name| !METADATA_LABELS.contains(&name));
        }
        if matching.card == Cardinality::OneToOne {
            let listed = |name: &str| matching.labels.iter().any(|label| label == name);
            builder.retain(|name| listed(name) == matching.on);
        }
        for name in &matching.include {
            builder.set(name, one.value(name));
        }
        builder.build()
    }

    fn duplicate(&self, first: &Labels, second: &Labels) -> EvalError {
        let side = if self.swapped { "left" } else { "right" };
        let (mut a, mut b) = (first.to_string(), second.to_string());
        if b < a {
            std::mem::swap(&mut a, &mut b);
        }
        EvalError::Invalid(format!(
            "found duplicate series for the match group {} on the {side} hand-side of the operation: [{a}, {b}];\
             many-to-many matching not allowed: matching labels must be unique on one side",
            self.signature
        ))
    }
}

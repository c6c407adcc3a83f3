//! Arithmetic and comparison between vectors: one side of each match group has at most one element.

use arrow::array::RecordBatch;
use engine_model::{Labels, LabelsBuilder, METRIC_NAME};

use super::VectorMatch;
use super::output::OutputRows;
use super::side::{Row, Side, Signatures};
use crate::error::EvalError;
use crate::functions::operator;
use crate::parser::ast::Cardinality;

pub(super) fn evaluate(
    operation: &VectorMatch,
    left: &Side<'_>,
    right: &Side<'_>,
    signatures: &Signatures,
) -> Result<RecordBatch, EvalError> {
    let swapped = operation.matching.card == Cardinality::OneToMany;
    let (many, one) = if swapped { (right, left) } else { (left, right) };
    let many_groups = many.by_signature(signatures.len());
    let one_groups = one.by_signature(signatures.len());
    let many_occupied = many.occupied(operation.steps);
    let mut output = OutputRows::new(operation.steps);
    for signature in 0..signatures.len() {
        let ones: Vec<&Row<'_>> = one_groups[signature].iter().map(|&i| &one.rows[i]).collect();
        let manys: Vec<&Row<'_>> = many_groups[signature].iter().map(|&i| &many.rows[i]).collect();
        let mut group = Group {
            operation,
            swapped,
            signature: signatures.labels(signature),
            ones,
            manys,
            targets: Vec::new(),
        };
        for (step, &occupied) in many_occupied.iter().enumerate() {
            // Where the other vector is empty nothing is matched, so nothing can be ambiguous.
            if occupied {
                group.step(step, &mut output)?;
            }
        }
    }
    Ok(output.finish())
}

struct Group<'a> {
    operation: &'a VectorMatch,
    swapped: bool,
    signature: &'a Labels,
    ones: Vec<&'a Row<'a>>,
    manys: Vec<&'a Row<'a>>,
    /// Output row of each pair (many, one) that has met, by position.
    targets: Vec<((usize, usize), usize)>,
}

impl Group<'_> {
    fn step(&mut self, step: usize, output: &mut OutputRows) -> Result<(), EvalError> {
        let mut partner: Option<(usize, f64)> = None;
        for (i, row) in self.ones.iter().enumerate() {
            let Some(value) = row.value(step) else { continue };
            if let Some((other, _)) = partner {
                return Err(self.duplicate(&self.ones[other].labels, &row.labels));
            }
            partner = Some((i, value));
        }
        let Some((one, one_value)) = partner else {
            return Ok(());
        };
        let one_to_one = self.operation.matching.card == Cardinality::OneToOne;
        let mut matched: Vec<usize> = Vec::new();
        for many in 0..self.manys.len() {
            let Some(many_value) = self.manys[many].value(step) else {
                continue;
            };
            let target = self.target(many, one, output);
            if one_to_one && !matched.is_empty() {
                return Err(EvalError::Invalid(
                    "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)"
                        .to_owned(),
                ));
            }
            if matched.contains(&target) {
                return Err(EvalError::Invalid(
                    "multiple matches for labels: grouping labels must ensure unique matches".to_owned(),
                ));
            }
            matched.push(target);
            let (left, right) = if self.swapped {
                (one_value, many_value)
            } else {
                (many_value, one_value)
            };
            if let Some(value) = self.result(left, right)
                && !output.set(target, step, value)
            {
                return Err(EvalError::SameLabelset);
            }
        }
        Ok(())
    }

    fn result(&self, left: f64, right: f64) -> Option<f64> {
        let result = operator::apply(self.operation.op, left, right);
        match (self.operation.op.is_comparison(), self.operation.return_bool) {
            (true, true) => Some(f64::from(u8::from(result.holds))),
            (true, false) => result.holds.then_some(left),
            (false, _) => Some(result.value),
        }
    }

    /// The output row of a pair, computed when the pair meets first.
    fn target(&mut self, many: usize, one: usize, output: &mut OutputRows) -> usize {
        if let Some(&(_, target)) = self.targets.iter().find(|(pair, _)| *pair == (many, one)) {
            return target;
        }
        let drops = self.operation.drops_name();
        let labels = self.result_labels(&self.manys[many].labels, &self.ones[one].labels, drops);
        let drop_name = self.operation.delayed_name_removal && (drops || self.manys[many].drop_name);
        let target = output.row(labels, drop_name);
        self.targets.push(((many, one), target));
        target
    }

    fn result_labels(&self, many: &Labels, one: &Labels, drops: bool) -> Labels {
        let matching = &self.operation.matching;
        let mut builder = LabelsBuilder::from(many);
        if drops && !self.operation.delayed_name_removal {
            builder.remove(METRIC_NAME);
        }
        if matching.card == Cardinality::OneToOne {
            let listed = |name: &str| matching.labels.iter().any(|label| label == name);
            // A marked name must survive until the end of the query to be dropped there.
            let marked = |name: &str| name == METRIC_NAME && self.operation.delayed_name_removal && drops;
            builder.retain(|name| {
                if matching.on {
                    listed(name) || marked(name)
                } else {
                    !listed(name)
                }
            });
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

//! `and`, `or`, `unless`: elements pass or not, their values untouched.

use arrow::array::RecordBatch;

use super::VectorMatch;
use super::output::OutputRows;
use super::side::Side;
use crate::parser::operators::BinaryOp;

pub(super) fn evaluate(
    operation: &VectorMatch,
    left: &Side<'_>,
    right: &Side<'_>,
    signatures: usize,
) -> RecordBatch {
    let steps = operation.steps;
    let mut output = OutputRows::new(steps);
    match operation.op {
        BinaryOp::Or => {
            let present = presence(left, signatures, steps);
            pass(left, &mut output, steps, |_, _| true);
            pass(right, &mut output, steps, |signature, step| {
                !present[signature * steps + step]
            });
        }
        op => {
            let present = presence(right, signatures, steps);
            let wanted = op == BinaryOp::And;
            pass(left, &mut output, steps, |signature, step| {
                present[signature * steps + step] == wanted
            });
        }
    }
    output.finish()
}

/// Whether any element of the side has the signature at the step.
fn presence(side: &Side<'_>, signatures: usize, steps: usize) -> Vec<bool> {
    let mut present = vec![false; signatures * steps];
    for row in &side.rows {
        for step in 0..steps {
            present[row.signature * steps + step] |= row.value(step).is_some();
        }
    }
    present
}

fn pass(side: &Side<'_>, output: &mut OutputRows, steps: usize, passes: impl Fn(usize, usize) -> bool) {
    for row in &side.rows {
        let target = output.row(row.labels.clone(), row.drop_name);
        for step in 0..steps {
            if let Some(value) = row.value(step).filter(|_| passes(row.signature, step)) {
                output.set(target, step, value);
            }
        }
    }
}

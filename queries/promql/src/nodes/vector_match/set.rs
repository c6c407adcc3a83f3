//! `and`, `or`, `unless`: elements pass or not, their values untouched.

use arrow::array::RecordBatch;
use datafusion::error::Result;

use super::VectorMatch;

use super::side::Side;
use crate::error::EvalError;
use crate::nodes::output_rows::OutputRows;
use crate::nodes::pace::Pace;
use crate::parser::operators::BinaryOp;

pub(super) async fn evaluate(
    operation: &VectorMatch,
    left: &Side<'_>,
    right: &Side<'_>,
    signatures: usize,
) -> Result<RecordBatch> {
    let mut pace = Pace::new();
    let mut output = OutputRows::new(operation.steps, &operation.budget);
    let left_groups = left.by_signature(signatures);
    let right_groups = right.by_signature(signatures);
    let mut present = vec![false; operation.steps];
    for (left_rows, right_rows) in left_groups.iter().zip(&right_groups) {
        pace.spend((left_rows.len() + right_rows.len()) * operation.steps)
            .await;
        let wanted = match operation.op {
            BinaryOp::Or => {
                mark_presence(left, left_rows, &mut present);
                pass((0, left), left_rows, &mut output, |_| true)?;
                pass((1, right), right_rows, &mut output, |step| !present[step])?;
                continue;
            }
            op => op == BinaryOp::And,
        };
        mark_presence(right, right_rows, &mut present);
        pass((0, left), left_rows, &mut output, |step| present[step] == wanted)?;
    }
    output.finish(&mut pace).await
}

/// At which steps any of `rows` has a sample.
fn mark_presence(side: &Side<'_>, rows: &[usize], present: &mut [bool]) {
    present.fill(false);
    for &row in rows {
        side.rows[row].mark_presence(present);
    }
}

fn pass(
    (rank, side): (usize, &Side<'_>),
    rows: &[usize],
    output: &mut OutputRows,
    passes: impl Fn(usize) -> bool,
) -> Result<()> {
    for &i in rows {
        let row = &side.rows[i];
        let target = output.row(row.labels.clone(), row.drop_name, (rank, i))?;
        for step in 0..side.steps {
            if let Some(cell) = row.cell(step).filter(|_| passes(step))
                && !output.set_cell(target, step, cell)
            {
                return Err(EvalError::SameLabelset.into());
            }
        }
    }
    Ok(())
}

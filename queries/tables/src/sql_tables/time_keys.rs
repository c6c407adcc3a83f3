//! Functions of time that rows are grouped by. Most only grow with time, and times of a series ascend, so where two rows
//! have one value, all rows between them have it too: a function is computed for few rows.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch};
use arrow::buffer::NullBuffer;
use arrow::datatypes::DataType;
use datafusion::error::Result;
use datafusion::physical_expr::expressions::{CastExpr, Column as ColumnExpr, Literal};
use datafusion::physical_expr::{PhysicalExpr, ScalarFunctionExpr};

use super::columns::Columns;
use super::rows::{Run, Samples, batch};

/// Rows from one that is computed to the next: a twelfth of an hour at the usual 15 s.
const STRIDE: usize = 20;
/// Functions that do not fall while time grows, if nothing but their time varies; all here is in UTC.
const GROWING: [&str; 2] = ["date_bin", "date_trunc"];

/// One function of time.
#[derive(Debug)]
pub(super) struct TimeKey {
    pub(super) expression: Arc<dyn PhysicalExpr>,
    grows: bool,
}

/// Values of a function, as bits.
#[derive(Debug)]
pub(super) struct TimeValues {
    pub(super) bits: Vec<i64>,
    pub(super) nulls: Option<NullBuffer>,
}

/// Bytes of a value of a type whose bits tell values apart; `None` for other types.
pub(super) fn width(data_type: &DataType) -> Option<usize> {
    match data_type {
        DataType::Int32 | DataType::UInt32 | DataType::Date32 | DataType::Time32(_) => Some(4),
        DataType::Int64
        | DataType::UInt64
        | DataType::Date64
        | DataType::Time64(_)
        | DataType::Timestamp(..) => Some(8),
        _ => None,
    }
}

impl TimeKey {
    /// A function whose only column is time.
    pub(super) fn new(expression: Arc<dyn PhysicalExpr>) -> Self {
        Self {
            grows: grows(&expression),
            expression,
        }
    }

    /// Its values for the rows of `runs`, whose columns are `columns`.
    pub(super) fn values(
        &self,
        columns: &Columns,
        runs: &[Run<'_>],
        samples: &Samples,
    ) -> Result<TimeValues> {
        let all = |samples: &Samples, rows: usize| -> Result<ArrayRef> {
            let labels = runs.first().map(|run| Run { rows, ..*run });
            let rows: RecordBatch = batch(columns, labels.as_slice(), samples)?;
            self.expression.evaluate(&rows)?.into_array(rows.num_rows())
        };
        if !self.grows || samples.timestamps.is_empty() {
            return Ok(TimeValues::of(&all(samples, samples.timestamps.len())?));
        }
        let some = |rows: &[usize]| -> Result<TimeValues> {
            let times = rows.iter().map(|&row| samples.timestamps[row]).collect();
            Ok(TimeValues::of(&all(
                &Samples::new(times, Vec::new()),
                rows.len(),
            )?))
        };
        let points = points(runs);
        let at_points = some(&points)?;
        if at_points.nulls.is_some() {
            return Ok(TimeValues::of(&all(samples, samples.timestamps.len())?));
        }
        let mut bits = vec![0; samples.timestamps.len()];
        let mut open = Vec::new();
        for (pair, values) in points.windows(2).zip(at_points.bits.windows(2)) {
            let (from, until) = (pair[0], pair[1]);
            match values[0] == values[1] {
                true => bits[from..until].fill(values[0]),
                false => {
                    bits[from] = values[0];
                    open.extend(from + 1..until);
                }
            }
        }
        if let (Some(&last), Some(&value)) = (points.last(), at_points.bits.last()) {
            bits[last] = value;
        }
        if !open.is_empty() {
            let between = some(&open)?.bits;
            open.iter()
                .zip(between)
                .for_each(|(&row, value)| bits[row] = value);
        }
        Ok(TimeValues { bits, nulls: None })
    }
}

/// Rows at which a growing function is computed: the first and last of each run, and some between.
fn points(runs: &[Run<'_>]) -> Vec<usize> {
    let mut points = Vec::new();
    let mut start = 0;
    for run in runs {
        let end = start + run.rows;
        points.extend((start..end).step_by(STRIDE));
        if end > start && points.last() != Some(&(end - 1)) {
            points.push(end - 1);
        }
        start = end;
    }
    points
}

impl TimeValues {
    fn of(values: &ArrayRef) -> Self {
        let data = values.to_data();
        let rows = data.offset()..data.offset() + data.len();
        let buffer = &data.buffers()[0];
        let bits = match width(values.data_type()) {
            Some(4) => {
                let narrow = &buffer.typed_data::<i32>()[rows];
                narrow.iter().map(|&bits| i64::from(bits)).collect()
            }
            _ => buffer.typed_data::<i64>()[rows].to_vec(),
        };
        let nulls = values.nulls().filter(|nulls| nulls.null_count() > 0);
        Self {
            bits,
            nulls: nulls.cloned(),
        }
    }
}

fn grows(expression: &Arc<dyn PhysicalExpr>) -> bool {
    if expression.downcast_ref::<ColumnExpr>().is_some() {
        return true;
    }
    if let Some(cast) = expression.downcast_ref::<CastExpr>() {
        let kept = matches!(
            cast.cast_type(),
            DataType::Timestamp(..) | DataType::Date32 | DataType::Date64
        );
        return kept && grows(cast.expr());
    }
    let Some(function) = expression.downcast_ref::<ScalarFunctionExpr>() else {
        return false;
    };
    let constant = |one: &&Arc<dyn PhysicalExpr>| one.downcast_ref::<Literal>().is_some();
    let (constants, others): (Vec<_>, Vec<_>) = function.args().iter().partition(constant);
    // The time is the second argument of each; an origin that varies would be a third.
    GROWING.contains(&function.name())
        && others.len() == 1
        && !constants.is_empty()
        && function.args().get(1).is_some_and(grows)
}

#[cfg(test)]
mod tests {
    use engine_model::Labels;

    use super::*;

    #[test]
    fn points_are_ends_and_strides() {
        let labels = Labels::empty();
        let run = |rows| Run {
            labels: &labels,
            rows,
        };
        assert_eq!(points(&[run(1), run(0), run(2)]), [0, 1, 2]);
        assert_eq!(points(&[run(STRIDE + 2)]), [0, STRIDE, STRIDE + 1]);
        assert!(points(&[]).is_empty());
    }
}

//! Conditions on `timestamp` as bounds in whole milliseconds, exact for literals of any unit.

use arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::ScalarValue;
use datafusion::logical_expr::{Between, BinaryExpr, Cast, Expr, Operator};

use super::columns::{Column, Columns};

const NANOS_PER_MS: i128 = 1_000_000;

/// An inclusive range of timestamps in ms; empty when `min_ms > max_ms`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TimeBounds {
    pub(super) min_ms: i64,
    pub(super) max_ms: i64,
}

impl TimeBounds {
    pub(super) const ALL: Self = Self {
        min_ms: i64::MIN,
        max_ms: i64::MAX,
    };

    /// For EXPLAIN; an end that is open is left out.
    pub(super) fn describe(self) -> String {
        let end = |ms: i64, none: i64| match ms == none {
            true => String::new(),
            false => ms.to_string(),
        };
        format!(
            "time=[{}..{}]",
            end(self.min_ms, i64::MIN),
            end(self.max_ms, i64::MAX)
        )
    }

    /// What both contain.
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            min_ms: self.min_ms.max(other.min_ms),
            max_ms: self.max_ms.min(other.max_ms),
        }
    }
}

/// The bounds within which `expr` is true.
pub(super) fn time_condition(expr: &Expr, columns: &Columns) -> Option<TimeBounds> {
    match expr {
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => {
            if is_timestamp(left, columns) {
                bounds(*op, instant_ns(right)?)
            } else if is_timestamp(right, columns) {
                bounds(op.swap()?, instant_ns(left)?)
            } else {
                None
            }
        }
        Expr::Between(Between {
            expr,
            negated: false,
            low,
            high,
        }) if is_timestamp(expr, columns) => {
            let low = bounds(Operator::GtEq, instant_ns(low)?)?;
            let high = bounds(Operator::LtEq, instant_ns(high)?)?;
            Some(low.and(high))
        }
        _ => None,
    }
}

/// Milliseconds t for which `t op instant` holds.
fn bounds(op: Operator, instant_ns: i128) -> Option<TimeBounds> {
    let floor = instant_ns.div_euclid(NANOS_PER_MS);
    let ceil = -(-instant_ns).div_euclid(NANOS_PER_MS);
    let (min, max) = match op {
        Operator::Eq => (ceil, floor),
        Operator::Gt => (floor + 1, i128::MAX),
        Operator::GtEq => (ceil, i128::MAX),
        Operator::Lt => (i128::MIN, ceil - 1),
        Operator::LtEq => (i128::MIN, floor),
        _ => return None,
    };
    let clamp = |ms: i128| ms.clamp(i64::MIN.into(), i64::MAX.into()) as i64;
    Some(TimeBounds {
        min_ms: clamp(min),
        max_ms: clamp(max),
    })
}

/// Whether `expr` is the `timestamp` column, perhaps in a finer unit.
fn is_timestamp(expr: &Expr, columns: &Columns) -> bool {
    match expr {
        Expr::Column(column) => columns.find(&column.name) == Some(&Column::Timestamp),
        Expr::Cast(Cast { expr, field }) => {
            matches!(field.data_type(), DataType::Timestamp(unit, _) if *unit != TimeUnit::Second)
                && is_timestamp(expr, columns)
        }
        _ => false,
    }
}

fn instant_ns(expr: &Expr) -> Option<i128> {
    let Expr::Literal(value, _) = expr else {
        return None;
    };
    let (count, unit_ns) = match value {
        ScalarValue::TimestampSecond(Some(v), _) => (*v, 1_000_000_000),
        ScalarValue::TimestampMillisecond(Some(v), _) => (*v, NANOS_PER_MS),
        ScalarValue::TimestampMicrosecond(Some(v), _) => (*v, 1_000),
        ScalarValue::TimestampNanosecond(Some(v), _) => (*v, 1),
        _ => return None,
    };
    Some(i128::from(count) * unit_ns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_exact_between_milliseconds() {
        let (all_min, all_max) = (i64::MIN, i64::MAX);
        for (op, ns, min_ms, max_ms) in [
            (Operator::GtEq, 2_000_000, 2, all_max),
            (Operator::GtEq, 2_000_001, 3, all_max),
            (Operator::Gt, 2_000_000, 3, all_max),
            (Operator::Gt, 2_999_999, 3, all_max),
            (Operator::LtEq, 2_999_999, all_min, 2),
            (Operator::Lt, 2_000_000, all_min, 1),
            (Operator::Lt, 2_000_001, all_min, 2),
            (Operator::Eq, 2_000_000, 2, 2),
            (Operator::GtEq, -2_000_001, -2, all_max),
            (Operator::Lt, -2_000_001, all_min, -3),
        ] {
            assert_eq!(bounds(op, ns), Some(TimeBounds { min_ms, max_ms }), "{op} {ns}");
        }
        let between = bounds(Operator::Eq, 2_000_001).unwrap();
        assert!(between.min_ms > between.max_ms, "no millisecond is between two");
    }
}

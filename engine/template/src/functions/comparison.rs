//! `eq ne lt le gt ge` by Go's rules: an int and a float do not compare.

use std::cmp::Ordering;

use super::Args;
use crate::error::FunctionError;
use crate::value::Value;

type Outcome = Result<Value, FunctionError>;

fn incompatible() -> FunctionError {
    FunctionError::failed("incompatible types for comparison")
}

/// `eq a b c` is `a == b || a == c`.
pub(super) fn equal(args: &Args<'_>) -> Outcome {
    args.at_least(1)?;
    if args.values().len() < 2 {
        return Err(FunctionError::failed("missing argument for comparison"));
    }
    for other in &args.values()[1..] {
        if is_equal(args.value(0), other)? {
            return Ok(Value::Bool(true));
        }
    }
    Ok(Value::Bool(false))
}

pub(super) fn not_equal(args: &Args<'_>) -> Outcome {
    args.exactly(2)?;
    Ok(Value::Bool(!is_equal(args.value(0), args.value(1))?))
}

fn is_equal(left: &Value, right: &Value) -> Result<bool, FunctionError> {
    match (left, right) {
        (Value::Nil, other) | (other, Value::Nil) => Ok(matches!(other, Value::Nil)),
        (Value::Bool(a), Value::Bool(b)) => Ok(a == b),
        (Value::Float(a), Value::Float(b)) => Ok(a == b),
        (Value::String(a), Value::String(b)) => Ok(a == b),
        (Value::Int(a) | Value::Duration(a), Value::Int(b) | Value::Duration(b)) => Ok(a == b),
        (Value::Time(a), Value::Time(b)) => Ok(a.instant == b.instant),
        (Value::List(_) | Value::Map(_), _) | (_, Value::List(_) | Value::Map(_)) => {
            let names = (left.type_name(), right.type_name());
            Err(FunctionError::Failed(format!(
                "non-comparable types {} and {}",
                names.0, names.1
            )))
        }
        _ => Err(incompatible()),
    }
}

fn order(args: &Args<'_>) -> Result<Option<Ordering>, FunctionError> {
    args.exactly(2)?;
    match (args.value(0), args.value(1)) {
        (Value::Int(a) | Value::Duration(a), Value::Int(b) | Value::Duration(b)) => Ok(Some(a.cmp(b))),
        (Value::Float(a), Value::Float(b)) => Ok(a.partial_cmp(b)),
        (Value::String(a), Value::String(b)) => Ok(Some(a.cmp(b))),
        (
            Value::Int(_) | Value::Duration(_) | Value::Float(_) | Value::String(_),
            Value::Int(_) | Value::Duration(_) | Value::Float(_) | Value::String(_),
        ) => Err(incompatible()),
        _ => Err(FunctionError::failed("invalid type for comparison")),
    }
}

pub(super) fn less(args: &Args<'_>) -> Outcome {
    Ok(Value::Bool(order(args)? == Some(Ordering::Less)))
}

/// Go has `a <= b` as `a < b || a == b`, which NaN is neither.
pub(super) fn less_equal(args: &Args<'_>) -> Outcome {
    Ok(Value::Bool(matches!(
        order(args)?,
        Some(Ordering::Less | Ordering::Equal)
    )))
}

/// Go has `a > b` as `!(a <= b)`, so a comparison with NaN is true.
pub(super) fn greater(args: &Args<'_>) -> Outcome {
    Ok(Value::Bool(!matches!(
        order(args)?,
        Some(Ordering::Less | Ordering::Equal)
    )))
}

/// Go has `a >= b` as `!(a < b)`, so a comparison with NaN is true.
pub(super) fn greater_equal(args: &Args<'_>) -> Outcome {
    Ok(Value::Bool(order(args)? != Some(Ordering::Less)))
}

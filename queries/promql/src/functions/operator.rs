//! The operators between two numbers.

use super::go_math;
use crate::parser::operators::BinaryOp;

/// What an operator gives: the value of an arithmetic one, and whether a comparison holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OperatorResult {
    /// Result of arithmetic; the left operand of a comparison.
    pub value: f64,
    /// Whether the element stays; always true for arithmetic.
    pub holds: bool,
}

/// Applies `op`. Set operators do not work on numbers and keep the left one.
#[inline]
pub fn apply(op: BinaryOp, left: f64, right: f64) -> OperatorResult {
    let arithmetic = |value| OperatorResult { value, holds: true };
    let comparison = |holds| OperatorResult { value: left, holds };
    match op {
        BinaryOp::Add => arithmetic(left + right),
        BinaryOp::Sub => arithmetic(left - right),
        BinaryOp::Mul => arithmetic(left * right),
        BinaryOp::Div => arithmetic(left / right),
        BinaryOp::Mod => arithmetic(left % right),
        BinaryOp::Pow => arithmetic(go_math::pow(left, right)),
        BinaryOp::Atan2 => arithmetic(left.atan2(right)),
        BinaryOp::Equal => comparison(left == right),
        BinaryOp::NotEqual => comparison(left != right),
        BinaryOp::Less => comparison(left < right),
        BinaryOp::LessEqual => comparison(left <= right),
        BinaryOp::Greater => comparison(left > right),
        BinaryOp::GreaterEqual => comparison(left >= right),
        // Trims need a histogram on the left: a float is dropped by the planner's check.
        BinaryOp::TrimUpper | BinaryOp::TrimLower => comparison(false),
        BinaryOp::And | BinaryOp::Or | BinaryOp::Unless => comparison(true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn special_values() {
        assert_eq!(apply(BinaryOp::Mod, -5.0, 3.0).value, -2.0);
        assert_eq!(apply(BinaryOp::Pow, 0.0, 0.0).value, 1.0);
        assert_eq!(apply(BinaryOp::Div, 1.0, 0.0).value, f64::INFINITY);
        assert!(!apply(BinaryOp::Equal, f64::NAN, f64::NAN).holds);
        assert!(apply(BinaryOp::NotEqual, f64::NAN, f64::NAN).holds);
    }
}

//! Duration expressions: their grammar inside `[…]` and behind `offset`, and their value for a query.

use super::ast::{DurationExpr, DurationKind, Expr, NumberLiteral};
use super::cursor::{Cursor, Halt, Parsed};
use super::expression::negated_by;
use super::operators::{BinaryOp, DurationOp, UnaryOp};
use super::position::Span;
use super::token::{Keyword, Token, TokenKind};

/// Seconds that still fit a signed 64-bit count of nanoseconds.
const SECONDS_MAX: f64 = 9_223_372_036.854_776;

/// Precedence of a sign and of the operators beside it.
const TIGHTER_THAN_SIGN: u8 = 6;

/// What duration expressions may refer to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DurationContext {
    /// The query's step, in ms; 0 for an instant query.
    pub step_ms: i64,
    /// The query's end minus its start, in ms.
    pub range_ms: i64,
}

/// A duration expression without a usable value. `start:end` are bytes of the query.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{start}:{end}: {message}")]
pub struct DurationValueError {
    /// First byte of the expression.
    pub start: usize,
    /// Byte after its last one.
    pub end: usize,
    /// What is wrong.
    pub message: &'static str,
}

/// Puts the value of every duration expression below `expr` beside it (`range_ms`, `step_ms`, `offset_ms`).
pub fn resolve_durations(expr: &mut Expr, context: DurationContext) -> Result<(), DurationValueError> {
    match expr {
        Expr::Vector(selector) => {
            context.settle(
                &selector.modifiers.offset_expr,
                &mut selector.modifiers.offset_ms,
                true,
            )?;
        }
        Expr::Matrix(matrix) => {
            context.settle(&matrix.range_expr, &mut matrix.range_ms, false)?;
            let modifiers = &mut matrix.selector.modifiers;
            context.settle(&modifiers.offset_expr, &mut modifiers.offset_ms, true)?;
        }
        Expr::Subquery(subquery) => {
            let modifiers = &mut subquery.modifiers;
            context.settle(&modifiers.offset_expr, &mut modifiers.offset_ms, true)?;
            context.settle(&subquery.step_expr, &mut subquery.step_ms, false)?;
            context.settle(&subquery.range_expr, &mut subquery.range_ms, false)?;
        }
        _ => {}
    }
    for child in expr.children_mut() {
        resolve_durations(child, context)?;
    }
    Ok(())
}

/// Milliseconds of a literal number of seconds, through nanoseconds as in Prometheus.
pub(super) fn literal_ms(seconds: f64) -> i64 {
    (seconds * 1e9).round() as i64 / 1_000_000
}

impl DurationContext {
    fn settle(
        self,
        expr: &Option<Box<DurationExpr>>,
        target_ms: &mut i64,
        may_be_negative: bool,
    ) -> Result<(), DurationValueError> {
        let Some(expr) = expr else { return Ok(()) };
        let seconds = self.seconds(expr)?;
        let message = if !seconds.is_finite() {
            "duration is NaN or infinite"
        } else if seconds <= 0.0 && !may_be_negative {
            "duration must be greater than 0"
        } else if seconds.abs() > SECONDS_MAX {
            "duration is out of range"
        } else {
            *target_ms = (seconds * 1000.0) as i64;
            return Ok(());
        };
        Err(fault(expr, message))
    }

    fn seconds(self, expr: &DurationExpr) -> Result<f64, DurationValueError> {
        Ok(match &expr.kind {
            DurationKind::Number(number) => number.value,
            DurationKind::Step => self.step_ms as f64 / 1000.0,
            DurationKind::Range => self.range_ms as f64 / 1000.0,
            DurationKind::Unary(UnaryOp::Plus, operand) => self.seconds(operand)?,
            DurationKind::Unary(UnaryOp::Minus, operand) => -self.seconds(operand)?,
            DurationKind::Binary(op, lhs, rhs) => {
                let (lhs, rhs) = (self.seconds(lhs)?, self.seconds(rhs)?);
                match op {
                    DurationOp::Add => lhs + rhs,
                    DurationOp::Sub => lhs - rhs,
                    DurationOp::Mul => lhs * rhs,
                    DurationOp::Div if rhs == 0.0 => return Err(fault(expr, "division by zero")),
                    DurationOp::Div => lhs / rhs,
                    DurationOp::Mod if rhs == 0.0 => return Err(fault(expr, "modulo by zero")),
                    DurationOp::Mod => lhs % rhs,
                    DurationOp::Pow => lhs.powf(rhs),
                    DurationOp::MinOf => lhs.min(rhs),
                    DurationOp::MaxOf => lhs.max(rhs),
                }
            }
        })
    }
}

fn fault(expr: &DurationExpr, message: &'static str) -> DurationValueError {
    DurationValueError {
        start: expr.span.start,
        end: expr.span.end,
        message,
    }
}

fn is_literal(expr: &DurationExpr) -> Option<f64> {
    match &expr.kind {
        DurationKind::Number(number) if !expr.wrapped => Some(number.value),
        _ => None,
    }
}

fn literal(number: NumberLiteral) -> DurationExpr {
    DurationExpr {
        span: number.span,
        kind: DurationKind::Number(number),
        wrapped: false,
    }
}

fn operator(op: BinaryOp) -> Option<DurationOp> {
    Some(match op {
        BinaryOp::Add => DurationOp::Add,
        BinaryOp::Sub => DurationOp::Sub,
        BinaryOp::Mul => DurationOp::Mul,
        BinaryOp::Div => DurationOp::Div,
        BinaryOp::Mod => DurationOp::Mod,
        BinaryOp::Pow => DurationOp::Pow,
        _ => return None,
    })
}

impl Cursor<'_> {
    /// A range or step: a literal must be above zero, an expression is checked when it has a value.
    pub(super) fn positive_duration(&mut self) -> Parsed<DurationExpr> {
        let duration = self.duration(0)?;
        if is_literal(&duration).is_some_and(|seconds| seconds <= 0.0) {
            return self.fail(duration.span, "duration must be greater than 0");
        }
        Ok(duration)
    }

    /// The duration of an offset. Without parentheses it is one literal or function: `x offset 1m + 2` adds 2.
    pub(super) fn offset_duration(&mut self) -> Parsed<DurationExpr> {
        let single = |kind| {
            matches!(kind, TokenKind::Number | TokenKind::Duration) || matches!(kind, TokenKind::Keyword(_))
        };
        if single(self.peek()?) {
            return self.duration_operand();
        }
        let Some((sign, op)) = self.accept_sign()? else {
            return self.duration(0);
        };
        let kind = self.peek()?;
        let operand = match kind {
            TokenKind::LeftParen => self.duration_operand()?,
            kind if single(kind) => self.duration_operand()?,
            _ => {
                let operand = self.duration(TIGHTER_THAN_SIGN)?;
                let first = self.signed_duration(sign, op, operand)?;
                return self.duration_from(first, 0);
            }
        };
        self.signed_duration(sign, op, operand)
    }

    /// A duration expression whose operators bind at least as tightly as `precedence_min`.
    fn duration(&mut self, precedence_min: u8) -> Parsed<DurationExpr> {
        self.nested(|p| {
            let first = match p.accept_sign()? {
                Some((sign, op)) => {
                    let operand = p.duration(TIGHTER_THAN_SIGN)?;
                    p.signed_duration(sign, op, operand)?
                }
                None => p.duration_operand()?,
            };
            p.duration_from(first, precedence_min)
        })
    }

    /// The operators behind a first operand.
    fn duration_from(&mut self, mut lhs: DurationExpr, precedence_min: u8) -> Parsed<DurationExpr> {
        while let TokenKind::Operator(written) = self.peek()? {
            let precedence = written.precedence();
            let Some(op) = operator(written) else { break };
            if precedence < precedence_min {
                break;
            }
            let token = self.advance()?;
            let lhs_height = self.height;
            let rhs = self.duration(precedence + u8::from(!written.is_right_associative()))?;
            self.grow(lhs_height.max(self.height))?;
            self.enabled(lhs.span)?;
            match (op, is_literal(&rhs)) {
                (DurationOp::Div, Some(0.0)) => return self.fail(token.span, "division by zero"),
                (DurationOp::Mod, Some(0.0)) => return self.fail(token.span, "modulo by zero"),
                _ => {}
            }
            lhs = DurationExpr {
                span: lhs.span.to(rhs.span),
                kind: DurationKind::Binary(op, Box::new(lhs), Box::new(rhs)),
                wrapped: false,
            };
        }
        Ok(lhs)
    }

    fn duration_operand(&mut self) -> Parsed<DurationExpr> {
        self.height = 1;
        let kind = self.peek()?;
        match kind {
            TokenKind::Number | TokenKind::Duration => {
                let number = self.number()?;
                if number.value.abs() > SECONDS_MAX {
                    return self.fail(number.span, "duration out of range");
                }
                Ok(literal(number))
            }
            TokenKind::LeftParen => {
                let open = self.advance()?;
                let mut inner = self.duration(0)?;
                let close = self.expect(TokenKind::RightParen)?;
                self.enabled(inner.span)?;
                if inner.wrapped || matches!(inner.kind, DurationKind::Number(_)) {
                    inner.span = open.span.to(close.span);
                }
                inner.wrapped = true;
                Ok(inner)
            }
            TokenKind::Keyword(Keyword::Step) => self.duration_function(DurationKind::Step),
            TokenKind::Keyword(Keyword::Range) => self.duration_function(DurationKind::Range),
            TokenKind::Keyword(Keyword::MinOf) => self.duration_choice(DurationOp::MinOf),
            TokenKind::Keyword(Keyword::MaxOf) => self.duration_choice(DurationOp::MaxOf),
            _ => Err(Halt::Unexpected),
        }
    }

    fn duration_function(&mut self, kind: DurationKind) -> Parsed<DurationExpr> {
        let name = self.advance()?;
        self.expect(TokenKind::LeftParen)?;
        let close = self.expect(TokenKind::RightParen)?;
        let span = name.span.to(close.span);
        self.enabled(span)?;
        Ok(DurationExpr {
            kind,
            wrapped: false,
            span,
        })
    }

    fn duration_choice(&mut self, op: DurationOp) -> Parsed<DurationExpr> {
        let name = self.advance()?;
        self.expect(TokenKind::LeftParen)?;
        let lhs = self.duration(0)?;
        let lhs_height = self.height;
        self.expect(TokenKind::Comma)?;
        let rhs = self.duration(0)?;
        let close = self.expect(TokenKind::RightParen)?;
        self.grow(lhs_height.max(self.height))?;
        let span = name.span.to(close.span);
        self.enabled(span)?;
        Ok(DurationExpr {
            kind: DurationKind::Binary(op, Box::new(lhs), Box::new(rhs)),
            wrapped: false,
            span,
        })
    }

    fn signed_duration(&mut self, sign: Token, op: UnaryOp, operand: DurationExpr) -> Parsed<DurationExpr> {
        match operand.kind {
            DurationKind::Number(number) if !operand.wrapped => {
                Ok(literal(negated_by(op, number, sign.span)))
            }
            _ if op == UnaryOp::Plus => Ok(operand),
            _ => {
                self.grow(self.height)?;
                Ok(DurationExpr {
                    span: sign.span.to(operand.span),
                    kind: DurationKind::Unary(op, Box::new(operand)),
                    wrapped: false,
                })
            }
        }
    }

    fn enabled(&mut self, span: Span) -> Parsed<()> {
        if self.options.duration_expressions {
            return Ok(());
        }
        self.fail(span, "experimental duration expression is not enabled")
    }
}

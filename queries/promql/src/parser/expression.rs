//! Expressions: operators by precedence, signs, literals and parentheses.

use super::ast::{BinaryExpr, Expr, NumberLiteral, ParenExpr, StringLiteral, UnaryExpr};
use super::cursor::{Cursor, Halt, Parsed};
use super::literals::{parse_duration_seconds, parse_number, unquote};
use super::operators::{BinaryOp, UnaryOp};
use super::position::Span;
use super::token::{Token, TokenKind};

/// Operators that bind tighter than a sign: `-1 ^ 2` is `-(1 ^ 2)`, `-1 * 2` is `(-1) * 2`.
const TIGHTER_THAN_SIGN: u8 = 6;

impl Cursor<'_> {
    /// A whole query.
    pub(super) fn query(&mut self) -> Parsed<Expr> {
        if self.peek()? == TokenKind::Eof {
            return self.fail(Span::new(0, 0), "no expression found in input");
        }
        self.expression()
    }

    /// An expression of any kind.
    pub(super) fn expression(&mut self) -> Parsed<Expr> {
        self.binary(0)
    }

    /// An expression whose operators bind at least as tightly as `precedence_min`.
    fn binary(&mut self, precedence_min: u8) -> Parsed<Expr> {
        self.nested(|p| {
            let mut lhs = p.signed()?;
            while let TokenKind::Operator(op) = p.peek()? {
                if op.precedence() < precedence_min {
                    break;
                }
                p.advance()?;
                lhs = p.operation(lhs, op)?;
            }
            Ok(lhs)
        })
    }

    /// The rest of an operation whose left side and operator are read.
    fn operation(&mut self, lhs: Expr, op: BinaryOp) -> Parsed<Expr> {
        let lhs_height = self.height;
        let (return_bool, matching) = self.binary_modifiers()?;
        let rhs = self.binary(op.precedence() + u8::from(!op.is_right_associative()))?;
        let span = lhs.span().to(rhs.span());
        let fills = matching.fill_left.is_some() || matching.fill_right.is_some();
        if fills && !self.options.binop_fill {
            return self.fail(span, "binop fill modifiers are experimental and not enabled");
        }
        self.grow(lhs_height.max(self.height))?;
        Ok(Expr::Binary(BinaryExpr {
            op,
            lhs: Box::new(lhs),
            rhs: Box::new(rhs),
            matching: Some(matching),
            return_bool,
            span,
        }))
    }

    /// An operand with its signs.
    fn signed(&mut self) -> Parsed<Expr> {
        let Some((sign, op)) = self.accept_sign()? else {
            return self.postfix();
        };
        let operand = self.binary(TIGHTER_THAN_SIGN)?;
        if let Expr::Number(number) = operand {
            return Ok(Expr::Number(negated_by(op, number, sign.span)));
        }
        self.grow(self.height)?;
        Ok(Expr::Unary(UnaryExpr {
            op,
            span: sign.span.to(operand.span()),
            expr: Box::new(operand),
        }))
    }

    /// Takes a `+` or `-`.
    pub(super) fn accept_sign(&mut self) -> Parsed<Option<(Token, UnaryOp)>> {
        let op = match self.peek()? {
            TokenKind::Operator(BinaryOp::Add) => UnaryOp::Plus,
            TokenKind::Operator(BinaryOp::Sub) => UnaryOp::Minus,
            _ => return Ok(None),
        };
        Ok(Some((self.advance()?, op)))
    }

    /// An operand with the selectors and modifiers behind it.
    fn postfix(&mut self) -> Parsed<Expr> {
        let mut expr = self.operand()?;
        while let Some(modifier) = self.accept_modifier()? {
            expr = self.modified(expr, modifier)?;
        }
        Ok(expr)
    }

    fn operand(&mut self) -> Parsed<Expr> {
        self.height = 1;
        let kind = self.peek()?;
        match kind {
            TokenKind::Number | TokenKind::Duration => Ok(Expr::Number(self.number()?)),
            TokenKind::String => Ok(Expr::String(self.string_literal()?)),
            TokenKind::LeftParen => self.paren(),
            TokenKind::LeftBrace => self.selector(None),
            TokenKind::Aggregate(op) => {
                let name = self.advance()?;
                self.aggregate_or_selector(name, op)
            }
            kind if kind.is_metric_name() => {
                let name = self.advance()?;
                self.call_or_selector(name)
            }
            _ => Err(Halt::Unexpected),
        }
    }

    fn paren(&mut self) -> Parsed<Expr> {
        let open = self.advance()?;
        let expr = Box::new(self.expression()?);
        let close = self.expect(TokenKind::RightParen)?;
        self.grow(self.height)?;
        Ok(Expr::Paren(ParenExpr {
            expr,
            span: open.span.to(close.span),
        }))
    }

    /// A number or duration without sign.
    pub(super) fn number(&mut self) -> Parsed<NumberLiteral> {
        let token = self.peek_token()?;
        let text = self.text(token.span);
        let value = match token.kind {
            TokenKind::Number => parse_number(text),
            TokenKind::Duration => parse_duration_seconds(text),
            _ => return Err(Halt::Unexpected),
        };
        self.advance()?;
        match value {
            Ok(value) => Ok(NumberLiteral {
                value,
                duration: token.kind == TokenKind::Duration,
                span: token.span,
            }),
            Err(message) => self.fail(token.span, message),
        }
    }

    fn string_literal(&mut self) -> Parsed<StringLiteral> {
        let span = self.advance()?.span;
        Ok(match String::from_utf8(unquote(self.text(span))) {
            Ok(value) => StringLiteral {
                value,
                not_utf8: None,
                span,
            },
            Err(error) => StringLiteral {
                value: String::from_utf8_lossy(error.as_bytes()).into_owned(),
                not_utf8: Some(error.into_bytes().into_boxed_slice()),
                span,
            },
        })
    }

    /// A string where only valid UTF-8 is of use: names and values of labels.
    pub(super) fn utf8_string(&mut self) -> Parsed<(String, Span)> {
        let span = self.expect(TokenKind::String)?.span;
        match String::from_utf8(unquote(self.text(span))) {
            Ok(text) => Ok((text, span)),
            Err(_) => {
                let quoted = self.text(span);
                self.fail(
                    span,
                    format!("label names and values must be valid UTF-8: {quoted}"),
                )
            }
        }
    }
}

/// A number with a sign taken into it.
pub(super) fn negated_by(op: UnaryOp, mut number: NumberLiteral, sign: Span) -> NumberLiteral {
    if op == UnaryOp::Minus {
        number.value = -number.value;
    }
    number.span = sign.to(number.span);
    number
}

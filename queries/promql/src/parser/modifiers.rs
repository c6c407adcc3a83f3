//! What stands behind an operator or an operand: matching, grouping, ranges, offset, `@`, edges.

use super::ast::{
    At, Cardinality, DurationExpr, DurationKind, Edges, Expr, MatrixSelector, SubqueryExpr, TimeModifiers,
    VectorMatching,
};
use super::cursor::{Cursor, Halt, Parsed};
use super::durations::literal_ms;
use super::expression::negated_by;
use super::position::Span;
use super::token::{Keyword, Token, TokenKind};

const GROUPING: &str = "grouping opts";
const RANGE_START: &str = "number, duration, step(), or range()";

impl Cursor<'_> {
    /// `bool`, `on`, `group_left`, `fill` and their kin, all optional, in this order.
    pub(super) fn binary_modifiers(&mut self) -> Parsed<(bool, VectorMatching)> {
        let return_bool = self.accept_keyword(Keyword::Bool)?.is_some();
        let mut matching = VectorMatching {
            card: Cardinality::OneToOne,
            labels: Vec::new(),
            on: false,
            include: Vec::new(),
            fill_left: None,
            fill_right: None,
        };
        if let TokenKind::Keyword(keyword @ (Keyword::On | Keyword::Ignoring)) = self.peek()? {
            self.advance()?;
            matching.on = keyword == Keyword::On;
            matching.labels = self.grouping_labels()?;
            if let TokenKind::Keyword(side @ (Keyword::GroupLeft | Keyword::GroupRight)) = self.peek()? {
                self.advance()?;
                matching.card = match side {
                    Keyword::GroupLeft => Cardinality::ManyToOne,
                    _ => Cardinality::OneToMany,
                };
                if self.peek()? == TokenKind::LeftParen {
                    matching.include = self.grouping_labels()?;
                }
            }
        }
        self.fills(&mut matching)?;
        Ok((return_bool, matching))
    }

    fn fills(&mut self, matching: &mut VectorMatching) -> Parsed<()> {
        if self.accept_keyword(Keyword::Fill)?.is_some() {
            let value = self.fill_value()?;
            (matching.fill_left, matching.fill_right) = (Some(value), Some(value));
        } else if self.accept_keyword(Keyword::FillLeft)?.is_some() {
            matching.fill_left = Some(self.fill_value()?);
            if self.accept_keyword(Keyword::FillRight)?.is_some() {
                matching.fill_right = Some(self.fill_value()?);
            }
        } else if self.accept_keyword(Keyword::FillRight)?.is_some() {
            matching.fill_right = Some(self.fill_value()?);
            if self.accept_keyword(Keyword::FillLeft)?.is_some() {
                matching.fill_left = Some(self.fill_value()?);
            }
        }
        Ok(())
    }

    fn fill_value(&mut self) -> Parsed<f64> {
        self.expect(TokenKind::LeftParen)?;
        let sign = self.accept_sign()?;
        let mut number = self.number()?;
        if let Some((token, op)) = sign {
            number = negated_by(op, number, token.span);
        }
        self.expect(TokenKind::RightParen)?;
        Ok(number.value)
    }

    /// Label names in parentheses.
    pub(super) fn grouping_labels(&mut self) -> Parsed<Vec<String>> {
        let open = self.expect(TokenKind::LeftParen);
        self.reported(open, GROUPING, "\"(\"")?;
        let mut labels = Vec::new();
        while self.accept(TokenKind::RightParen)?.is_none() {
            labels.push(self.grouping_label()?);
            if self.accept(TokenKind::Comma)?.is_none() {
                let close = self.expect(TokenKind::RightParen);
                self.reported(close, GROUPING, "\",\" or \")\"")?;
                break;
            }
        }
        Ok(labels)
    }

    fn grouping_label(&mut self) -> Parsed<String> {
        if self.peek()? == TokenKind::String {
            let (name, span) = self.utf8_string()?;
            if name.is_empty() {
                return self.fail(span, "invalid label name for grouping: \"\"");
            }
            return Ok(name);
        }
        if !self.peek()?.is_grouping_label() {
            return self.reported(Err(Halt::Unexpected), GROUPING, "label");
        }
        let span = self.advance()?.span;
        Ok(self.text(span).to_owned())
    }

    /// Takes the token that begins a modifier of the operand before it.
    pub(super) fn accept_modifier(&mut self) -> Parsed<Option<Token>> {
        let modifies = matches!(
            self.peek()?,
            TokenKind::LeftBracket
                | TokenKind::At
                | TokenKind::Keyword(Keyword::Offset | Keyword::Anchored | Keyword::Smoothed)
        );
        if modifies {
            self.advance().map(Some)
        } else {
            Ok(None)
        }
    }

    /// The operand with a modifier whose first token is read.
    pub(super) fn modified(&mut self, expr: Expr, modifier: Token) -> Parsed<Expr> {
        match modifier.kind {
            TokenKind::LeftBracket => self.bracket(expr, modifier),
            TokenKind::At => self.at(expr),
            TokenKind::Keyword(Keyword::Anchored) => self.edges(expr, Edges::Anchored, "anchored"),
            TokenKind::Keyword(Keyword::Smoothed) => self.edges(expr, Edges::Smoothed, "smoothed"),
            _ => self.offset(expr),
        }
    }

    /// `[range]` or `[range:step]` behind an operand.
    fn bracket(&mut self, expr: Expr, open: Token) -> Parsed<Expr> {
        let below = self.height;
        let range = self.positive_duration();
        let range = self.reported(range, "subquery or range selector", RANGE_START)?;
        if self.accept(TokenKind::Colon)?.is_some() {
            return self.subquery(expr, range, below);
        }
        let close = self.expect(TokenKind::RightBracket);
        let close = self.reported(close, "subquery or range", "\":\" or \"]\"")?;
        let span = open.span.to(close.span);
        let Expr::Vector(selector) = expr else {
            return self.fail(span, "ranges only allowed for vector selectors");
        };
        if selector.modifiers.offset_ms != 0 || selector.modifiers.offset_expr.is_some() {
            return self.fail(span, "no offset modifiers allowed before range");
        }
        if selector.modifiers.at.is_some() {
            return self.fail(span, "no @ modifiers allowed before range");
        }
        self.height = below;
        let (range_ms, range_expr) = settled(range);
        Ok(Expr::Matrix(MatrixSelector {
            span: selector.span.to(close.span),
            selector,
            range_ms,
            range_expr,
        }))
    }

    fn subquery(&mut self, expr: Expr, range: DurationExpr, below: usize) -> Parsed<Expr> {
        let mut step = None;
        if self.peek()? != TokenKind::RightBracket {
            let parsed = self.positive_duration();
            let expected = format!("{}, or \"]\"", RANGE_START.replace(", or", ","));
            step = Some(self.reported(parsed, "subquery selector", &expected)?);
        }
        let close = self.expect(TokenKind::RightBracket);
        let close = self.reported(close, "subquery selector", "\"]\"")?;
        self.grow(below)?;
        let (range_ms, range_expr) = settled(range);
        let (step_ms, step_expr) = step.map_or((0, None), settled);
        Ok(Expr::Subquery(SubqueryExpr {
            span: expr.span().to(close.span),
            expr: Box::new(expr),
            range_ms,
            range_expr,
            step_ms,
            step_expr,
            modifiers: TimeModifiers::default(),
        }))
    }

    fn offset(&mut self, mut expr: Expr) -> Parsed<Expr> {
        let below = self.height;
        let offset = self.offset_duration();
        let offset = self.reported(offset, "offset", RANGE_START)?;
        self.height = below;
        let span = expr.span();
        let end = self.last_end;
        let Some((modifiers, whole)) = modifiers_of(&mut expr) else {
            return self.fail(
                span,
                "offset modifier must be preceded by an instant vector selector or range vector selector or a subquery",
            );
        };
        if modifiers.offset_ms != 0 || modifiers.offset_expr.is_some() {
            return self.fail(span, "offset may not be set multiple times");
        }
        (modifiers.offset_ms, modifiers.offset_expr) = settled(offset);
        whole.end = end;
        Ok(expr)
    }

    fn at(&mut self, mut expr: Expr) -> Parsed<Expr> {
        let span = expr.span();
        let at = self.at_time(span);
        let at = self.reported(at, "@", "timestamp")?;
        let end = self.last_end;
        let Some((modifiers, whole)) = modifiers_of(&mut expr) else {
            return self.fail(
                span,
                "@ modifier must be preceded by an instant vector selector or range vector selector or a subquery",
            );
        };
        if modifiers.at.is_some() {
            return self.fail(span, "@ <timestamp> may not be set multiple times");
        }
        modifiers.at = Some(at);
        whole.end = end;
        Ok(expr)
    }

    fn at_time(&mut self, operand: Span) -> Parsed<At> {
        for (keyword, at) in [(Keyword::Start, At::Start), (Keyword::End, At::End)] {
            if self.accept_keyword(keyword)?.is_some() {
                self.expect(TokenKind::LeftParen)?;
                self.expect(TokenKind::RightParen)?;
                return Ok(at);
            }
        }
        let sign = self.accept_sign()?;
        let mut number = self.number()?;
        if let Some((token, op)) = sign {
            number = negated_by(op, number, token.span);
        }
        let seconds = number.value;
        if !seconds.is_finite() || seconds.abs() >= i64::MAX as f64 {
            let text = if seconds.is_finite() {
                format!("{seconds:.6}")
            } else {
                engine_model::number::format_float(seconds)
            };
            return self.fail(operand, format!("timestamp out of bounds for @ modifier: {text}"));
        }
        Ok(At::Timestamp((seconds * 1000.0).round() as i64))
    }

    fn edges(&mut self, mut expr: Expr, edges: Edges, name: &str) -> Parsed<Expr> {
        let span = expr.span();
        let end = self.last_end;
        if !self.options.extended_range_selectors {
            return self.fail(span, format!("{name} modifier is experimental and not enabled"));
        }
        let selector = match &mut expr {
            Expr::Vector(selector) => selector,
            Expr::Matrix(matrix) => {
                matrix.span.end = end;
                &mut matrix.selector
            }
            Expr::Subquery(_) => {
                return self.fail(span, format!("{name} modifier is not supported for subqueries"));
            }
            _ => return self.fail(span, format!("{name} modifier not implemented")),
        };
        if selector.edges != Edges::Plain && selector.edges != edges {
            return self.fail(span, "anchored and smoothed modifiers cannot be used together");
        }
        selector.edges = edges;
        selector.span.end = end;
        Ok(expr)
    }
}

/// Where the `offset` and `@` of an expression are kept, and the span to extend; `None` if it takes none.
fn modifiers_of(expr: &mut Expr) -> Option<(&mut TimeModifiers, &mut Span)> {
    match expr {
        Expr::Vector(e) => Some((&mut e.modifiers, &mut e.span)),
        Expr::Matrix(e) => Some((&mut e.selector.modifiers, &mut e.span)),
        Expr::Subquery(e) => Some((&mut e.modifiers, &mut e.span)),
        _ => None,
    }
}

/// A literal as ms; anything else stays an expression until the query's step and range are known.
fn settled(duration: DurationExpr) -> (i64, Option<Box<DurationExpr>>) {
    match &duration.kind {
        DurationKind::Number(number) if !duration.wrapped => (literal_ms(number.value), None),
        _ => (0, Some(Box::new(duration))),
    }
}

//! Selectors, the label sets of test scripts, calls and aggregations: what a name may begin.

use engine_model::labels::METRIC_NAME;
use engine_model::matcher::Pattern;
use engine_model::{Labels, LabelsBuilder, MatchOp, Matcher};

use super::ast::{AggregateExpr, Call, Edges, Expr, TimeModifiers, VectorSelector};
use super::cursor::{Cursor, Halt, Parsed};
use super::literals::unquote;
use super::operators::{AggregateOp, BinaryOp};
use super::position::Span;
use super::signatures;
use super::token::{Keyword, Token, TokenKind};

impl Cursor<'_> {
    /// A selector, as `match[]` takes it.
    pub(super) fn metric_selector(&mut self) -> Parsed<Vec<Matcher>> {
        let name = match self.peek()? {
            TokenKind::LeftBrace => None,
            kind if kind.is_metric_name() => Some(self.advance()?),
            _ => return Err(Halt::Unexpected),
        };
        match self.selector(name)? {
            Expr::Vector(selector) => Ok(selector.matchers),
            _ => Err(Halt::Unexpected),
        }
    }

    /// A selector whose name, if any, is read.
    pub(super) fn selector(&mut self, name: Option<Token>) -> Parsed<Expr> {
        let mut span = name.map(|n| n.span);
        let mut matchers = Vec::new();
        if self.peek()? == TokenKind::LeftBrace {
            let open = self.advance()?;
            matchers = self.matchers()?;
            span = Some(Span::new(span.unwrap_or(open.span).start, self.last_end));
        }
        let name = name.map_or("", |n| self.text(n.span)).to_owned();
        if !name.is_empty() {
            matchers.push(Matcher::equal(METRIC_NAME, name.as_str()));
        }
        Ok(Expr::Vector(VectorSelector {
            name,
            matchers,
            modifiers: TimeModifiers::default(),
            edges: Edges::default(),
            span: span.ok_or(Halt::Unexpected)?,
        }))
    }

    /// The matchers behind `{`, with the closing brace.
    fn matchers(&mut self) -> Parsed<Vec<Matcher>> {
        let mut matchers = Vec::new();
        while self.accept(TokenKind::RightBrace)?.is_none() {
            matchers.push(self.matcher()?);
            if self.accept(TokenKind::Comma)?.is_none() {
                let close = self.expect(TokenKind::RightBrace);
                self.reported(close, "label matching", "\",\" or \"}\"")?;
                break;
            }
        }
        Ok(matchers)
    }

    fn matcher(&mut self) -> Parsed<Matcher> {
        let (name, span, quoted) = match self.peek()? {
            TokenKind::Identifier => {
                let span = self.advance()?.span;
                (self.text(span).to_owned(), span, false)
            }
            TokenKind::String => {
                let (name, span) = self.utf8_string()?;
                (name, span, true)
            }
            _ => {
                return self.reported(Err(Halt::Unexpected), "label matching", "identifier or \"}\"");
            }
        };
        let op = match self.peek()? {
            TokenKind::Assign => MatchOp::Equal,
            TokenKind::Operator(BinaryOp::NotEqual) => MatchOp::NotEqual,
            TokenKind::RegexMatch => MatchOp::Regex,
            TokenKind::RegexNoMatch => MatchOp::NotRegex,
            _ if quoted => return Ok(Matcher::equal(METRIC_NAME, name)),
            _ => {
                return self.reported(Err(Halt::Unexpected), "label matching", "label matching operator");
            }
        };
        self.advance()?;
        let value = self.matched_text(op, span);
        let (value, value_span) = self.reported(value, "label matching", "string")?;
        match Matcher::new(op, name, value) {
            Ok(matcher) => Ok(matcher),
            Err(error) => self.fail(span.to(value_span), error.to_string()),
        }
    }

    /// The string behind the operator of a matcher whose name is at `name`.
    fn matched_text(&mut self, op: MatchOp, name: Span) -> Parsed<(String, Span)> {
        let span = self.peek_token()?.span;
        if matches!(op, MatchOp::Regex | MatchOp::NotRegex) && self.peek()? == TokenKind::String {
            let bytes = unquote(self.text(span));
            if let Some(refusal) = Pattern::refusal_of_bytes(&bytes) {
                return self.fail(name.to(span), refusal.to_string());
            }
        }
        self.utf8_string()
    }

    /// A metric as test scripts and series lines write it: `name{a="b"}`.
    pub(super) fn metric(&mut self) -> Parsed<Labels> {
        let mut labels = LabelsBuilder::default();
        let name = match self.peek()? {
            kind if kind.is_metric_name() => Some(self.advance()?),
            _ => None,
        };
        if self.accept(TokenKind::LeftBrace)?.is_some() {
            while self.accept(TokenKind::RightBrace)?.is_none() {
                self.label(&mut labels)?;
                if self.accept(TokenKind::Comma)?.is_none() {
                    let close = self.expect(TokenKind::RightBrace);
                    self.reported(close, "label set", "\",\" or \"}\"")?;
                    break;
                }
            }
        }
        if let Some(name) = name {
            labels.set(METRIC_NAME, self.text(name.span));
        }
        Ok(labels.build())
    }

    fn label(&mut self, labels: &mut LabelsBuilder) -> Parsed<()> {
        let (name, quoted) = match self.peek()? {
            TokenKind::Identifier => {
                let span = self.advance()?.span;
                (self.text(span).to_owned(), false)
            }
            TokenKind::String => (self.utf8_string()?.0, true),
            _ => return self.reported(Err(Halt::Unexpected), "label set", "identifier or \"}\""),
        };
        if self.accept(TokenKind::Assign)?.is_none() {
            if quoted {
                labels.set(METRIC_NAME, &name);
                return Ok(());
            }
            return self.reported(Err(Halt::Unexpected), "label set", "\"=\"");
        }
        let value = self.utf8_string();
        let (value, _) = self.reported(value, "label set", "string")?;
        labels.set(&name, &value);
        Ok(())
    }

    /// What begins with a name that is no aggregation: a call or a selector.
    pub(super) fn call_or_selector(&mut self, name: Token) -> Parsed<Expr> {
        let callable = match name.kind {
            TokenKind::Identifier => true,
            TokenKind::Keyword(keyword) => keyword.is_preprocessor(),
            _ => false,
        };
        if !callable || self.peek()? != TokenKind::LeftParen {
            return self.selector(Some(name));
        }
        let args = self.arguments()?;
        let text = self.text(name.span);
        let Some(func) = signatures::function(text) else {
            return self.fail(name.span, format!("unknown function with name {text:?}"));
        };
        if func.experimental && !self.options.experimental_functions {
            return self.fail(name.span, format!("function {text:?} is not enabled"));
        }
        self.grow(self.height)?;
        Ok(Expr::Call(Call {
            func,
            args,
            span: Span::new(name.span.start, self.last_end),
        }))
    }

    /// Arguments in parentheses. Leaves the height of the highest one.
    fn arguments(&mut self) -> Parsed<Vec<Expr>> {
        self.expect(TokenKind::LeftParen)?;
        let mut args = Vec::new();
        let mut highest = 0;
        if self.accept(TokenKind::RightParen)?.is_none() {
            loop {
                args.push(self.expression()?);
                highest = highest.max(self.height);
                let Some(comma) = self.accept(TokenKind::Comma)? else {
                    break;
                };
                if !self.peek()?.starts_expression() {
                    return self.fail(comma.span, "trailing commas not allowed in function call args");
                }
            }
            self.expect(TokenKind::RightParen)?;
        }
        self.height = highest;
        Ok(args)
    }

    /// What begins with the name of an aggregation, which may also be a metric's name.
    pub(super) fn aggregate_or_selector(&mut self, name: Token, op: AggregateOp) -> Parsed<Expr> {
        match self.peek()? {
            TokenKind::LeftParen | TokenKind::Keyword(Keyword::By | Keyword::Without) => {
                let aggregation = self.aggregation(name, op);
                self.reported(aggregation, "aggregation", "")
            }
            _ => self.selector(Some(name)),
        }
    }

    fn aggregation(&mut self, name: Token, op: AggregateOp) -> Parsed<Expr> {
        let before = self.aggregate_modifier()?;
        let mut args = self.arguments()?;
        let height = self.height;
        let mut end = self.last_end;
        let modifier = match before {
            Some(modifier) => Some(modifier),
            None => self.aggregate_modifier()?,
        };
        end = end.max(self.last_end);
        let span = Span::new(name.span.start, end);
        let (without, grouping) = modifier.unwrap_or_default();
        if args.is_empty() {
            return self.fail(span, "no arguments for aggregate expression provided");
        }
        if op.is_experimental() && !self.options.experimental_functions {
            let message = format!(
                "{op}() is experimental and must be enabled with --enable-feature=promql-experimental-functions"
            );
            return self.fail(span, message);
        }
        let wanted = 1 + usize::from(op.has_param());
        if args.len() != wanted {
            let message = format!(
                "wrong number of arguments for aggregate expression provided, expected {wanted}, got {}",
                args.len()
            );
            return self.fail(span, message);
        }
        self.grow(height)?;
        let expr = Box::new(args.pop().ok_or(Halt::Unexpected)?);
        Ok(Expr::Aggregate(AggregateExpr {
            op,
            expr,
            param: args.pop().map(Box::new),
            grouping,
            without,
            span,
        }))
    }

    /// `by (…)` or `without (…)`, if it comes next.
    fn aggregate_modifier(&mut self) -> Parsed<Option<(bool, Vec<String>)>> {
        let without = match self.peek()? {
            TokenKind::Keyword(Keyword::By) => false,
            TokenKind::Keyword(Keyword::Without) => true,
            _ => return Ok(None),
        };
        self.advance()?;
        Ok(Some((without, self.grouping_labels()?)))
    }
}

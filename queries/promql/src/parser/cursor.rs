//! The parser's place in the token stream, its first fault, and its limits on nesting.

use super::ParseOptions;
use super::error::Fault;
use super::lexer::Lexer;
use super::position::Span;
use super::token::{Keyword, Token, TokenKind};

/// Expressions inside expressions: bounds the parser's own recursion, some 2 KiB of stack a level.
const NESTING_MAX: usize = 100;

/// Height of the finished tree. Chains such as `a or b or …` grow it without nesting, and everything
/// that walks the tree recurses as deep.
const HEIGHT_MAX: usize = 400;

/// Why parsing stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Halt {
    /// The next token fits nowhere. Whoever encloses it says what was expected.
    Unexpected,
    /// The fault is recorded.
    Reported,
}

pub(super) type Parsed<T> = Result<T, Halt>;

/// State of one parse.
pub(super) struct Cursor<'a> {
    lexer: Lexer<'a>,
    pub(super) options: &'a ParseOptions,
    lookahead: Option<Token>,
    /// End of the last token that was taken.
    pub(super) last_end: usize,
    fault: Option<Fault>,
    nesting: usize,
    /// Height of the expression that was finished last.
    pub(super) height: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(query: &'a str, options: &'a ParseOptions) -> Self {
        Self {
            lexer: Lexer::new(query),
            options,
            lookahead: None,
            last_end: 0,
            fault: None,
            nesting: 0,
            height: 0,
        }
    }

    /// Runs a production over the whole query.
    pub(super) fn run<T>(mut self, production: impl FnOnce(&mut Self) -> Parsed<T>) -> Result<T, Fault> {
        let result = production(&mut self).and_then(|value| {
            self.expect(TokenKind::Eof)?;
            Ok(value)
        });
        let result = self.reported(result, "", "");
        let fault = self.fault.take();
        result.map_err(|_| fault.expect("a parse that stops has a fault"))
    }

    /// The query's text under `span`.
    pub(super) fn text(&self, span: Span) -> &'a str {
        &self.lexer.input[span.start..span.end]
    }

    /// Looks at the next token; it is read only now, so that faults come in the order of the text.
    pub(super) fn peek_token(&mut self) -> Parsed<Token> {
        if let Some(token) = self.lookahead {
            return Ok(token);
        }
        match self.lexer.next_token() {
            Ok(token) => {
                self.lookahead = Some(token);
                Ok(token)
            }
            Err(fault) => {
                self.fault.get_or_insert(fault);
                Err(Halt::Reported)
            }
        }
    }

    /// Kind of the next token.
    pub(super) fn peek(&mut self) -> Parsed<TokenKind> {
        Ok(self.peek_token()?.kind)
    }

    /// Takes the next token.
    pub(super) fn advance(&mut self) -> Parsed<Token> {
        let token = self.peek_token()?;
        self.lookahead = None;
        self.last_end = token.span.end;
        Ok(token)
    }

    /// Takes the next token if it is of this kind.
    pub(super) fn accept(&mut self, kind: TokenKind) -> Parsed<Option<Token>> {
        match self.peek()? == kind {
            true => self.advance().map(Some),
            false => Ok(None),
        }
    }

    /// Takes the next token if it is this keyword.
    pub(super) fn accept_keyword(&mut self, keyword: Keyword) -> Parsed<Option<Token>> {
        self.accept(TokenKind::Keyword(keyword))
    }

    /// Takes the next token, which must be of this kind.
    pub(super) fn expect(&mut self, kind: TokenKind) -> Parsed<Token> {
        self.accept(kind)?.ok_or(Halt::Unexpected)
    }

    /// Records a fault and stops. Only the first one is shown, so nothing is gained by going on.
    pub(super) fn fail<T>(&mut self, span: Span, message: impl Into<String>) -> Parsed<T> {
        self.fault.get_or_insert(Fault::new(span, message));
        Err(Halt::Reported)
    }

    /// Names the construct in which a token was unexpected, unless an inner construct already did.
    pub(super) fn reported<T>(&mut self, result: Parsed<T>, context: &str, expected: &str) -> Parsed<T> {
        if !matches!(result, Err(Halt::Unexpected)) {
            return result;
        }
        let token = self.peek_token()?;
        let mut message = format!("unexpected {}", token.kind.describe(self.text(token.span)));
        if !context.is_empty() {
            message.push_str(" in ");
            message.push_str(context);
        }
        if !expected.is_empty() {
            message.push_str(", expected ");
            message.push_str(expected);
        }
        self.fail(token.span, message)
    }

    /// Runs a production one level deeper.
    pub(super) fn nested<T>(&mut self, production: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.nesting >= NESTING_MAX {
            let at = Span::new(self.last_end, self.last_end);
            return self.fail(
                at,
                format!("expression is nested more than {NESTING_MAX} levels deep"),
            );
        }
        self.nesting += 1;
        let result = production(self);
        self.nesting -= 1;
        result
    }

    /// Notes that the expression now finished stands one above others, the highest of which is `below` high.
    pub(super) fn grow(&mut self, below: usize) -> Parsed<()> {
        self.height = below + 1;
        if self.height > HEIGHT_MAX {
            let at = Span::new(self.last_end, self.last_end);
            return self.fail(
                at,
                format!("expression has more than {HEIGHT_MAX} operators on top of each other"),
            );
        }
        Ok(())
    }
}

//! Cuts a query into tokens. What a character means depends on whether it stands in `{…}` or `[…]`,
//! and errors come at the same character with the same words as Prometheus's.

use super::error::Fault;
use super::operators::BinaryOp;
use super::position::Span;
use super::token::{Keyword, Token, TokenKind};

pub(super) type Lexed = Result<Token, Fault>;

/// Reads tokens from a query, one at a time. After an error it must not be asked again.
pub(super) struct Lexer<'a> {
    pub(super) input: &'a str,
    pub(super) pos: usize,
    paren_depth: i64,
    brace_open: bool,
    bracket_open: bool,
    got_colon: bool,
    got_duration: bool,
    /// Between `[` and the first number behind it.
    in_duration: bool,
}

pub(super) fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r')
}

pub(super) fn is_alpha(c: char) -> bool {
    c == '_' || c.is_ascii_alphabetic()
}

pub(super) fn is_alphanumeric(c: char) -> bool {
    is_alpha(c) || c.is_ascii_digit()
}

/// A character in single quotes, as errors show it; the end of the input shows as the replacement character.
pub(super) fn quoted_char(c: Option<char>) -> String {
    match c.unwrap_or(char::REPLACEMENT_CHARACTER) {
        '\'' => "'\\''".to_owned(),
        '"' => "'\"'".to_owned(),
        c => format!("'{}'", c.escape_debug()),
    }
}

/// Whether a word that is a function of durations begins with this letter.
fn starts_duration_word(c: char) -> bool {
    matches!(c.to_ascii_lowercase(), 's' | 'r' | 'm')
}

impl<'a> Lexer<'a> {
    pub(super) fn new(input: &'a str) -> Self {
        Self {
            input,
            pos: 0,
            paren_depth: 0,
            brace_open: false,
            bracket_open: false,
            got_colon: false,
            got_duration: false,
            in_duration: false,
        }
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.input[self.pos..].chars().next()
    }

    pub(super) fn bump(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.pos += c.len_utf8();
        Some(c)
    }

    /// Consumes the next character if `set` contains it.
    pub(super) fn accept(&mut self, set: &str) -> bool {
        let accepted = self.peek().is_some_and(|c| set.contains(c));
        if accepted {
            self.pos += 1;
        }
        accepted
    }

    pub(super) fn token(&self, kind: TokenKind, start: usize) -> Lexed {
        Ok(Token {
            kind,
            span: Span::new(start, self.pos),
        })
    }

    /// An error that begins at `start`; like Prometheus's it reaches to the end of the query.
    pub(super) fn fault(&self, start: usize, message: impl Into<String>) -> Lexed {
        Err(Fault::new(Span::new(start, self.input.len()), message))
    }

    /// The next token.
    pub(super) fn next_token(&mut self) -> Lexed {
        self.skip_blank();
        if self.brace_open {
            self.inside_braces()
        } else if self.in_duration {
            self.duration()
        } else {
            self.statement()
        }
    }

    fn skip_blank(&mut self) {
        while let Some(c) = self.peek() {
            if is_space(c) {
                self.pos += 1;
            } else if c == '#' && !self.in_duration {
                let line = self.input[self.pos..].find(['\n', '\r']);
                self.pos = line.map_or(self.input.len(), |n| self.pos + n);
            } else {
                return;
            }
        }
    }

    fn statement(&mut self) -> Lexed {
        let start = self.pos;
        let Some(c) = self.bump() else {
            if self.paren_depth != 0 {
                return self.fault(start, "unclosed left parenthesis");
            }
            if self.bracket_open {
                return self.fault(start, "unclosed left bracket");
            }
            return self.token(TokenKind::Eof, start);
        };
        match c {
            ',' => self.token(TokenKind::Comma, start),
            '@' => self.token(TokenKind::At, start),
            '*' => self.token(TokenKind::Operator(BinaryOp::Mul), start),
            '/' => self.token(TokenKind::Operator(BinaryOp::Div), start),
            '%' => self.token(TokenKind::Operator(BinaryOp::Mod), start),
            '+' => self.token(TokenKind::Operator(BinaryOp::Add), start),
            '-' => self.token(TokenKind::Operator(BinaryOp::Sub), start),
            '^' => self.token(TokenKind::Operator(BinaryOp::Pow), start),
            '=' | '!' | '<' | '>' => self.comparison(c, start),
            '"' | '\'' | '`' => self.string(c, start),
            '(' | ')' => self.paren(c, start),
            '{' => {
                self.brace_open = true;
                self.token(TokenKind::LeftBrace, start)
            }
            '[' if self.bracket_open => self.fault(start, "unexpected left bracket '['"),
            '[' => {
                (self.bracket_open, self.in_duration) = (true, true);
                (self.got_colon, self.got_duration) = (false, false);
                self.token(TokenKind::LeftBracket, start)
            }
            ']' if !self.bracket_open => self.fault(start, "unexpected right bracket ']'"),
            ']' => {
                self.bracket_open = false;
                self.token(TokenKind::RightBracket, start)
            }
            c if c.is_ascii_digit() || (c == '.' && self.peek().is_some_and(|d| d.is_ascii_digit())) => {
                self.pos = start;
                self.number_or_duration()
            }
            c if (is_alpha(c) || c == ':') && self.bracket_open => self.word_in_brackets(c, start),
            c if is_alpha(c) || c == ':' => self.word(start),
            c => self.fault(start, format!("unexpected character: {}", quoted_char(Some(c)))),
        }
    }

    fn comparison(&mut self, c: char, start: usize) -> Lexed {
        let next = self.peek();
        let op = match (c, next) {
            ('=', Some('=')) => BinaryOp::Equal,
            ('=', Some('~')) => return self.fault(start, "unexpected character after '=': '~'"),
            ('=', _) => return self.token(TokenKind::Assign, start),
            ('!', Some('=')) => BinaryOp::NotEqual,
            ('!', _) => {
                let message = format!("unexpected character after '!': {}", quoted_char(next));
                return self.fault(start, message);
            }
            ('<', Some('=')) => BinaryOp::LessEqual,
            ('<', Some('/')) => BinaryOp::TrimUpper,
            ('<', _) => return self.token(TokenKind::Operator(BinaryOp::Less), start),
            (_, Some('=')) => BinaryOp::GreaterEqual,
            (_, Some('/')) => BinaryOp::TrimLower,
            (_, _) => return self.token(TokenKind::Operator(BinaryOp::Greater), start),
        };
        self.pos += 1;
        self.token(TokenKind::Operator(op), start)
    }

    fn paren(&mut self, c: char, start: usize) -> Lexed {
        if c == '(' {
            self.paren_depth += 1;
            return self.token(TokenKind::LeftParen, start);
        }
        self.paren_depth -= 1;
        if self.paren_depth < 0 {
            return self.fault(self.pos, "unexpected right parenthesis ')'");
        }
        self.token(TokenKind::RightParen, start)
    }

    fn word(&mut self, start: usize) -> Lexed {
        while self.peek().is_some_and(|c| is_alphanumeric(c) || c == ':') {
            self.pos += 1;
        }
        let kind = TokenKind::of_word(&self.input[start..self.pos]);
        let before_paren = || {
            let rest = self.input[self.pos..].trim_start_matches(is_space);
            rest.starts_with('(')
        };
        match kind {
            TokenKind::Keyword(keyword) if keyword.needs_paren() && !before_paren() => {
                self.token(TokenKind::Identifier, start)
            }
            kind => self.token(kind, start),
        }
    }

    /// A colon or one of the few words that mean something between `[` and `]`.
    fn word_in_brackets(&mut self, c: char, start: usize) -> Lexed {
        if c == ':' {
            if self.got_colon {
                return self.fault(start, "unexpected colon ':'");
            }
            self.got_colon = true;
            return self.token(TokenKind::Colon, start);
        }
        match self.duration_word(c, start) {
            Some(kind) => self.token(kind, start),
            None => {
                let message = format!("unexpected character: {}, expected ':'", quoted_char(Some(c)));
                self.fault(start, message)
            }
        }
    }

    fn duration_word(&mut self, first: char, start: usize) -> Option<TokenKind> {
        if !starts_duration_word(first) {
            return None;
        }
        while self.peek().is_some_and(is_alpha) {
            self.pos += 1;
        }
        let kind = TokenKind::of_word(&self.input[start..self.pos]);
        match kind {
            TokenKind::Keyword(Keyword::Step | Keyword::Range | Keyword::MaxOf | Keyword::MinOf) => {
                Some(kind)
            }
            _ => None,
        }
    }

    /// Between `[` and the first number.
    fn duration(&mut self) -> Lexed {
        let start = self.pos;
        let Some(c) = self.bump() else {
            return self.fault(start, "unexpected end of input in duration expression");
        };
        match c {
            ']' => {
                (self.bracket_open, self.in_duration) = (false, false);
                self.token(TokenKind::RightBracket, start)
            }
            ':' if !self.got_duration => self.fault(
                self.pos,
                "unexpected colon before duration in duration expression",
            ),
            '(' | ')' => self.paren(c, start),
            '+' => self.token(TokenKind::Operator(BinaryOp::Add), start),
            '-' => self.token(TokenKind::Operator(BinaryOp::Sub), start),
            '*' => self.token(TokenKind::Operator(BinaryOp::Mul), start),
            '/' => self.token(TokenKind::Operator(BinaryOp::Div), start),
            '%' => self.token(TokenKind::Operator(BinaryOp::Mod), start),
            '^' => self.token(TokenKind::Operator(BinaryOp::Pow), start),
            ',' => self.token(TokenKind::Comma, start),
            c if c.is_ascii_digit() || (c == '.' && self.peek().is_some_and(|d| d.is_ascii_digit())) => {
                self.pos = start;
                (self.got_duration, self.in_duration) = (true, false);
                self.number_or_duration()
            }
            c => match self.duration_word(c, start) {
                Some(kind) => self.token(kind, start),
                None => {
                    let what = quoted_char(Some(c));
                    self.fault(
                        start,
                        format!("unexpected character in duration expression: {what}"),
                    )
                }
            },
        }
    }

    fn inside_braces(&mut self) -> Lexed {
        let start = self.pos;
        let Some(c) = self.bump() else {
            return self.fault(start, "unexpected end of input inside braces");
        };
        match c {
            ',' => self.token(TokenKind::Comma, start),
            '"' | '\'' | '`' => self.string(c, start),
            '=' if self.accept("~") => self.token(TokenKind::RegexMatch, start),
            '=' => self.token(TokenKind::Assign, start),
            '!' if self.accept("~") => self.token(TokenKind::RegexNoMatch, start),
            '!' if self.accept("=") => self.token(TokenKind::Operator(BinaryOp::NotEqual), start),
            '!' => {
                let what = quoted_char(self.peek());
                self.fault(
                    start,
                    format!("unexpected character after '!' inside braces: {what}"),
                )
            }
            '{' => self.fault(start, "unexpected left brace '{'"),
            '}' => {
                self.brace_open = false;
                self.token(TokenKind::RightBrace, start)
            }
            c if is_alpha(c) => {
                while self.peek().is_some_and(is_alphanumeric) {
                    self.pos += 1;
                }
                self.token(TokenKind::Identifier, start)
            }
            c => {
                let what = quoted_char(Some(c));
                self.fault(start, format!("unexpected character inside braces: {what}"))
            }
        }
    }
}

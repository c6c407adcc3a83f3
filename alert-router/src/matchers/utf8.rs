//! The UTF-8 grammar: names and values are runs of unreserved characters or Go string literals;
//! braces come both or not at all. Errors carry the columns of the offending token.

use engine_model::{MatchOp, Matcher};

use super::{MatcherError, build, is_reserved};

/// Reads zero or more matchers.
pub(super) fn parse(text: &str) -> Result<Vec<Matcher>, MatcherError> {
    let tokens = tokenize(text)?;
    let mut parser = Parser {
        tokens: &tokens,
        position: 0,
        end_column: text.chars().count(),
    };
    parser.list()
}

#[derive(Debug, Clone, PartialEq)]
enum Kind {
    Open,
    Close,
    Comma,
    Op(MatchOp),
    Text(String),
}

#[derive(Debug, Clone)]
struct Token {
    kind: Kind,
    raw: String,
    /// Columns from 0, the end not included.
    columns: (usize, usize),
}

struct Parser<'a> {
    tokens: &'a [Token],
    position: usize,
    end_column: usize,
}

impl Parser<'_> {
    fn list(&mut self) -> Result<Vec<Matcher>, MatcherError> {
        let open = self.accept(&Kind::Open);
        let mut matchers = Vec::new();
        while !matches!(self.peek(), None | Some(Kind::Close)) {
            matchers.push(self.matcher()?);
            if !self.accept(&Kind::Comma) {
                break;
            }
            if self.peek() == Some(&Kind::Comma) {
                return Err(self.unexpected("a matcher or close brace after comma"));
            }
        }
        match (open, self.accept(&Kind::Close)) {
            (true, false) => return Err(self.unexpected("close brace")),
            (false, true) => {
                let column = self.tokens[self.position - 1].columns.1;
                return Err(MatcherError(format!("0:{column}: }}: expected opening brace")));
            }
            _ => {}
        }
        match self.peek() {
            None => Ok(matchers),
            Some(_) if open => Err(self.unexpected("end of input")),
            Some(_) => Err(self.unexpected("a comma or close brace")),
        }
    }

    fn matcher(&mut self) -> Result<Matcher, MatcherError> {
        let name = self.text("label name")?;
        let Some(Kind::Op(op)) = self.peek() else {
            return Err(self.unexpected("an operator such as '=', '!=', '=~' or '!~'"));
        };
        let op = *op;
        self.position += 1;
        let value = self.text("label value")?;
        build(op, &name, &value)
    }

    fn text(&mut self, expected: &str) -> Result<String, MatcherError> {
        let Some(Kind::Text(text)) = self.peek() else {
            return Err(self.unexpected(expected));
        };
        let text = text.clone();
        self.position += 1;
        Ok(text)
    }

    fn peek(&self) -> Option<&Kind> {
        self.tokens.get(self.position).map(|token| &token.kind)
    }

    fn accept(&mut self, kind: &Kind) -> bool {
        let found = self.peek() == Some(kind);
        self.position += usize::from(found);
        found
    }

    fn unexpected(&self, expected: &str) -> MatcherError {
        MatcherError(match self.tokens.get(self.position) {
            Some(token) => format!(
                "{}:{}: unexpected {}: expected {expected}",
                token.columns.0, token.columns.1, token.raw
            ),
            None => format!("0:{}: end of input: expected {expected}", self.end_column),
        })
    }
}

fn tokenize(text: &str) -> Result<Vec<Token>, MatcherError> {
    let chars: Vec<char> = text.chars().collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(&c) = chars.get(at) {
        let next = chars.get(at + 1).copied();
        let (kind, end) = match c {
            '{' => (Kind::Open, at + 1),
            '}' => (Kind::Close, at + 1),
            ',' => (Kind::Comma, at + 1),
            '=' if next == Some('~') => (Kind::Op(MatchOp::Regex), at + 2),
            '=' => (Kind::Op(MatchOp::Equal), at + 1),
            '!' if next == Some('=') => (Kind::Op(MatchOp::NotEqual), at + 2),
            '!' if next == Some('~') => (Kind::Op(MatchOp::NotRegex), at + 2),
            '"' => quoted(&chars, at)?,
            c if !is_reserved(c) => {
                let length = chars[at..].iter().take_while(|c| !is_reserved(**c)).count();
                (Kind::Text(chars[at..at + length].iter().collect()), at + length)
            }
            c if c.is_whitespace() => {
                at += 1;
                continue;
            }
            c => {
                return Err(MatcherError(format!("{at}:{}: {c}: invalid input", at + 1)));
            }
        };
        tokens.push(Token {
            kind,
            raw: chars[at..end].iter().collect(),
            columns: (at, end),
        });
        at = end;
    }
    Ok(tokens)
}

/// Reads a quoted text from its opening quote; returns where it ends.
fn quoted(chars: &[char], start: usize) -> Result<(Kind, usize), MatcherError> {
    let mut at = start + 1;
    loop {
        match chars.get(at) {
            None => {
                let raw: String = chars[start..].iter().collect();
                return Err(MatcherError(format!(
                    "{start}:{}: {raw}: missing end \"",
                    chars.len()
                )));
            }
            Some('"') => break,
            Some('\\') => at += 2,
            Some(_) => at += 1,
        }
    }
    let body: String = chars[start + 1..at].iter().collect();
    match unquote(&body) {
        Some(text) => Ok((Kind::Text(text), at + 1)),
        None => Err(MatcherError(format!(
            "{start}:{}: \"{body}\": invalid input",
            at + 1
        ))),
    }
}

/// What Go's `strconv.Unquote` makes of the inside of a double-quoted literal, if that is UTF-8.
fn unquote(body: &str) -> Option<String> {
    let mut out: Vec<u8> = Vec::with_capacity(body.len());
    let mut chars = body.chars();
    while let Some(c) = chars.next() {
        if c == '\n' {
            return None;
        }
        if c != '\\' {
            out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            continue;
        }
        match chars.next()? {
            'a' => out.push(0x07),
            'b' => out.push(0x08),
            'f' => out.push(0x0c),
            'n' => out.push(b'\n'),
            'r' => out.push(b'\r'),
            't' => out.push(b'\t'),
            'v' => out.push(0x0b),
            '\\' => out.push(b'\\'),
            '"' => out.push(b'"'),
            'x' => out.push(u8::try_from(digits(&mut chars, 2, 16)?).ok()?),
            'u' => push_scalar(&mut out, digits(&mut chars, 4, 16)?)?,
            'U' => push_scalar(&mut out, digits(&mut chars, 8, 16)?)?,
            first @ '0'..='7' => {
                let rest = digits(&mut chars, 2, 8)?;
                out.push(u8::try_from(first.to_digit(8)? * 64 + rest).ok()?);
            }
            _ => return None,
        }
    }
    String::from_utf8(out).ok()
}

fn digits(chars: &mut std::str::Chars<'_>, count: usize, radix: u32) -> Option<u32> {
    (0..count).try_fold(0u32, |value, _| {
        value
            .checked_mul(radix)?
            .checked_add(chars.next()?.to_digit(radix)?)
    })
}

fn push_scalar(out: &mut Vec<u8>, code: u32) -> Option<()> {
    out.extend_from_slice(char::from_u32(code)?.encode_utf8(&mut [0; 4]).as_bytes());
    Some(())
}

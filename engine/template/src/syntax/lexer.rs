//! Template text into tokens, with trim marks and comments already applied.

use super::token::{Kind, Token};

const LEFT: &str = "{{";
const RIGHT: &str = "}}";
const KEYWORDS: [&str; 10] = [
    "block", "break", "continue", "define", "else", "end", "if", "range", "template", "with",
];

/// All tokens; the last one is `End` or `Fault`.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let mut lexer = Lexer {
        text,
        at: 0,
        tokens: Vec::new(),
        parentheses: 0,
    };
    let end = match lexer.run() {
        Ok(()) => lexer.token(Kind::End, text.len(), String::new(), false),
        Err((at, message)) => lexer.token(Kind::Fault, at, message, false),
    };
    lexer.tokens.push(end);
    lexer.tokens
}

type Outcome<T> = Result<T, (usize, String)>;

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    tokens: Vec<Token>,
    parentheses: usize,
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

fn is_word(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

fn trim_start(text: &str) -> &str {
    text.trim_start_matches([' ', '\t', '\r', '\n'])
}

impl<'a> Lexer<'a> {
    fn token(&self, kind: Kind, at: usize, text: String, spaced: bool) -> Token {
        Token {
            kind,
            at,
            text,
            spaced,
        }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn fault<T>(&self, message: impl Into<String>) -> Outcome<T> {
        Err((self.at, message.into()))
    }

    fn push(&mut self, kind: Kind, len: usize, spaced: bool) {
        let text = self.rest()[..len].to_owned();
        let token = self.token(kind, self.at, text, spaced);
        self.tokens.push(token);
        self.at += len;
    }

    fn run(&mut self) -> Outcome<()> {
        while let Some(open) = self.rest().find(LEFT) {
            let after = &self.rest()[open + LEFT.len()..];
            let trims = after.starts_with('-') && after.as_bytes().get(1).copied().is_some_and(is_space);
            let text = &self.rest()[..open];
            let kept = if trims {
                text.trim_end_matches([' ', '\t', '\r', '\n'])
            } else {
                text
            };
            if !kept.is_empty() {
                let token = self.token(Kind::Text, self.at, kept.to_owned(), false);
                self.tokens.push(token);
            }
            self.at += open;
            self.action(LEFT.len() + if trims { 2 } else { 0 })?;
        }
        let rest = self.rest();
        if !rest.is_empty() {
            self.push(Kind::Text, rest.len(), false);
        }
        Ok(())
    }

    /// One `{{…}}`, of which `open_len` bytes are the left delimiter.
    fn action(&mut self, open_len: usize) -> Outcome<()> {
        if self.rest()[open_len..].starts_with("/*") {
            self.at += open_len;
            return self.comment();
        }
        let token = self.token(Kind::LeftDelimiter, self.at, LEFT.to_owned(), false);
        self.tokens.push(token);
        self.at += open_len;
        self.parentheses = 0;
        loop {
            let space_len = self.rest().len() - trim_start(self.rest()).len();
            if self.right_delimiter(space_len)? {
                return Ok(());
            }
            self.at += space_len;
            self.inside(space_len > 0)?;
        }
    }

    fn comment(&mut self) -> Outcome<()> {
        let Some(end) = self.rest().find("*/") else {
            return self.fault("unclosed comment");
        };
        self.at += end + 2;
        let space_len = self.rest().len() - trim_start(self.rest()).len();
        let trims = self.is_right_trim(space_len);
        if trims {
            self.at += space_len + 1 + RIGHT.len();
            self.at += self.rest().len() - trim_start(self.rest()).len();
            return Ok(());
        }
        if !self.rest().starts_with(RIGHT) {
            return self.fault("comment ends before closing delimiter");
        }
        self.at += RIGHT.len();
        Ok(())
    }

    /// Whether ` -}}` follows, of which `space_len` bytes are white space.
    fn is_right_trim(&self, space_len: usize) -> bool {
        space_len > 0
            && self.rest()[space_len..]
                .strip_prefix('-')
                .is_some_and(|rest| rest.starts_with(RIGHT))
    }

    /// Takes the end of the action if it stands here.
    fn right_delimiter(&mut self, space_len: usize) -> Outcome<bool> {
        let trims = self.is_right_trim(space_len);
        if !trims && !self.rest()[space_len..].starts_with(RIGHT) {
            return Ok(false);
        }
        self.at += space_len;
        if self.parentheses > 0 {
            return self.fault("unclosed left paren");
        }
        let token = self.token(Kind::RightDelimiter, self.at, RIGHT.to_owned(), space_len > 0);
        self.tokens.push(token);
        self.at += RIGHT.len();
        if trims {
            self.at += 1;
            self.at += self.rest().len() - trim_start(self.rest()).len();
        }
        Ok(true)
    }

    /// One token inside of an action.
    fn inside(&mut self, spaced: bool) -> Outcome<()> {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else {
            return self.fault("unclosed action");
        };
        let second = rest[first.len_utf8()..].chars().next();
        match first {
            '=' => self.push(Kind::Assign, 1, spaced),
            ':' if second == Some('=') => self.push(Kind::Declare, 2, spaced),
            ':' => return self.fault("expected :="),
            '|' => self.push(Kind::Pipe, 1, spaced),
            '"' => return self.quoted('"', Kind::String, "unterminated quoted string", spaced),
            '\'' => return self.quoted('\'', Kind::Char, "unterminated character constant", spaced),
            '`' => match rest[1..].find('`') {
                Some(len) => self.push(Kind::RawString, len + 2, spaced),
                None => return self.fault("unterminated raw quoted string"),
            },
            '$' => return self.named(Kind::Variable, spaced),
            '.' if !second.is_some_and(|c| c.is_ascii_digit()) => return self.named(Kind::Field, spaced),
            '+' | '-' | '.' | '0'..='9' => return self.number(spaced),
            '(' => {
                self.push(Kind::LeftParenthesis, 1, spaced);
                self.parentheses += 1;
            }
            ')' if self.parentheses == 0 => return self.fault("unexpected right paren"),
            ')' => {
                self.push(Kind::RightParenthesis, 1, spaced);
                self.parentheses -= 1;
            }
            c if is_word(c) => return self.word(spaced),
            c if c.is_ascii_graphic() => self.push(Kind::Mark, 1, spaced),
            c => return self.fault(format!("unrecognized character in action: {}", unicode(c))),
        }
        Ok(())
    }

    fn quoted(&mut self, quote: char, kind: Kind, unterminated: &str, spaced: bool) -> Outcome<()> {
        let mut chars = self.rest().char_indices().skip(1);
        while let Some((i, c)) = chars.next() {
            match c {
                '\\' => match chars.next() {
                    None | Some((_, '\n')) => break,
                    Some(_) => {}
                },
                '\n' => break,
                c if c == quote => {
                    self.push(kind, i + 1, spaced);
                    return Ok(());
                }
                _ => {}
            }
        }
        self.fault(unterminated)
    }

    /// `.name`, `$name`, or the mark alone.
    fn named(&mut self, kind: Kind, spaced: bool) -> Outcome<()> {
        let len: usize = self.rest()[1..]
            .chars()
            .take_while(|c| is_word(*c))
            .map(char::len_utf8)
            .sum();
        let kind = if len == 0 && kind == Kind::Field {
            Kind::Dot
        } else {
            kind
        };
        self.push(kind, len + 1, spaced);
        self.expect_terminator()
    }

    fn word(&mut self, spaced: bool) -> Outcome<()> {
        let len: usize = self
            .rest()
            .chars()
            .take_while(|c| is_word(*c))
            .map(char::len_utf8)
            .sum();
        let kind = match &self.rest()[..len] {
            "true" | "false" => Kind::Bool,
            "nil" => Kind::Nil,
            word if KEYWORDS.contains(&word) => Kind::Keyword,
            _ => Kind::Identifier,
        };
        self.push(kind, len, spaced);
        self.expect_terminator()
    }

    /// Names end at white space or at a mark that can follow them.
    fn expect_terminator(&self) -> Outcome<()> {
        match self.rest().chars().next() {
            None | Some(' ' | '\t' | '\r' | '\n' | '.' | ',' | '|' | ':' | '=' | '(' | ')') => Ok(()),
            Some(_) if self.rest().starts_with(RIGHT) => Ok(()),
            Some(c) => self.fault(format!("bad character {}", unicode(c))),
        }
    }

    fn number(&mut self, spaced: bool) -> Outcome<()> {
        let rest = self.rest();
        let signed = rest.trim_start_matches(['+', '-']);
        let sign_len = rest.len() - signed.len();
        if sign_len > 1 {
            return self.fault(format!(
                "bad number syntax: {}",
                crate::format::quoted(&rest[..sign_len])
            ));
        }
        let hexadecimal = signed.starts_with("0x") || signed.starts_with("0X");
        let exponents: &[char] = if hexadecimal { &['p', 'P'] } else { &['e', 'E'] };
        let mut len = sign_len;
        let mut previous = ' ';
        for c in signed.chars() {
            let after_exponent = exponents.contains(&previous) && matches!(c, '+' | '-');
            if !(is_word(c) || c == '.' || after_exponent) {
                break;
            }
            len += c.len_utf8();
            previous = c;
        }
        if len == sign_len {
            return self.fault(format!(
                "bad number syntax: {}",
                crate::format::quoted(&rest[..sign_len])
            ));
        }
        self.push(Kind::Number, len, spaced);
        Ok(())
    }
}

/// Go's `%#U`.
fn unicode(c: char) -> String {
    if c.is_control() || (c.is_whitespace() && c != ' ') {
        return format!("U+{:04X}", u32::from(c));
    }
    format!("U+{:04X} '{c}'", u32::from(c))
}

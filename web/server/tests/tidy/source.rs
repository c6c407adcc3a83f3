//! A Rust file taken apart just far enough: code with comments and literals blanked out, comments
//! alone, and the functions with the lines of code in their bodies.

use std::mem;

/// One Rust file. `code` and `comments` have the same lines and columns (in bytes) as `text`.
pub(crate) struct Source {
    pub(crate) path: String,
    pub(crate) text: String,
    /// Comments and the insides of literals are spaces.
    pub(crate) code: String,
    /// All but comments is spaces.
    pub(crate) comments: String,
}

/// A function and the lines of code between its braces, without blank lines, comments and the rows of tables.
pub(crate) struct Function {
    pub(crate) name: String,
    pub(crate) lines: usize,
}

impl Source {
    pub(crate) fn new(text: String, path: String) -> Self {
        let (code, comments) = split(&text);
        Self {
            path,
            text,
            code,
            comments,
        }
    }

    /// Every function with a body, those inside others too.
    pub(crate) fn functions(&self) -> Vec<Function> {
        words(&self.code)
            .filter(|(_, word)| *word == "fn")
            .filter_map(|(at, _)| {
                let rest = self.code[at + 2..].trim_start();
                let name: String = rest.chars().take_while(|&c| is_word(c)).collect();
                let (open, close) = self.body_after(at)?;
                (!name.is_empty()).then(|| Function {
                    name,
                    lines: self.code_lines(open + 1, close),
                })
            })
            .collect()
    }

    /// Lines of the module `mod tests { … }` written in the file itself; 0 where there is none.
    pub(crate) fn inline_test_lines(&self) -> usize {
        let Some(at) = self.code.find("mod tests {") else {
            return 0;
        };
        self.body_after(at)
            .map_or(0, |(open, close)| self.text[open..close].lines().count() - 1)
    }

    /// The first `{` outside parentheses after `at` and its `}`; none where a `;` comes first.
    fn body_after(&self, at: usize) -> Option<(usize, usize)> {
        let (mut nested, mut braces, mut open) = (0_i32, 0_i32, None);
        for (index, byte) in self.code.bytes().enumerate().skip(at) {
            match byte {
                b'(' | b'[' => nested += 1,
                b')' | b']' => nested -= 1,
                b';' if nested == 0 && open.is_none() => return None,
                b'{' if nested == 0 || open.is_some() => {
                    open.get_or_insert(index);
                    braces += 1;
                }
                b'}' if open.is_some() => {
                    braces -= 1;
                    if braces == 0 {
                        return open.map(|open| (open, index));
                    }
                }
                _ => {}
            }
        }
        None
    }

    fn code_lines(&self, from: usize, to: usize) -> usize {
        let lines = self.text[from..to]
            .split('\n')
            .zip(self.comments[from..to].split('\n'));
        // A line inside a literal counts; a line that is only a comment and a row of a table do not.
        let counts = |text: &str, comment: &str| !text.is_empty() && text != comment && !is_row(text);
        lines
            .filter(|(text, comment)| counts(text.trim(), comment.trim()))
            .count()
    }
}

/// `(…),` on a line of its own: lists of cases may be long, since they are all alike.
fn is_row(line: &str) -> bool {
    line.starts_with('(') && line.ends_with("),")
}

/// Every word of the code with the byte it starts at.
pub(crate) fn words(code: &str) -> impl Iterator<Item = (usize, &str)> {
    let parts = code.split(|c| !is_word(c)).filter(|word| !word.is_empty());
    parts.map(move |word| (word.as_ptr() as usize - code.as_ptr() as usize, word))
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[derive(Clone, Copy)]
enum State {
    Code,
    LineComment,
    BlockComment { depth: usize },
    Text,
    RawText { hashes: usize },
}

/// Code and comments of a file, each with everything else blanked.
fn split(text: &str) -> (String, String) {
    let bytes = text.as_bytes();
    let (mut code, mut comments) = (blank(text), blank(text));
    let (mut state, mut at) = (State::Code, 0);
    while at < bytes.len() {
        let rest = &bytes[at..];
        let (next, length) = step(state, rest, at.checked_sub(1).map(|before| bytes[before]));
        let in_comment = |state| matches!(state, State::LineComment | State::BlockComment { .. });
        let target = if in_comment(state) || in_comment(next) {
            Some(&mut comments)
        } else if matches!((state, next), (State::Code, State::Code)) && (length == 1 || rest[0] != b'\'') {
            Some(&mut code)
        } else {
            None
        };
        if let Some(target) = target {
            target[at..at + length].copy_from_slice(&rest[..length]);
        }
        state = next;
        at += length;
    }
    let text = |bytes| String::from_utf8(bytes).expect("whole characters are copied or blanked");
    (text(mem::take(&mut code)), text(mem::take(&mut comments)))
}

/// The state after the next token and the token's length in bytes; a character literal is one token.
fn step(state: State, rest: &[u8], before: Option<u8>) -> (State, usize) {
    let whole = |state| (state, character_length(rest[0]));
    match state {
        State::Code => match rest {
            [b'/', b'/', ..] => (State::LineComment, 2),
            [b'/', b'*', ..] => (State::BlockComment { depth: 1 }, 2),
            [b'"', ..] => (State::Text, 1),
            [b'r', ..] if !before.is_some_and(continues_word) => raw_text(rest).unwrap_or((State::Code, 1)),
            [b'\'', ..] => (State::Code, character_literal(rest).unwrap_or(1)),
            _ => whole(State::Code),
        },
        State::LineComment if rest[0] == b'\n' => (State::Code, 1),
        State::BlockComment { depth } if rest.starts_with(b"*/") => match depth {
            1 => (State::Code, 2),
            _ => (State::BlockComment { depth: depth - 1 }, 2),
        },
        State::BlockComment { depth } if rest.starts_with(b"/*") => {
            (State::BlockComment { depth: depth + 1 }, 2)
        }
        State::Text if rest[0] == b'\\' && rest.len() > 1 => (State::Text, 1 + character_length(rest[1])),
        State::Text if rest[0] == b'"' => (State::Code, 1),
        State::RawText { hashes } if closes_raw(rest, hashes) => (State::Code, 1 + hashes),
        _ => whole(state),
    }
}

/// `r"` or `r#"` and its length; a raw identifier like `r#type` is none. The `b` or `c` before an `r`
/// is taken for a word of its own, which does no harm.
fn raw_text(rest: &[u8]) -> Option<(State, usize)> {
    let hashes = rest[1..].iter().take_while(|&&byte| byte == b'#').count();
    (rest.get(1 + hashes) == Some(&b'"')).then_some((State::RawText { hashes }, 2 + hashes))
}

fn closes_raw(rest: &[u8], hashes: usize) -> bool {
    rest[0] == b'"' && rest.len() > hashes && rest[1..=hashes].iter().all(|&byte| byte == b'#')
}

/// The length of `'x'` or `'\…'`; none for a lifetime.
fn character_literal(rest: &[u8]) -> Option<usize> {
    if rest.get(1) == Some(&b'\\') {
        return rest
            .iter()
            .skip(3)
            .position(|&byte| byte == b'\'')
            .map(|at| at + 4);
    }
    let length = 1 + character_length(*rest.get(1)?);
    (rest.get(length) == Some(&b'\'')).then_some(length + 1)
}

/// A word's last byte that is not the literal prefix `b` or `c` continues it, so no `r` starts there.
fn continues_word(byte: u8) -> bool {
    (byte.is_ascii_alphanumeric() || byte == b'_') && !matches!(byte, b'b' | b'c')
}

fn character_length(first: u8) -> usize {
    match first {
        0xf0.. => 4,
        0xe0.. => 3,
        0xc0.. => 2,
        _ => 1,
    }
}

fn blank(text: &str) -> Vec<u8> {
    text.bytes()
        .map(|byte| if byte == b'\n' { b'\n' } else { b' ' })
        .collect()
}

#[test]
fn code_and_comments_are_told_apart() {
    let text = concat!(
        "fn a<'x>(y: &'x str) -> [u8; 2] { // note { \"\n",
        "    let c = ['{', '\\'', '\\u{7b}']; /* { /* { */ } */\n",
        "\n",
        "    let s = \"} \\\" }\"; let r = r#\"} \" }\"#;\n",
        "}\n",
    );
    let source = Source::new(text.to_owned(), "a.rs".to_owned());
    assert_eq!(source.code.matches(['{', '}']).count(), 2, "{}", source.code);
    assert_eq!(
        source.comments.split_whitespace().count(),
        11,
        "{}",
        source.comments
    );
    let functions = source.functions();
    assert_eq!(functions.len(), 1);
    assert_eq!((functions[0].name.as_str(), functions[0].lines), ("a", 2));
}

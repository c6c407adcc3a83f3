//! The classic grammar: lenient about braces, spaces, quotes and backslashes; names are ASCII.

use engine_model::{MatchOp, Matcher};

use super::{MatcherError, build};

/// Reads a comma-separated list. Outer braces may be there or not, each on its own.
pub(super) fn parse_matchers(text: &str) -> Result<Vec<Matcher>, MatcherError> {
    let text = text.strip_prefix('{').unwrap_or(text);
    let text = text.strip_suffix('}').unwrap_or(text);
    let mut tokens = Vec::new();
    let (mut start, mut inside_quotes, mut escaped) = (0, false, false);
    for (offset, c) in text.char_indices() {
        match c {
            // A comma leaves the escape state alone, as upstream does.
            ',' if !inside_quotes => {
                tokens.push(&text[start..offset]);
                start = offset + 1;
            }
            ',' => {}
            '"' if escaped => escaped = false,
            '"' => inside_quotes = !inside_quotes,
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    let last = text[start..].trim();
    if !last.is_empty() {
        tokens.push(last);
    }
    tokens.into_iter().map(parse_matcher).collect()
}

/// Reads one matcher: a name, an operator, and a value which may be empty or in quotes.
pub(super) fn parse_matcher(text: &str) -> Result<Matcher, MatcherError> {
    let (name, op, raw) = split(text).ok_or_else(|| MatcherError(format!("bad matcher format: {text}")))?;
    build(op, name, &unescape(raw)?)
}

/// Splits into name, operator and trimmed raw value.
fn split(text: &str) -> Option<(&str, MatchOp, &str)> {
    // Go's \s in the upstream expression: ASCII blanks only.
    let blank = |c: char| matches!(c, ' ' | '\t' | '\n' | '\r' | '\u{c}');
    let text = text.trim_matches(blank);
    let name_length = text
        .bytes()
        .take_while(|b| b.is_ascii_alphanumeric() || *b == b'_' || *b == b':')
        .count();
    let (name, rest) = text.split_at(name_length);
    if name.is_empty() || name.as_bytes()[0].is_ascii_digit() {
        return None;
    }
    let rest = rest.trim_start_matches(blank);
    let operators = [
        ("=~", MatchOp::Regex),
        ("=", MatchOp::Equal),
        ("!=", MatchOp::NotEqual),
        ("!~", MatchOp::NotRegex),
    ];
    operators
        .into_iter()
        .find_map(|(sign, op)| Some((name, op, rest.strip_prefix(sign)?.trim_start_matches(blank))))
}

/// Resolves `\"`, `\\` and `\n`; any other backslash stands for itself.
fn unescape(raw: &str) -> Result<String, MatcherError> {
    let unbalanced = || MatcherError(format!("matcher value contains unescaped double quote: {raw}"));
    let (body, quoted) = match raw.strip_prefix('"') {
        Some(body) => (body, true),
        None => (raw, false),
    };
    let mut value = String::with_capacity(body.len());
    let mut closed = !quoted;
    let mut chars = body.char_indices().peekable();
    while let Some((offset, c)) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some((_, 'n')) => value.push('\n'),
                Some((_, c @ ('"' | '\\'))) => value.push(c),
                Some((_, c)) => value.extend(['\\', c]),
                None => value.push('\\'),
            },
            '"' if quoted && offset + 1 == body.len() => closed = true,
            '"' => return Err(unbalanced()),
            c => value.push(c),
        }
    }
    if closed { Ok(value) } else { Err(unbalanced()) }
}

//! Text functions that both function sets share: case, regular expressions, addresses.

use std::net::IpAddr;

use engine_model::labels::Quoted;
use engine_model::regexp::Regexp;

use super::Args;
use super::escape::url_query;
use crate::error::FunctionError;
use crate::value::Value;

type Outcome = Result<Value, FunctionError>;

/// A function of one string.
pub(super) fn of_string(args: &Args<'_>, function: impl FnOnce(&str) -> String) -> Outcome {
    args.exactly(1)?;
    Ok(function(args.string(0)?).into())
}

/// Whether a pattern matches anywhere in a text: `match pattern text`.
pub(super) fn matches(args: &Args<'_>) -> Outcome {
    args.exactly(2)?;
    let regexp = Regexp::new(args.string(0)?).map_err(|error| FunctionError::Failed(error.to_string()))?;
    Ok(Value::Bool(regexp.is_match(args.string(1)?)))
}

/// `reReplaceAll pattern replacement text`; the replacement may name groups (`$1`, `${name}`).
pub(super) fn replace_all(args: &Args<'_>) -> Outcome {
    args.exactly(3)?;
    let (pattern, replacement, text) = (args.string(0)?, args.string(1)?, args.string(2)?);
    let regexp = Regexp::new(pattern).map_err(|error| {
        // As Go's `MustCompile` says it: in back quotes where these can hold the pattern.
        let quoted = match pattern.contains(|c: char| c == '`' || (c.is_control() && c != '\t')) {
            true => Quoted(pattern).to_string(),
            false => format!("`{pattern}`"),
        };
        FunctionError::Failed(format!("regexp: Compile({quoted}): {error}"))
    })?;
    Ok(regexp.replace_all(text, replacement).into())
}

/// The first letter of each word in upper case; the others stay, or become lower case.
pub(super) fn title(text: &str, lower_rest: bool) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut before, mut previous) = (' ', ' ');
    for c in text.chars() {
        let inside = is_word_letter(previous) || (joins_letters(previous) && is_word_letter(before));
        match c {
            c if !is_word_letter(c) => out.push(c),
            c if !inside => out.extend(c.to_uppercase()),
            c if lower_rest => out.extend(c.to_lowercase()),
            c => out.push(c),
        }
        (before, previous) = (previous, c);
    }
    out
}

fn is_word_letter(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Marks that do not part a word when letters stand on both sides (`don't`, `example.com`).
fn joins_letters(c: char) -> bool {
    matches!(c, '\'' | '’' | '.' | ':' | '·')
}

/// The host of `host:port`, or the text if it is not that.
pub(super) fn strip_port(text: &str) -> String {
    split_host_port(text).map_or(text, |(host, _)| host).to_owned()
}

/// The first label of a host name; the port stays, and addresses stay whole.
pub(super) fn strip_domain(text: &str) -> String {
    let (host, port) = split_host_port(text).unwrap_or((text, ""));
    if host.parse::<IpAddr>().is_ok() {
        return text.to_owned();
    }
    let host = host.split('.').next().unwrap_or(host);
    match port {
        "" => host.to_owned(),
        port if host.contains(':') => format!("[{host}]:{port}"),
        port => format!("{host}:{port}"),
    }
}

/// Go's `net.SplitHostPort`.
fn split_host_port(text: &str) -> Option<(&str, &str)> {
    let (head, port) = text.rsplit_once(':')?;
    let host = match head.strip_prefix('[') {
        Some(inner) => inner.strip_suffix(']')?,
        None if head.contains(':') => return None,
        None => head,
    };
    let stray = |part: &str| part.contains(['[', ']']);
    (!stray(host) && !stray(port)).then_some((host, port))
}

/// The console's page for an expression, with its graph (tab 0) or table (tab 1).
pub(super) fn expression_link(expression: &str, tab: u8) -> String {
    format!("/graph?g0.expr={}&g0.tab={tab}", url_query(expression))
}

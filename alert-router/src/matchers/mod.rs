//! Alertmanager's matcher language: `severity=~"warning|critical", team!=db`. Two grammars live side
//! by side: the classic one and the UTF-8 one; a text is read by both and the classic one wins where
//! they disagree, as in Alertmanager's default mode.

mod classic;
mod utf8;

use std::fmt::Write;

use engine_model::{MatchOp, Matcher};

/// Why a text is not a matcher or a list of matchers; worded as Alertmanager words it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct MatcherError(pub(crate) String);

/// Something that a reader of the text should know although it was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MatcherWarning {
    /// Only the classic grammar understands the text; here is how to write it for both.
    ClassicOnly {
        /// The same matchers in a form that both grammars read alike.
        suggestion: String,
    },
    /// Both grammars understand the text, but differently; the classic reading was taken.
    Disagreement,
}

/// Matchers that were read, with what is odd about their text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParsedMatchers {
    /// The matchers in the order of the text.
    pub matchers: Vec<Matcher>,
    /// Set when the two grammars do not agree.
    pub warning: Option<MatcherWarning>,
}

/// Reads zero or more matchers separated by commas, with optional braces around them.
pub fn parse_matchers(text: &str) -> Result<ParsedMatchers, MatcherError> {
    settle(utf8::parse(text), classic::parse_matchers(text))
}

/// Reads exactly one matcher, which must not be in braces.
pub fn parse_matcher(text: &str) -> Result<ParsedMatchers, MatcherError> {
    if text.starts_with('{') || text.ends_with('}') {
        return Err(MatcherError(format!("unexpected open or close brace: {text}")));
    }
    let utf8 = utf8::parse(text).and_then(|matchers| match matchers.len() {
        1 => Ok(matchers),
        0 => Err(MatcherError("no matchers".to_owned())),
        n => Err(MatcherError(format!("expected 1 matcher, found {n}"))),
    });
    settle(utf8, classic::parse_matcher(text).map(|m| vec![m]))
}

fn settle(
    utf8: Result<Vec<Matcher>, MatcherError>,
    classic: Result<Vec<Matcher>, MatcherError>,
) -> Result<ParsedMatchers, MatcherError> {
    let (matchers, warning) = match (utf8, classic) {
        (Err(_), Err(error)) => return Err(error),
        (Err(_), Ok(classic)) => {
            let suggestion = join(&classic);
            (classic, Some(MatcherWarning::ClassicOnly { suggestion }))
        }
        (Ok(utf8), Ok(classic)) if utf8 != classic => (classic, Some(MatcherWarning::Disagreement)),
        (Ok(utf8), _) => (utf8, None),
    };
    Ok(ParsedMatchers { matchers, warning })
}

/// Sorts by name, then value, then operator: the order in which a route's key lists them.
pub fn sort_matchers(matchers: &mut [Matcher]) {
    let rank = |op: MatchOp| match op {
        MatchOp::Equal => 0,
        MatchOp::NotEqual => 1,
        MatchOp::Regex => 2,
        MatchOp::NotRegex => 3,
    };
    matchers.sort_by(|a, b| {
        (a.name.as_str(), a.value.as_str(), rank(a.op)).cmp(&(b.name.as_str(), b.value.as_str(), rank(b.op)))
    });
}

/// `{name="value",…}`, the text by which route keys name a level of the tree.
pub fn format_matchers(matchers: &[Matcher]) -> String {
    format!("{{{}}}", join(matchers))
}

fn join(matchers: &[Matcher]) -> String {
    matchers.iter().map(format_matcher).collect::<Vec<_>>().join(",")
}

/// One matcher as Alertmanager prints it: the value always in quotes, the name only when it needs them.
pub fn format_matcher(matcher: &Matcher) -> String {
    let (name, op) = (&matcher.name, matcher.op.as_str());
    if name.contains(is_reserved) {
        return format!(
            "{}{op}{}",
            engine_model::labels::Quoted(name),
            engine_model::labels::Quoted(&matcher.value)
        );
    }
    let mut out = format!("{name}{op}\"");
    for c in matcher.value.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '"' => out.push_str("\\\""),
            c => out.write_char(c).expect("writing to a string cannot fail"),
        }
    }
    out.push('"');
    out
}

/// Characters that end an unquoted name or value.
fn is_reserved(c: char) -> bool {
    c.is_whitespace() || "{}!=~,\\\"'`".contains(c)
}

fn build(op: MatchOp, name: &str, value: &str) -> Result<Matcher, MatcherError> {
    Matcher::of_route(op, name, value).map_err(|error| MatcherError(error.to_string()))
}

#[cfg(test)]
mod tests;

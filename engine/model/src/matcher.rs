//! Label matchers: `=`, `!=`, `=~`, `!~`, with RE2 semantics (anchored at both ends, dot matches newline).

use std::fmt;

use regex::Regex;

use crate::labels::{Labels, Quoted, is_legacy_label_name};

/// How a matcher compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MatchOp {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `=~`
    Regex,
    /// `!~`
    NotRegex,
}

impl MatchOp {
    /// The operator as PromQL writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Regex => "=~",
            Self::NotRegex => "!~",
        }
    }
}

/// A regular expression that could not be compiled.
#[derive(Debug, Clone, thiserror::Error)]
#[error("invalid regular expression {pattern:?}")]
pub struct PatternError {
    /// The expression as it was written.
    pub pattern: String,
    #[source]
    source: Box<regex::Error>,
}

/// A fully anchored regular expression in which the dot matches newlines.
#[derive(Clone)]
pub struct Pattern {
    text: String,
    kind: PatternKind,
}

#[derive(Clone)]
enum PatternKind {
    /// Alternation of plain words such as `GET|POST`, sorted: no regex engine needed.
    Words(Vec<String>),
    Regex(Regex),
}

/// Compiled programs above this size are refused, so that a hostile expression cannot take the memory.
const PATTERN_BYTES_MAX: usize = 10 << 20;

impl Pattern {
    /// Compiles `text` anchored at both ends.
    pub fn new(text: &str) -> Result<Self, PatternError> {
        if let Some(words) = plain_words(text) {
            return Ok(Self {
                text: text.to_owned(),
                kind: PatternKind::Words(words),
            });
        }
        let regex = regex::RegexBuilder::new(&format!("^(?s:{text})$"))
            .size_limit(PATTERN_BYTES_MAX)
            .build()
            .map_err(|source| PatternError {
                pattern: text.to_owned(),
                source: Box::new(source),
            })?;
        Ok(Self {
            text: text.to_owned(),
            kind: PatternKind::Regex(regex),
        })
    }

    /// Whether the whole of `value` matches.
    #[inline]
    pub fn is_match(&self, value: &str) -> bool {
        match &self.kind {
            PatternKind::Words(words) => words.binary_search_by(|w| w.as_str().cmp(value)).is_ok(),
            PatternKind::Regex(regex) => regex.is_match(value),
        }
    }

    /// The words of an alternation of plain words: the only values that match.
    pub fn words(&self) -> Option<&[String]> {
        match &self.kind {
            PatternKind::Words(words) => Some(words),
            PatternKind::Regex(_) => None,
        }
    }

    /// Matches `value` and expands `$1` and `${name}` of `template`; `None` without a match.
    pub fn expand(&self, value: &str, template: &str) -> Option<String> {
        match &self.kind {
            PatternKind::Words(_) if !self.is_match(value) => None,
            PatternKind::Words(_) if !template.contains('$') => Some(template.to_owned()),
            PatternKind::Words(_) => {
                let regex = Regex::new(&format!("^(?s:{})$", self.text)).ok()?;
                expand_template(&regex, value, template)
            }
            PatternKind::Regex(regex) => expand_template(regex, value, template),
        }
    }

    /// The expression as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pattern({:?})", self.text)
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Pattern {}

fn expand_template(regex: &Regex, value: &str, template: &str) -> Option<String> {
    let captures = regex.captures(value)?;
    let mut out = String::new();
    captures.expand(template, &mut out);
    Some(out)
}

/// The words of `a|b|c` when no word has a character that means something to the regex engine.
fn plain_words(text: &str) -> Option<Vec<String>> {
    if text.contains(|c: char| "\\.+*?()[]{}^$".contains(c)) {
        return None;
    }
    let mut words: Vec<String> = text.split('|').map(str::to_owned).collect();
    words.sort_unstable();
    words.dedup();
    Some(words)
}

/// One condition on one label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matcher {
    /// Label that is looked at; a missing one reads as empty.
    pub name: String,
    /// How it is compared.
    pub op: MatchOp,
    /// What it is compared with.
    pub value: String,
    pattern: Option<Pattern>,
}

impl Matcher {
    /// Builds a matcher; regular expressions are compiled here.
    pub fn new(op: MatchOp, name: impl Into<String>, value: impl Into<String>) -> Result<Self, PatternError> {
        let value = value.into();
        let pattern = match op {
            MatchOp::Equal | MatchOp::NotEqual => None,
            MatchOp::Regex | MatchOp::NotRegex => Some(Pattern::new(&value)?),
        };
        Ok(Self {
            name: name.into(),
            op,
            value,
            pattern,
        })
    }

    /// `name="value"`, which cannot fail.
    pub fn equal(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            op: MatchOp::Equal,
            value: value.into(),
            pattern: None,
        }
    }

    /// Whether a label value satisfies the condition.
    #[inline]
    pub fn matches(&self, value: &str) -> bool {
        match (self.op, &self.pattern) {
            (MatchOp::Equal, _) => value == self.value,
            (MatchOp::NotEqual, _) => value != self.value,
            (MatchOp::Regex, pattern) => pattern.as_ref().is_some_and(|p| p.is_match(value)),
            (MatchOp::NotRegex, pattern) => !pattern.as_ref().is_some_and(|p| p.is_match(value)),
        }
    }

    /// Whether a series without the label satisfies the condition.
    pub fn matches_empty(&self) -> bool {
        self.matches("")
    }

    /// Whether a label set satisfies the condition.
    #[inline]
    pub fn matches_labels(&self, labels: &Labels) -> bool {
        self.matches(labels.value(&self.name))
    }

    /// The only values that can match, for `=` and for alternations of plain words.
    pub fn set_matches(&self) -> Option<Vec<&str>> {
        match self.op {
            MatchOp::Equal => Some(vec![self.value.as_str()]),
            MatchOp::Regex => Some(
                self.pattern
                    .as_ref()?
                    .words()?
                    .iter()
                    .map(String::as_str)
                    .collect(),
            ),
            MatchOp::NotEqual | MatchOp::NotRegex => None,
        }
    }
}

impl fmt::Display for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if is_legacy_label_name(&self.name) {
            f.write_str(&self.name)?;
        } else {
            write!(f, "{}", Quoted(&self.name))?;
        }
        write!(f, "{}{}", self.op.as_str(), Quoted(&self.value))
    }
}

/// Whether `labels` satisfy all of `matchers`.
pub fn all_match(matchers: &[Matcher], labels: &Labels) -> bool {
    matchers.iter().all(|m| m.matches_labels(labels))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators() {
        let cases = [
            (MatchOp::Equal, "a", "a", true),
            (MatchOp::Equal, "", "", true),
            (MatchOp::NotEqual, "a", "", true),
            (MatchOp::Regex, "a|b", "b", true),
            (MatchOp::Regex, "a|b", "ab", false),
            (MatchOp::Regex, "a|", "", true),
            (MatchOp::Regex, "a.*", "a\nb", true),
            (MatchOp::Regex, "b", "abc", false),
            (MatchOp::NotRegex, "a.+", "a", true),
            (MatchOp::NotRegex, ".*", "", false),
        ];
        for (op, pattern, value, expected) in cases {
            let matcher = Matcher::new(op, "l", pattern).unwrap();
            assert_eq!(matcher.matches(value), expected, "{matcher} on {value:?}");
        }
        assert!(Matcher::new(MatchOp::Regex, "l", "(").is_err());
    }

    #[test]
    fn words_are_the_only_values() {
        let matcher = Matcher::new(MatchOp::Regex, "l", "b|a|b").unwrap();
        assert_eq!(matcher.set_matches(), Some(vec!["a", "b"]));
        assert_eq!(
            Matcher::new(MatchOp::Regex, "l", "a.*").unwrap().set_matches(),
            None
        );
    }

    #[test]
    fn expansion() {
        let pattern = Pattern::new("(.*):(\\d+)").unwrap();
        assert_eq!(
            pattern.expand("host:9100", "$1-${2}").as_deref(),
            Some("host-9100")
        );
        assert_eq!(pattern.expand("host", "$1"), None);
        assert_eq!(
            Pattern::new("a|b").unwrap().expand("a", "x$0").as_deref(),
            Some("xa")
        );
    }
}

//! Label matchers: `=`, `!=`, `=~`, `!~`; regular expressions are Go's, anchored at both ends.

use std::fmt;
use std::sync::LazyLock;

use crate::labels::{Labels, Quoted, is_legacy_label_name};
use crate::regexp::{Regexp, SyntaxError, refusal_of_bytes};

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

/// A fully anchored regular expression.
#[derive(Clone)]
pub struct Pattern {
    text: String,
    kind: PatternKind,
}

#[derive(Clone)]
enum PatternKind {
    /// Alternation of plain words such as `GET|POST`, sorted: no regex engine needed.
    Words(Vec<String>),
    Regex(Regexp),
}

/// What an alternation of words finds: the whole text.
static WHOLE: LazyLock<Regexp> = LazyLock::new(|| Regexp::whole(".*").expect("the pattern is a constant"));

impl Pattern {
    /// The expression of a selector: it stands alone, and its dot matches newlines.
    pub fn new(text: &str) -> Result<Self, SyntaxError> {
        Self::compile(text, Regexp::whole)
    }

    /// The expression of a relabelling rule or of `label_replace()`: Prometheus puts it between `^(?s:` and `)$`
    /// before it reads it, so errors show these too, and `a)(b` has a meaning.
    pub fn of_rule(text: &str) -> Result<Self, SyntaxError> {
        Self::compile(text, |text| Regexp::new(&format!("^(?s:{text})$")))
    }

    /// The expression of an Alertmanager's matcher, which is read between `^(?:` and `)$`: its dot matches no newline.
    pub fn of_route(text: &str) -> Result<Self, SyntaxError> {
        Self::compile(text, |text| Regexp::new(&format!("^(?:{text})$")))
    }

    fn compile(
        text: &str,
        regexp: impl FnOnce(&str) -> Result<Regexp, SyntaxError>,
    ) -> Result<Self, SyntaxError> {
        let kind = match plain_words(text) {
            Some(words) => PatternKind::Words(words),
            None => PatternKind::Regex(regexp(text)?),
        };
        Ok(Self {
            text: text.to_owned(),
            kind,
        })
    }

    /// Why `bytes`, which escapes may have made something else than UTF-8, are no expression of a selector. `None` for
    /// UTF-8, and for plain words: nobody reads these as an expression.
    pub fn refusal_of_bytes(bytes: &[u8]) -> Option<SyntaxError> {
        if str::from_utf8(bytes).is_ok() || !bytes.iter().any(|b| META.contains(char::from(*b))) {
            return None;
        }
        refusal_of_bytes(bytes)
    }

    /// Whether the whole of `value` matches.
    #[inline]
    pub fn is_match(&self, value: &str) -> bool {
        match &self.kind {
            PatternKind::Words(words) => words.binary_search_by(|w| w.as_str().cmp(value)).is_ok(),
            PatternKind::Regex(regexp) => regexp.is_match(value),
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
            PatternKind::Words(_) => WHOLE.expand(value, template),
            PatternKind::Regex(regexp) => regexp.expand(value, template),
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

/// Characters that mean something in an expression, but for the bar.
const META: &str = "\\.+*?()[]{}^$";

/// The words of `a|b|c` when no word has a character that means something to the regex engine.
fn plain_words(text: &str) -> Option<Vec<String>> {
    if text.contains(|c: char| META.contains(c)) {
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
    /// Builds a matcher of a selector; regular expressions are compiled here.
    pub fn new(op: MatchOp, name: impl Into<String>, value: impl Into<String>) -> Result<Self, SyntaxError> {
        Self::compile(op, name, value, Pattern::new)
    }

    /// Builds a matcher of the alert router, whose regular expressions are Alertmanager's ([`Pattern::of_route`]).
    pub fn of_route(
        op: MatchOp,
        name: impl Into<String>,
        value: impl Into<String>,
    ) -> Result<Self, SyntaxError> {
        Self::compile(op, name, value, Pattern::of_route)
    }

    fn compile(
        op: MatchOp,
        name: impl Into<String>,
        value: impl Into<String>,
        pattern: impl FnOnce(&str) -> Result<Pattern, SyntaxError>,
    ) -> Result<Self, SyntaxError> {
        let value = value.into();
        let pattern = match op {
            MatchOp::Equal | MatchOp::NotEqual => None,
            MatchOp::Regex | MatchOp::NotRegex => Some(pattern(&value)?),
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
    fn what_stands_around_an_expression() {
        let refused = |pattern: Result<Pattern, SyntaxError>| pattern.unwrap_err().to_string();
        assert_eq!(
            refused(Pattern::new("a)(b")),
            "error parsing regexp: unexpected ): `a)(b`"
        );
        assert!(Pattern::of_rule("a)(b").unwrap().is_match("ab"));
        let unclosed = "error parsing regexp: missing closing ): ";
        assert_eq!(refused(Pattern::of_rule("(")), format!("{unclosed}`^(?s:()$`"));
        assert_eq!(refused(Pattern::of_route("(")), format!("{unclosed}`^(?:()$`"));
        assert!(Pattern::of_rule("a.").unwrap().is_match("a\n"));
        assert!(!Pattern::of_route("a.").unwrap().is_match("a\n"));
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
        let pattern = Pattern::of_rule("(.*):(\\d+)").unwrap();
        assert_eq!(
            pattern.expand("host:9100", "$1-${2}").as_deref(),
            Some("host-9100")
        );
        assert_eq!(pattern.expand("host", "$1"), None);
        assert_eq!(
            Pattern::of_rule("a|b").unwrap().expand("a", "x$0$1").as_deref(),
            Some("xa")
        );
    }
}

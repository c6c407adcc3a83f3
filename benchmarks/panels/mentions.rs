//! The metrics that expressions name, so that only these are pushed; found without parsing, as what looks like a name.

use std::collections::BTreeMap;

/// The names in some expressions.
#[derive(Debug, Default)]
pub(super) struct Mentions {
    /// For each name whether a range of it is asked somewhere.
    names: BTreeMap<String, bool>,
    /// Whether an expression names metrics in another way, so that any may be meant.
    any: bool,
}

impl Mentions {
    /// Adds the names in one expression; names of functions and labels are among them, which hurts nobody.
    pub(super) fn add(&mut self, expression: &str) {
        self.any |= expression.contains("__name__") || expression.contains("{\"");
        let mut rest = expression;
        while let Some(first) = rest.chars().next() {
            let length = name_length(rest);
            if length > 0 {
                let (name, after) = rest.split_at(length);
                let ranged = after_selector(after).starts_with('[');
                *self.names.entry(name.to_owned()).or_default() |= ranged;
                rest = after;
            } else if matches!(first, '"' | '\'' | '`') {
                rest = after_string(rest, first);
            } else {
                rest = &rest[first.len_utf8()..];
            }
        }
    }

    /// Whether a metric is named, and if so whether a range of it is asked.
    pub(super) fn of(&self, metric: &str) -> Option<bool> {
        self.names.get(metric).copied().or(self.any.then_some(false))
    }
}

fn name_length(text: &str) -> usize {
    if text.starts_with(|first: char| first.is_ascii_digit()) {
        return 0;
    }
    text.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_' && letter != ':')
        .unwrap_or(text.len())
}

/// What follows a name's matchers in braces, if it has any, and blanks.
fn after_selector(text: &str) -> &str {
    let text = text.trim_start();
    let Some(mut rest) = text.strip_prefix('{') else {
        return text;
    };
    while let Some(letter) = rest.chars().next() {
        match letter {
            '}' => return rest[1..].trim_start(),
            '"' | '\'' | '`' => rest = after_string(rest, letter),
            _ => rest = &rest[letter.len_utf8()..],
        }
    }
    rest
}

/// What follows the string that a text begins with.
fn after_string(text: &str, quote: char) -> &str {
    let mut escaped = false;
    for (at, letter) in text.char_indices().skip(1) {
        if letter == quote && !escaped {
            return &text[at + 1..];
        }
        escaped = letter == '\\' && !escaped && quote != '`';
    }
    ""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_and_whether_they_have_a_range() {
        let mut mentions = Mentions::default();
        mentions.add(r#"sum(rate(a_total{x=~"b}\"c|d"} [$__rate_interval])) / on(instance) e{y='f'} > 0x1f"#);
        mentions.add("g:h{ü=`i\\`}-a_total");
        let found = ["a_total", "e", "g:h"].map(|name| mentions.of(name));
        assert_eq!(found, [Some(true), Some(false), Some(false)]);
        assert_eq!(
            ["b", "c", "f", "i", "total"].map(|name| mentions.of(name)),
            [None; 5]
        );
        mentions.add(r#"{__name__=~"node_.*"}"#);
        assert_eq!(mentions.of("node_load1"), Some(false));
    }
}

//! Variables in a text, as Grafana writes and replaces them: `$name`, `${name}`, `${name:format}`, `[[name]]`.

use anyhow::{Result, bail};

/// A variable's chosen values, and how a query takes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Chosen {
    /// The values.
    pub(super) values: Vec<String>,
    /// How they are written into a query when the text asks for no format.
    pub(super) quoting: Quoting,
}

/// How values are written into a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quoting {
    /// As they are: built-in variables, and what stands for all values.
    Verbatim,
    /// As text of a quoted string.
    Text,
    /// As a regular expression that matches each of them, within a quoted string.
    Pattern,
}

impl Chosen {
    /// A value that stays as it is.
    pub(super) fn verbatim(value: impl Into<String>) -> Self {
        Self {
            values: vec![value.into()],
            quoting: Quoting::Verbatim,
        }
    }

    fn write(&self, format: &str) -> Result<String> {
        Ok(match (format, self.quoting) {
            ("", Quoting::Text) => text(&self.values.join(",")),
            ("" | "regex", Quoting::Pattern | Quoting::Text) => {
                let each: Vec<_> = self.values.iter().map(|value| pattern(value)).collect();
                match each.as_slice() {
                    [one] => one.clone(),
                    several => format!("({})", several.join("|")),
                }
            }
            ("pipe", _) => self.values.join("|"),
            ("" | "raw" | "csv" | "regex", _) => self.values.join(","),
            (other, _) => bail!("the format {other:?} of a variable is not known here"),
        })
    }
}

/// What a quoted string needs escaped.
fn text(value: &str) -> String {
    value.replace('\\', r"\\").replace('\'', r"\'")
}

/// A regular expression for exactly this value, within a quoted string: each backslash of it is written twice.
fn pattern(value: &str) -> String {
    let mut written = String::with_capacity(value.len());
    for letter in value.chars() {
        match letter {
            '\\' => written.push_str(r"\\\\"),
            '$' | '^' | '*' | '{' | '}' | '[' | ']' | '\'' | '+' | '?' | '.' | '(' | ')' | '|' => {
                written.push_str(r"\\");
                written.push(letter);
            }
            _ => written.push(letter),
        }
    }
    written
}

/// The text with its variables replaced. `find` tells a variable's values by its name; where it knows none, the text
/// stays as it is.
///
/// # Errors
/// Those of `find`; when a format is not known.
pub(super) fn replace(text: &str, find: &mut dyn FnMut(&str) -> Result<Option<Chosen>>) -> Result<String> {
    let (mut done, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = rest.find(['$', '[']) {
        done.push_str(&rest[..at]);
        rest = &rest[at..];
        let Some((name, format, length)) = variable(rest) else {
            done.push_str(&rest[..1]);
            rest = &rest[1..];
            continue;
        };
        match find(name)? {
            Some(chosen) => done.push_str(&chosen.write(format)?),
            None => done.push_str(&rest[..length]),
        }
        rest = &rest[length..];
    }
    done.push_str(rest);
    Ok(done)
}

/// The variable that a text begins with: its name, its format, the bytes that it takes.
fn variable(text: &str) -> Option<(&str, &str, usize)> {
    for (open, close) in [("${", "}"), ("[[", "]]")] {
        if let Some(within) = text.strip_prefix(open) {
            let end = within.find(close)?;
            let (name, format) = within[..end].split_once(':').unwrap_or((&within[..end], ""));
            let length = open.len() + end + close.len();
            return (!name.is_empty() && name_length(name) == name.len()).then_some((name, format, length));
        }
    }
    let name = text.strip_prefix('$')?;
    let length = name_length(name);
    (length > 0).then(|| (&name[..length], "", 1 + length))
}

/// Bytes of the name that a text begins with; 0 where it begins with none, as `$1` of a replacement.
fn name_length(text: &str) -> usize {
    if text.starts_with(|first: char| first.is_ascii_digit()) {
        return 0;
    }
    text.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')
        .unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replaced(text: &str) -> Result<String> {
        replace(text, &mut |name| {
            let (values, quoting) = match name {
                "job" => (vec!["a.b"], Quoting::Text),
                "one" => (vec!["a.b"], Quoting::Pattern),
                "two" => (vec!["a.b", r"c\d"], Quoting::Pattern),
                "all" => (vec![".*"], Quoting::Verbatim),
                _ => return Ok(None),
            };
            let values = values.into_iter().map(str::to_owned).collect();
            Ok(Some(Chosen { values, quoting }))
        })
    }

    #[test]
    fn every_way_to_write_a_variable_is_replaced() {
        let cases = [
            (r#"up{job="$job"}"#, r#"up{job="a.b"}"#),
            (r#"up{job=~"$one"}"#, r#"up{job=~"a\\.b"}"#),
            (r#"up{job=~"${two}x"}"#, r#"up{job=~"(a\\.b|c\\\\d)x"}"#),
            (r#"up{job=~"[[all]]"}"#, r#"up{job=~".*"}"#),
            (
                "${two:pipe} ${two:csv} [[job:regex]] ${all:regex}",
                r"a.b|c\d a.b,c\d a\\.b .*",
            ),
            ("$jobs ${job $", "$jobs ${job $"),
            (r#"x{a=~"[[:alpha:]]b$"}[5m]"#, r#"x{a=~"[[:alpha:]]b$"}[5m]"#),
            (
                r#"label_replace(x, "a", "$1", "b", "(.*)")"#,
                r#"label_replace(x, "a", "$1", "b", "(.*)")"#,
            ),
            ("ü$job→", "üa.b→"),
        ];
        for (text, expected) in cases {
            assert_eq!(replaced(text).unwrap(), expected, "{text}");
        }
        assert!(replaced("${job:percentencode}").is_err());
    }
}

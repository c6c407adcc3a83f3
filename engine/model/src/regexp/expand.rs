//! Templates for what a regular expression found: `$1`, `${name}`, `$$`, as Go's `regexp` expands them.

use std::sync::LazyLock;

use regex::{Captures, Regex};

/// Letters and digits of any script and the underscore.
static NAME: LazyLock<Regex> =
    LazyLock::new(|| Regex::new("^[\\p{L}\\p{Nd}_]+").expect("the pattern is a constant"));

/// Appends `template` with its references replaced; what is no reference stays as it is, and what refers to no
/// group, or to one that took no part, is empty. A name goes as far as letters, digits and underscores go: `$1x` is
/// the group `1x`.
pub(super) fn expand(template: &str, captures: &Captures<'_>, names: &[Option<String>], out: &mut String) {
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        rest = after;
        if let Some(after) = rest.strip_prefix('$') {
            out.push('$');
            rest = after;
            continue;
        }
        let Some((name, after)) = reference(rest) else {
            out.push('$');
            continue;
        };
        rest = after;
        let found = match number(name) {
            Some(number) => captures.get(number),
            None => named(name, captures, names),
        };
        out.push_str(found.map_or("", |found| found.as_str()));
    }
    out.push_str(rest);
}

/// The name at the beginning of `text`, in braces or not, and what follows it.
fn reference(text: &str) -> Option<(&str, &str)> {
    let inner = text.strip_prefix('{');
    let from = inner.unwrap_or(text);
    let (name, rest) = from.split_at(NAME.find(from)?.end());
    match inner {
        Some(_) => Some((name, rest.strip_prefix('}')?)),
        None => Some((name, rest)),
    }
}

/// The number of a group; with a leading zero it is a name.
fn number(name: &str) -> Option<usize> {
    match name.len() > 1 && name.starts_with('0') {
        true => None,
        false if name.bytes().all(|b| b.is_ascii_digit()) => name.parse().ok(),
        false => None,
    }
}

/// The first group of that name that took part.
fn named<'t>(name: &str, captures: &Captures<'t>, names: &[Option<String>]) -> Option<regex::Match<'t>> {
    names
        .iter()
        .enumerate()
        .filter(|(_, group)| group.as_deref() == Some(name))
        .find_map(|(i, _)| captures.get(i + 1))
}

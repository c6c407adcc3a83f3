//! What is over a limit today: `debts.txt`, a ratchet. A listed debt may only shrink, and goes when it is paid.

use std::collections::BTreeMap;

const LIST: &str = "web/server/tests/tidy/debts.txt";

/// Compares what was measured with a limit and the listed debts of this kind; the text says what to do.
///
/// # Panics
/// When something is over the limit and not listed, has grown, has shrunk or is paid.
pub(crate) fn hold(kind: &str, limit: usize, measured: &BTreeMap<String, usize>) {
    let list = crate::tree::read(LIST);
    let mut listed: BTreeMap<&str, usize> = BTreeMap::new();
    for line in list
        .lines()
        .filter(|line| !line.starts_with('#') && !line.trim().is_empty())
    {
        let (line_kind, size, place) = parse(line);
        if line_kind == kind {
            assert!(listed.insert(place, size).is_none(), "{LIST} lists {place} twice");
        }
    }
    let mut complaints = Vec::new();
    for (place, &size) in measured {
        match listed.remove(place.as_str()) {
            Some(_) if size <= limit => complaints.push(format!(
                "{place} is paid ({size} ≤ {limit}): take it off the list"
            )),
            Some(debt) if size > debt => complaints.push(format!(
                "{place} grew from {debt} to {size} lines: make it smaller"
            )),
            Some(debt) if size < debt => complaints.push(format!(
                "{place} shrank from {debt} to {size}: write that into the list"
            )),
            None if size > limit => complaints.push(format!(
                "{place} has {size} lines, {limit} are allowed: make it smaller"
            )),
            _ => {}
        }
    }
    complaints.extend(
        listed
            .keys()
            .map(|place| format!("{place} is gone: take it off the list")),
    );
    assert!(
        complaints.is_empty(),
        "{kind} ({LIST}):\n  {}",
        complaints.join("\n  ")
    );
}

/// `kind size place`, as `function 93 engine/model/src/labels.rs::parse`.
fn parse(line: &str) -> (&str, usize, &str) {
    let mut parts = line.splitn(3, ' ');
    let parsed = (|| Some((parts.next()?, parts.next()?.parse().ok()?, parts.next()?)))();
    parsed.unwrap_or_else(|| panic!("{LIST}: `{line}` is not `kind size place`"))
}

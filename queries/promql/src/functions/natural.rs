//! Natural order of texts: runs of digits compare as numbers (`a2` before `a10`), all else as text.

use std::cmp::Ordering;

/// Compares two texts. Numbers of equal value but different zeros are told apart as texts, so that only
/// equal texts are equal.
pub fn compare(a: &str, b: &str) -> Ordering {
    let (mut rest_a, mut rest_b) = (a, b);
    while !rest_a.is_empty() && !rest_b.is_empty() {
        let (chunk_a, after_a) = next_chunk(rest_a);
        let (chunk_b, after_b) = next_chunk(rest_b);
        let order = match (number(chunk_a), number(chunk_b)) {
            (Some(a), Some(b)) => a.len().cmp(&b.len()).then_with(|| a.cmp(b)),
            _ => chunk_a.cmp(chunk_b),
        };
        if order != Ordering::Equal {
            return order;
        }
        (rest_a, rest_b) = (after_a, after_b);
    }
    rest_a.len().cmp(&rest_b.len()).then_with(|| a.cmp(b))
}

/// The first run of digits, or of anything else, and what follows it.
fn next_chunk(text: &str) -> (&str, &str) {
    let digits = text.starts_with(|c: char| c.is_ascii_digit());
    let end = text
        .find(|c: char| c.is_ascii_digit() != digits)
        .unwrap_or(text.len());
    text.split_at(end)
}

/// The digits that count of a number.
fn number(chunk: &str) -> Option<&str> {
    chunk
        .starts_with(|c: char| c.is_ascii_digit())
        .then(|| chunk.trim_start_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_texts() {
        for (a, b) in [
            ("a2", "a10"),
            ("2", "10"),
            ("", "a"),
            ("a", "a1"),
            ("a1b2", "a1b10"),
            ("01", "1"),
            ("1", "a"),
            ("9", "99999999999999999999999"),
        ] {
            assert_eq!(compare(a, b), Ordering::Less, "{a} {b}");
            assert_eq!(compare(b, a), Ordering::Greater, "{b} {a}");
        }
        assert_eq!(compare("a1", "a1"), Ordering::Equal);
    }
}

//! What Go says about patterns (`go_table/main.go` wrote it down), and what this module says.

use super::{Fault, Regexp, refusal_of_bytes};

/// The table: texts first, then a pattern a line.
const TABLE: &str = include_str!("go_table/table.txt");

fn decoded(field: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = field.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        match first {
            b'%' => {
                let digits = str::from_utf8(&rest[..2]).unwrap();
                out.push(u8::from_str_radix(digits, 16).unwrap());
                rest = &rest[2..];
            }
            other => out.push(*other),
        }
    }
    out
}

fn text(field: &str) -> String {
    String::from_utf8(decoded(field)).unwrap()
}

/// What the table has, as this module has it: the error, or what is found in each text and which match as a whole.
fn said(pattern: &[u8], texts: &[String]) -> String {
    let Ok(pattern) = str::from_utf8(pattern) else {
        return refusal_of_bytes(pattern).map_or(String::new(), |error| error.to_string());
    };
    let (anywhere, whole) = match (Regexp::new(pattern), Regexp::whole(pattern)) {
        (Ok(anywhere), Ok(whole)) => (anywhere, whole),
        (Err(error), Err(other)) => {
            assert_eq!(error, other, "{pattern}");
            return error.to_string();
        }
        (one, other) => panic!("{pattern}: {one:?}, {other:?}"),
    };
    let found = texts.iter().map(|text| {
        let found = anywhere.expand(text, "<$0,$1,$2,${n}>");
        found.unwrap_or_else(|| "!".to_owned())
    });
    let mut out: String = found.map(|found| found + "\t").collect();
    out.extend(
        texts
            .iter()
            .map(|text| if whole.is_match(text) { '1' } else { '0' }),
    );
    out
}

#[test]
fn patterns_are_read_as_go_reads_them() {
    let mut lines = TABLE.lines();
    let texts: Vec<String> = lines.next().unwrap().split('\t').map(text).collect();
    let (mut accepted, mut refused, mut different) = (0, 0, Vec::new());
    for line in lines {
        let (pattern, rest) = line.split_once('\t').unwrap();
        // An error is alone on its line, and in what was found the first field is empty.
        let expected = match rest.strip_prefix('\t') {
            Some(found) => found.split('\t').map(text).collect::<Vec<_>>().join("\t"),
            None => String::from_utf8_lossy(&decoded(rest)).into_owned(),
        };
        match rest.starts_with('\t') {
            true => accepted += 1,
            false => refused += 1,
        }
        let said = said(&decoded(pattern), &texts);
        if said != expected {
            different.push(format!("{pattern}\n  Go:   {expected:?}\n  Weir: {said:?}"));
        }
    }
    assert!(
        different.is_empty(),
        "{} of {accepted} accepted and {refused} refused differ:\n{}",
        different.len(),
        different[..different.len().min(40)].join("\n")
    );
    assert!(accepted > 250 && refused > 450, "{accepted} and {refused}");
}

#[test]
fn what_is_too_large_is_refused_as_such() {
    for large in ["a{1000}".repeat(3400), "\\pL{1000}".repeat(10)] {
        let error = Regexp::new(&large).unwrap_err();
        assert_eq!((error.fault, error.fragment), (Fault::Large, large));
    }
}

#[test]
fn templates_are_expanded_as_go_expands_them() {
    let regexp = Regexp::new("(?P<x>a)|(?P<x>b)(?P<2y>c)?").unwrap();
    for (template, from_a, from_bc) in [
        ("$0 $1 $2 $3", "a a  ", "bc  b c"),
        ("$x ${x}", "a a", "b b"),
        ("$2y|${2y}|$2|${2}y", "|||y", "c|c|b|by"),
        ("$1x $xé $01 ${01} $99", "    ", "    "),
        (
            "$$x $ $- ${ ${} ${x ${x-}$",
            "$x $ $- ${ ${} ${x ${x-}$",
            "$x $ $- ${ ${} ${x ${x-}$",
        ),
    ] {
        assert_eq!(
            regexp.expand("a", template).as_deref(),
            Some(from_a),
            "{template}"
        );
        assert_eq!(
            regexp.expand("bc", template).as_deref(),
            Some(from_bc),
            "{template}"
        );
    }
    assert_eq!(regexp.replace_all("abcd", "<$x>"), "<a><b>d");
}

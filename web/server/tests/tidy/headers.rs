//! Every module says in its first lines what it is for.

use crate::debts;
use crate::tree::rust_files;

/// Longer prose belongs into an area's README, a FORMAT.md or a decision record.
const HEADER_LINES_MAX: usize = 6;

#[test]
fn every_module_has_a_header() {
    let missing: Vec<String> = rust_files()
        .into_iter()
        .filter(|file| !file.text.starts_with("//! "))
        .map(|file| file.path)
        .collect();
    assert!(
        missing.is_empty(),
        "begin with `//! ` and say what the module is for:\n  {}",
        missing.join("\n  ")
    );
}

#[test]
fn headers_are_short() {
    let measured = rust_files().into_iter().map(|file| {
        let lines = file
            .text
            .lines()
            .take_while(|line| line.starts_with("//!"))
            .count();
        (file.path, lines)
    });
    debts::hold("header", HEADER_LINES_MAX, &measured.collect());
}

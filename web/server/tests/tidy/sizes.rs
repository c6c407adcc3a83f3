//! Files and functions stay small enough to hold one idea.

use std::collections::BTreeMap;

use crate::debts;
use crate::tree::rust_files;

/// Lines of a file, all of them.
const FILE_LINES_MAX: usize = 500;
/// Lines of code in a function, without blank lines, comments and the rows of tables.
const FUNCTION_LINES_MAX: usize = 70;
/// Lines of a `mod tests` inside the file that it tests; a larger one has its own `tests.rs`.
const INLINE_TEST_LINES_MAX: usize = 150;

#[test]
fn files_are_short() {
    let measured = rust_files()
        .into_iter()
        .map(|file| (file.path, file.text.lines().count()));
    debts::hold("file", FILE_LINES_MAX, &measured.collect());
}

#[test]
fn functions_are_short() {
    let mut measured: BTreeMap<String, usize> = BTreeMap::new();
    for file in rust_files() {
        for function in file.functions() {
            let largest = measured
                .entry(format!("{}::{}", file.path, function.name))
                .or_default();
            *largest = function.lines.max(*largest);
        }
    }
    assert!(
        measured.len() > 500,
        "only {} functions were found",
        measured.len()
    );
    debts::hold("function", FUNCTION_LINES_MAX, &measured);
}

#[test]
fn large_test_modules_have_their_own_file() {
    let measured = rust_files()
        .into_iter()
        .map(|file| (file.path.clone(), file.inline_test_lines()));
    debts::hold("tests", INLINE_TEST_LINES_MAX, &measured.collect());
}

//! Names say the idea: no attics, no glob re-exports, nothing left half-done.

use crate::source::{Source, words};
use crate::tree::{files, rust_files};

/// Names under which anything could be filed.
const ATTICS: &[&str] = &[
    "util", "utils", "helper", "helpers", "common", "misc", "core", "imp", "shared", "stuff",
];
/// Macros that mark unfinished work or leave traces of a search for a bug.
const UNFINISHED: &[&str] = &["dbg", "todo", "unimplemented"];

#[test]
fn no_module_is_an_attic() {
    for file in rust_files() {
        let parts = file.path.trim_end_matches(".rs").split('/');
        let attic = parts.clone().find(|part| ATTICS.contains(part));
        assert!(
            attic.is_none(),
            "{}: name it by what it does, or give its parts to their owners",
            file.path
        );
    }
}

#[test]
fn a_folder_module_is_its_mod_rs() {
    let files = files();
    for file in files.iter().filter_map(|path| path.strip_suffix(".rs")) {
        let inside = format!("{file}/");
        let is_twin = files
            .iter()
            .any(|path| path.starts_with(&inside) && path.ends_with(".rs"));
        assert!(
            !is_twin,
            "{file}.rs stands beside its folder: move it to {file}/mod.rs"
        );
    }
}

#[test]
fn nothing_is_left_half_done() {
    let mut complaints = Vec::new();
    for file in rust_files() {
        for (at, word) in words(&file.code).filter(|(_, word)| UNFINISHED.contains(word)) {
            if file.code[at + word.len()..].starts_with('!') {
                complaints.push(format!("{}: {word}!", place(&file, at)));
            }
        }
        // Spelt in two halves, so that this file does not find itself.
        for mark in [concat!("FIX", "ME"), concat!("XX", "X"), concat!("TO", "DO")] {
            let marks = words(&file.comments).filter(|(_, word)| *word == mark);
            complaints.extend(marks.map(|(at, _)| format!("{}: {mark}", place(&file, at))));
        }
        if let Some(at) = file.code.find("#[ignore]") {
            complaints.push(format!(
                "{}: an ignored test gives its reason: #[ignore = \"…\"]",
                place(&file, at)
            ));
        }
    }
    assert!(
        complaints.is_empty(),
        "do it, or delete it:\n  {}",
        complaints.join("\n  ")
    );
}

#[test]
fn nothing_is_re_exported_by_glob() {
    let mut complaints = Vec::new();
    for file in rust_files() {
        for (at, _) in words(&file.code).filter(|(_, word)| *word == "pub") {
            let statement = file.code[at..].split([';', '{']).next().unwrap_or_default();
            let statement = statement.split_whitespace().collect::<Vec<_>>().join(" ");
            if statement.contains(" use ") && statement.ends_with("::*") {
                complaints.push(format!("{}: {statement}", place(&file, at)));
            }
        }
    }
    assert!(
        complaints.is_empty(),
        "name what is re-exported:\n  {}",
        complaints.join("\n  ")
    );
}

/// Only lines that cannot be prose: a declaration, an import or an attribute behind `//`.
#[test]
fn no_code_is_commented_out() {
    let mut complaints = Vec::new();
    for file in rust_files() {
        for (number, line) in file.comments.lines().enumerate() {
            let Some(text) = line.trim_start().strip_prefix("// ") else {
                continue;
            };
            let is_statement = text.ends_with(';') && text.contains(" = ") && text.starts_with("let ");
            let is_item = ["pub fn ", "fn ", "pub struct ", "pub mod ", "impl "]
                .iter()
                .any(|start| text.starts_with(start))
                && text.ends_with(['{', ';', '}']);
            let is_import = text.starts_with("use ") && text.contains("::") && text.ends_with(';');
            if is_statement || is_item || is_import || text.starts_with("#[") {
                complaints.push(format!("{}:{}: {text}", file.path, number + 1));
            }
        }
    }
    assert!(
        complaints.is_empty(),
        "delete it, git remembers:\n  {}",
        complaints.join("\n  ")
    );
}

fn place(file: &Source, at: usize) -> String {
    format!("{}:{}", file.path, file.code[..at].matches('\n').count() + 1)
}

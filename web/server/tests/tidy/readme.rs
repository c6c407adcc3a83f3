//! The map is the territory: README names every crate, and every path and test that it names exists.

use crate::source::Source;
use crate::tree::{TOP_LEVEL, read};
use crate::workspace::{members, root};

/// What is built, and so is absent from a fresh clone.
const BUILT: &[&str] = &["target/"];

#[test]
fn every_crate_is_on_the_map() {
    let readme = read("README.md");
    for member in members() {
        let entry = format!("`{}`", member.folder);
        assert!(readme.contains(&entry), "README's code map lacks {entry}");
    }
}

#[test]
fn every_path_exists() {
    let readme = read("README.md");
    let mut paths = 0;
    for quoted in code_spans(&readme) {
        let (path, test) = quoted.split_once("::").unwrap_or((quoted, ""));
        let top = path.split('/').next().unwrap_or_default();
        let is_path =
            !path.contains(char::is_whitespace) && (TOP_LEVEL.contains(&top) || top.starts_with(".ci"));
        if !is_path || BUILT.iter().any(|built| path.starts_with(built)) {
            continue;
        }
        paths += 1;
        assert!(
            root().join(path).exists(),
            "README names {path}, which does not exist"
        );
        if !test.is_empty() {
            assert!(
                names_test(path, test),
                "README names {quoted}; there is no such test"
            );
        }
    }
    assert!(
        paths >= members().len(),
        "only {paths} paths were found in README"
    );
}

/// A test function of that name, or a system test registered under it as text.
fn names_test(path: &str, test: &str) -> bool {
    let source = Source::new(read(path), path.to_owned());
    source.functions().iter().any(|function| function.name == test)
        || source.text.contains(&format!("\"{test}\""))
}

/// What stands between single backticks; fenced blocks are left out.
fn code_spans(markdown: &str) -> impl Iterator<Item = &str> {
    let prose = markdown.split("```").step_by(2);
    prose.flat_map(|part| part.split('`').skip(1).step_by(2))
}

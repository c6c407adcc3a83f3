//! The files of the checkout that are ours: everything but what is built, fetched or stored.

use std::fs;
use std::path::Path;

use crate::source::Source;
use crate::workspace::root;

/// Folders and files that git ignores as well, and git's own.
const NOT_OURS: &[&str] = &[".git", "target", "weir-data", "node_modules", "dist"];

/// The checkout's visible top level, whole.
pub(crate) const TOP_LEVEL: &[&str] = &[
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "Makefile",
    "README.md",
    "alert-router",
    "benchmarks",
    "connectors",
    "engine",
    "queries",
    "web",
];

/// Paths below the root of all our files, sorted, with `/` between folders.
pub(crate) fn files() -> Vec<String> {
    let mut found = Vec::new();
    walk(root(), "", &mut found);
    found.sort();
    found
}

/// Every Rust file of ours.
pub(crate) fn rust_files() -> Vec<Source> {
    let paths = files().into_iter().filter(|path| path.ends_with(".rs"));
    paths.map(|path| Source::new(read(&path), path)).collect()
}

/// The text of one of our files; what is not UTF-8 is replaced.
pub(crate) fn read(path: &str) -> String {
    let bytes = fs::read(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    String::from_utf8_lossy(&bytes).into_owned()
}

fn walk(folder: &Path, prefix: &str, found: &mut Vec<String>) {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for entry in entries {
        let entry = entry.expect("a folder of ours can be listed");
        let name = entry.file_name().into_string().expect("our names are UTF-8");
        if NOT_OURS.contains(&name.as_str()) {
            continue;
        }
        let path = format!("{prefix}{name}");
        let kind = entry.file_type().expect("an entry has a type");
        if kind.is_dir() {
            walk(&entry.path(), &format!("{path}/"), found);
        } else if kind.is_file() {
            found.push(path);
        }
    }
}

#[test]
fn the_top_level_shows_only_the_agreed_entries() {
    for entry in fs::read_dir(root()).expect("the root can be listed") {
        let name = entry
            .expect("the root can be listed")
            .file_name()
            .into_string()
            .expect("UTF-8");
        let known = name.starts_with('.') || NOT_OURS.contains(&&*name) || TOP_LEVEL.contains(&&*name);
        assert!(
            known,
            "{name} does not belong at the top level: give it to its area, or a dot name"
        );
    }
}

//! The repository speaks of itself alone: no path of a machine it was written on, no package host beyond the lock
//! file's own registry line.

use crate::tree::{files, read};

/// What must stand nowhere. Spelt in two halves, so that this file does not find itself.
const FOREIGN: &[&str] = &[
    concat!("/wo", "rk/"),
    concat!("/tmp/we", "ir/"),
    concat!("/ro", "ot/"),
    concat!("static.cra", "tes.io"),
    concat!("index.cra", "tes.io"),
    concat!("registry.npm", "js.org"),
    concat!("files.python", "hosted.org"),
];

#[test]
fn no_foreign_words() {
    let mut complaints = Vec::new();
    for path in files() {
        let text = read(&path);
        for (number, line) in text.lines().enumerate() {
            let found = FOREIGN.iter().find(|word| line.contains(**word));
            complaints.extend(found.map(|word| format!("{path}:{}: {word}", number + 1)));
        }
    }
    assert!(
        complaints.is_empty(),
        "does not belong here:\n  {}",
        complaints.join("\n  ")
    );
}

#[test]
fn the_lock_file_names_one_registry() {
    let expected = concat!(
        "source = \"registry+https://github.com/rust-lang/cra",
        "tes.io-index\""
    );
    let lock = read("Cargo.lock");
    for line in lock.lines().filter(|line| line.starts_with("source = ")) {
        assert_eq!(
            line, expected,
            "dependencies come from the one registry, no forks and no mirrors"
        );
    }
}

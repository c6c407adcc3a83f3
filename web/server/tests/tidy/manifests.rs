//! Every crate takes its lints and versions from the root manifest, is named after its folder, and has few features.

use crate::tree::read;
use crate::workspace::members;

/// Additive switches for heavy parts; more than this and no one builds the combinations.
const FEATURES_MAX: usize = 10;

#[test]
fn lints_come_from_the_workspace() {
    for member in members() {
        let manifest = read(&format!("{}/Cargo.toml", member.folder));
        assert!(
            manifest.contains("\n[lints]\nworkspace = true\n"),
            "{}: write `[lints]` and `workspace = true` into its manifest",
            member.name
        );
    }
}

#[test]
fn versions_come_from_the_workspace() {
    for member in members() {
        let manifest = read(&format!("{}/Cargo.toml", member.folder));
        let mut in_dependencies = false;
        for line in manifest.lines().map(str::trim) {
            if let Some(section) = line.strip_prefix('[') {
                in_dependencies = section.trim_end_matches(']').ends_with("dependencies");
            } else if in_dependencies && line.contains('=') && !line.starts_with('#') {
                let pinned = line.contains("workspace = true") || line.contains(".workspace=true");
                assert!(
                    pinned,
                    "{}: `{line}` must take its version from [workspace.dependencies]",
                    member.name
                );
            }
        }
    }
}

#[test]
fn crates_are_named_after_their_folders() {
    for member in members() {
        assert_eq!(
            member.name,
            member.folder.replace('/', "-"),
            "area and folder make the name"
        );
    }
}

#[test]
fn features_are_few() {
    for member in members() {
        let count = member.feature_count;
        assert!(
            count <= FEATURES_MAX,
            "{} has {count} features, {FEATURES_MAX} are allowed",
            member.name
        );
    }
}

//! Whether a configuration changed on disk: a hash over the main file and the files that it names.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use engine_settings::{Document, Field};

use super::patterns::matching;

/// A hash of what the files say now. It is compared within one process and never stored. A file that
/// cannot be read counts as one that says so: its return is a change.
pub(crate) fn fingerprint(path: &Path) -> u64 {
    let mut hasher = DefaultHasher::new();
    let main = std::fs::read_to_string(path).ok();
    main.hash(&mut hasher);
    for file in main.map(|text| named(path, &text)).unwrap_or_default() {
        file.hash(&mut hasher);
        std::fs::read(&file).ok().hash(&mut hasher);
    }
    hasher.finish()
}

/// The files that a configuration names, whether or not it is valid otherwise.
fn named(path: &Path, text: &str) -> Vec<PathBuf> {
    let Ok(document) = Document::parse(&path.display().to_string(), text) else {
        return Vec::new();
    };
    let names = document.decode(|root| {
        let root = root.mapping()?;
        let mut patterns = root.get_or("rule_files", Field::strings, Vec::new())?;
        patterns.extend(root.get_or("scrape_config_files", Field::strings, Vec::new())?);
        let router = root.get("alert_router", |field| {
            field
                .mapping()?
                .get_or("config_file", Field::string, String::new())
        })?;
        patterns.extend(router.filter(|file| !file.is_empty()));
        Ok(patterns)
    });
    let patterns = names.unwrap_or_default();
    let files = patterns
        .iter()
        .filter_map(|pattern| matching(&document, pattern).ok());
    files.flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_that_is_named_counts() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let write = |name: &str, text: &str| std::fs::write(path(name), text).unwrap();
        let main = "rule_files: ['rules/*.yml']\nscrape_config_files: [jobs.yml]\nalert_router: {config_file: r.yml}\n";
        write("w.yml", main);
        std::fs::create_dir(path("rules")).unwrap();
        let now = || fingerprint(&path("w.yml"));
        let mut seen = vec![now()];
        for (name, text) in [
            ("rules/a.yml", "groups: []\n"),
            ("rules/a.yml", "groups: [] # changed\n"),
            ("jobs.yml", "scrape_configs: []\n"),
            ("r.yml", "route: {receiver: a}\n"),
            ("w.yml", "rule_files: [\n"),
        ] {
            write(name, text);
            assert!(!seen.contains(&now()), "{name}");
            seen.push(now());
            assert_eq!(seen.last(), Some(&now()));
        }
        write("not-named.yml", "x");
        assert_eq!(seen.last(), Some(&now()));
    }
}

//! Rule files: found by pattern, read, or taken from inside the program.

use std::path::Path;

use engine_settings::Document;
use queries_promql::parser::ParseOptions;
use queries_rules::RuleFile;

use super::patterns::matching;
use super::{ConfigError, read_text};

/// Marks a rule file inside the program.
const BUILT_IN: &str = "builtin:";
const EXAMPLE: &str = include_str!("example.yml");

/// The files that `patterns` name, relative to the configuration's folder. As in Prometheus, a pattern
/// may match nothing.
pub(super) fn find(document: &Document, patterns: &[String]) -> Result<Vec<String>, ConfigError> {
    let mut files = Vec::new();
    for pattern in patterns {
        if pattern.starts_with(BUILT_IN) {
            files.push(pattern.clone());
            continue;
        }
        let found = matching(document, pattern)?.into_iter();
        files.extend(found.map(|file| file.display().to_string()));
    }
    files.dedup();
    Ok(files)
}

/// Reads one rule file.
pub(super) fn read(file: &str, options: &ParseOptions) -> Result<RuleFile, ConfigError> {
    let text = match file.strip_prefix(BUILT_IN) {
        Some("example.yml") => EXAMPLE.to_owned(),
        Some(_) => {
            return Err(ConfigError::Read {
                path: file.into(),
                source: std::io::Error::new(
                    std::io::ErrorKind::NotFound,
                    "there is no such rule file in the program; builtin:example.yml is the only one",
                ),
            });
        }
        None => read_text(Path::new(file))?,
    };
    Ok(RuleFile::parse(file, &text, options)?)
}

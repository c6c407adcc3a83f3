//! Files that a configuration names by pattern.

use std::path::PathBuf;

use engine_settings::Document;

use super::ConfigError;

/// The files that a pattern matches, sorted; a relative one starts at the configuration's folder. As in
/// Prometheus, a pattern may match nothing.
pub(super) fn matching(document: &Document, pattern: &str) -> Result<Vec<PathBuf>, ConfigError> {
    let path = document.resolve(pattern);
    let invalid = |message: String| ConfigError::Read {
        path: path.clone(),
        source: std::io::Error::new(std::io::ErrorKind::InvalidInput, message),
    };
    let found = glob::glob(&path.display().to_string()).map_err(|error| invalid(error.to_string()))?;
    found
        .map(|file| file.map_err(|error| invalid(error.to_string())))
        .collect()
}

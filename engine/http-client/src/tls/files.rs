//! Files of `tls_config`: read, and seen to change.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use engine_settings::{SecretSource, TextSource, TlsOptions};

use super::TlsError;

/// How the files of some options looked. A rotated file has another stamp, also behind a symbolic link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stamps(Vec<Option<(u64, u64, i64, i64)>>);

impl Stamps {
    /// Looks now; a file that is not there has no stamp.
    pub(crate) fn of(options: &TlsOptions) -> Self {
        let stamp = |path: PathBuf| {
            let found = std::fs::metadata(path).ok()?;
            Some((found.ino(), found.size(), found.mtime(), found.mtime_nsec()))
        };
        Self(paths(options).into_iter().map(stamp).collect())
    }
}

fn paths(options: &TlsOptions) -> Vec<PathBuf> {
    let text = |source: &Option<TextSource>| match source {
        Some(TextSource::File(path)) => Some(path.clone()),
        _ => None,
    };
    let key = match &options.key {
        Some(SecretSource::File(path)) => Some(path.clone()),
        _ => None,
    };
    [text(&options.ca), text(&options.cert), key]
        .into_iter()
        .flatten()
        .collect()
}

pub(super) fn read(what: &str, path: &Path) -> Result<Vec<u8>, TlsError> {
    std::fs::read(path)
        .map_err(|error| TlsError(format!("unable to read the {what} {}: {error}", path.display())))
}

//! A small kernel file read whole, and parsing that names the file when it fails.

use std::path::{Path, PathBuf};
use std::str::{FromStr, Lines};
use std::{fs, io};

use super::collector::CollectError;

/// The content of one file of `/proc`, `/sys` or `/etc`; bytes that are not UTF-8 become U+FFFD.
pub(super) struct Text {
    path: PathBuf,
    content: String,
}

impl Text {
    /// Reads a file that has to be there.
    pub(super) fn read(path: PathBuf) -> Result<Self, CollectError> {
        match fs::read(&path) {
            Ok(bytes) => Ok(Self {
                path,
                content: String::from_utf8_lossy(&bytes).into_owned(),
            }),
            Err(source) => Err(CollectError::Read { path, source }),
        }
    }

    /// Reads a file that may be missing.
    pub(super) fn read_if_present(path: PathBuf) -> Result<Option<Self>, CollectError> {
        match Self::read(path) {
            Ok(text) => Ok(Some(text)),
            Err(CollectError::Read { source, .. }) if source.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The content without white space around it.
    pub(super) fn trimmed(&self) -> &str {
        self.content.trim()
    }

    /// The content's lines.
    pub(super) fn lines(&self) -> Lines<'_> {
        self.content.lines()
    }

    /// Parses one field of this file as a number.
    pub(super) fn number<T: FromStr>(&self, field: &str) -> Result<T, CollectError> {
        field
            .parse()
            .map_err(|_| self.malformed(format!("expected a number, found {field:?}")))
    }

    /// Parses one hexadecimal field of this file.
    pub(super) fn hexadecimal(&self, field: &str) -> Result<u64, CollectError> {
        u64::from_str_radix(field, 16)
            .map_err(|_| self.malformed(format!("expected a hexadecimal number, found {field:?}")))
    }

    /// The error that says this file is not in its documented format.
    pub(super) fn malformed(&self, what: impl Into<String>) -> CollectError {
        CollectError::Malformed {
            path: self.path.clone(),
            what: what.into(),
        }
    }
}

/// One sysfs attribute without white space around it; `None` when it is missing or the driver refuses to
/// answer (drivers answer with many kinds of errors for attributes that their device lacks).
pub(super) fn attribute(path: &Path) -> Option<String> {
    let bytes = fs::read(path).ok()?;
    Some(String::from_utf8_lossy(&bytes).trim().to_owned())
}

/// One numeric sysfs attribute, decimal or with `0x` before it.
pub(super) fn number_attribute(path: &Path) -> Option<i64> {
    let text = attribute(path)?;
    match text.strip_prefix("0x") {
        Some(hexadecimal) => i64::from_str_radix(hexadecimal, 16).ok(),
        None => text.parse().ok(),
    }
}

/// The names in a folder, sorted.
pub(super) fn entries(folder: &Path) -> Result<Vec<String>, io::Error> {
    let mut names = fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.file_name().to_string_lossy().into_owned()))
        .collect::<Result<Vec<_>, _>>()?;
    names.sort_unstable();
    Ok(names)
}

/// The entries of a folder named `prefix` and a number, such as `cpu0`, as (number as text, path), by number.
/// A folder that cannot be read has none.
pub(super) fn numbered_entries(folder: &Path, prefix: &str) -> Vec<(String, PathBuf)> {
    let mut found: Vec<(u64, String, PathBuf)> = entries(folder)
        .unwrap_or_default()
        .into_iter()
        .filter_map(|name| {
            let number = name.strip_prefix(prefix)?;
            Some((number.parse().ok()?, number.to_owned(), folder.join(&name)))
        })
        .collect();
    found.sort_unstable();
    found
        .into_iter()
        .map(|(_, number, path)| (number, path))
        .collect()
}

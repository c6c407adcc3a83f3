//! Tombstones as files: one JSON document a delete, complete under its name or not there at all.

use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use engine_model::{MatchOp, Matcher};
use serde::{Deserialize, Serialize};

use super::Tombstone;
use crate::disk::Disk;
use crate::segment::SegmentId;

/// A higher number is refused: what it hides would come back.
const FORMAT: u32 = 1;
const ENDING: &str = "json";
const TEMPORARY_ENDING: &str = "tmp";

/// Why tombstones could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum TombstoneError {
    /// The file system failed.
    #[error("tombstone {}", .path.display())]
    Io {
        /// File or folder.
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    /// The file does not say what it should.
    #[error("tombstone {}: {what}; removing the file shows the deleted samples again", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
}

impl TombstoneError {
    fn io(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        |source| Self::Io {
            path: path.to_owned(),
            source,
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Document {
    format: u32,
    created_ms: i64,
    start_ms: i64,
    end_ms: i64,
    matcher_sets: Vec<Vec<MatcherText>>,
    segments: Vec<String>,
}

#[derive(Debug, Serialize, Deserialize)]
struct MatcherText {
    name: String,
    op: String,
    value: String,
}

/// A new name: when it was made, and 64 bits that differ between calls.
pub(crate) fn new_name(now_ms: i64) -> String {
    format!(
        "{now_ms}-{:016x}",
        RandomState::new().hash_one(std::process::id())
    )
}

/// Writes `tombstone` below `dir`, which exists, replacing one of its name; durable when it returns.
pub(crate) fn save(disk: &dyn Disk, dir: &Path, tombstone: &Tombstone) -> Result<(), TombstoneError> {
    let document = Document {
        format: FORMAT,
        created_ms: tombstone.created_ms,
        start_ms: tombstone.start_ms,
        end_ms: tombstone.end_ms,
        matcher_sets: tombstone
            .matcher_sets
            .iter()
            .map(|set| set.iter().map(MatcherText::of).collect())
            .collect(),
        segments: tombstone.segments.iter().map(SegmentId::to_string).collect(),
    };
    let path = dir.join(format!("{}.{ENDING}", tombstone.name));
    let temporary = dir.join(format!("{}.{TEMPORARY_ENDING}", tombstone.name));
    let text = serde_json::to_vec_pretty(&document).map_err(|e| TombstoneError::io(&path)(e.into()))?;
    let mut file = disk.create(&temporary).map_err(TombstoneError::io(&temporary))?;
    file.write_all(&text)
        .and_then(|()| file.sync_all())
        .map_err(TombstoneError::io(&temporary))?;
    disk.rename(&temporary, &path)
        .and_then(|()| disk.sync_dir(dir))
        .map_err(TombstoneError::io(&path))
}

/// Removes the file of a tombstone that nothing needs.
pub(crate) fn remove(disk: &dyn Disk, dir: &Path, name: &str) -> Result<(), TombstoneError> {
    let path = dir.join(format!("{name}.{ENDING}"));
    match disk.remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(TombstoneError::io(&path)(error)),
        _ => Ok(()),
    }
}

/// Removes what a crash left of tombstones that were being written: none of them was acknowledged.
pub(crate) fn remove_unfinished(disk: &dyn Disk, dir: &Path) -> Result<(), TombstoneError> {
    let entries = match fs::read_dir(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(TombstoneError::io(dir))?,
    };
    for entry in entries {
        let path = entry.map_err(TombstoneError::io(dir))?.path();
        if path.extension().is_some_and(|ending| ending == TEMPORARY_ENDING) {
            disk.remove_file(&path).map_err(TombstoneError::io(&path))?;
        }
    }
    Ok(())
}

/// Reads all tombstones below `dir`, oldest first; none when the folder is not there.
pub(crate) fn load(dir: &Path) -> Result<Vec<Tombstone>, TombstoneError> {
    let entries = match fs::read_dir(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(TombstoneError::io(dir))?,
    };
    let mut tombstones = Vec::new();
    for entry in entries {
        let path = entry.map_err(TombstoneError::io(dir))?.path();
        if path.extension().is_some_and(|ending| ending == ENDING) {
            tombstones.push(read(&path)?);
        }
    }
    tombstones.sort_by(|a, b| (a.created_ms, &a.name).cmp(&(b.created_ms, &b.name)));
    Ok(tombstones)
}

fn read(path: &Path) -> Result<Tombstone, TombstoneError> {
    let damaged = |what: String| TombstoneError::Damaged {
        path: path.to_owned(),
        what,
    };
    let text = fs::read(path).map_err(TombstoneError::io(path))?;
    let document: Document = serde_json::from_slice(&text).map_err(|e| damaged(e.to_string()))?;
    if document.format > FORMAT {
        return Err(damaged(format!(
            "format {} is newer than this version",
            document.format
        )));
    }
    let set = |set: Vec<MatcherText>| set.into_iter().map(MatcherText::matcher).collect();
    let matcher_sets: Result<Vec<Vec<Matcher>>, String> =
        document.matcher_sets.into_iter().map(set).collect();
    Ok(Tombstone {
        name: path
            .file_stem()
            .map_or_else(String::new, |stem| stem.to_string_lossy().into_owned()),
        created_ms: document.created_ms,
        segments: document.segments.into_iter().map(SegmentId::new).collect(),
        matcher_sets: matcher_sets.map_err(damaged)?,
        start_ms: document.start_ms,
        end_ms: document.end_ms,
    })
}

impl MatcherText {
    fn of(matcher: &Matcher) -> Self {
        Self {
            name: matcher.name.clone(),
            op: matcher.op.as_str().to_owned(),
            value: matcher.value.clone(),
        }
    }

    fn matcher(self) -> Result<Matcher, String> {
        let ops = [
            MatchOp::Equal,
            MatchOp::NotEqual,
            MatchOp::Regex,
            MatchOp::NotRegex,
        ];
        let op = ops.into_iter().find(|op| op.as_str() == self.op);
        let op = op.ok_or_else(|| format!("operator {:?} is unknown", self.op))?;
        Matcher::new(op, self.name, self.value).map_err(|e| e.to_string())
    }
}

//! Names of segments, which are the names of their folders.

use std::fmt;
use std::hash::{BuildHasher, RandomState};

use super::level::Level;

/// `l<level>-<min_time>-<max_time>-<unique>`: times in ms since the epoch, `unique` 16 hex digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SegmentId(String);

impl SegmentId {
    /// The name of a folder, whatever it is; opening the segment checks it.
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    pub(super) fn compose(level: Level, min_time_ms: i64, max_time_ms: i64, unique: &str) -> Self {
        Self(format!(
            "l{}-{min_time_ms}-{max_time_ms}-{unique}",
            level.number()
        ))
    }

    /// The folder's name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SegmentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// 64 bits that differ between calls and between processes: the standard library's hash keys are random.
pub(crate) fn unique() -> String {
    format!("{:016x}", RandomState::new().hash_one(std::process::id()))
}

//! Deletes: a tombstone names the segments that existed when it was made, and hides samples of the series
//! that matched in them. What is accepted later is never touched. Applied at each read; a compaction writes
//! nothing of what is hidden; a tombstone is forgotten when none of its segments is left (`FORMAT.md`).

mod file;
mod hidden;
mod marks;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;

use engine_model::Matcher;

pub use file::TombstoneError;
pub(crate) use file::{load, new_name, remove, remove_unfinished, save};
pub use hidden::hidden_rows;
pub(crate) use marks::{Marks, matching_rows};

use crate::segment::{Segment, SegmentId};

/// One delete.
#[derive(Debug, Clone)]
pub(crate) struct Tombstone {
    /// Name of its file, without ending.
    pub(crate) name: String,
    /// When it was made, ms since the epoch.
    pub(crate) created_ms: i64,
    /// Segments in which it hides samples.
    pub(crate) segments: Vec<SegmentId>,
    /// A series that satisfies all matchers of one of the sets is hidden.
    pub(crate) matcher_sets: Vec<Vec<Matcher>>,
    /// First ms that is hidden.
    pub(crate) start_ms: i64,
    /// Last ms that is hidden.
    pub(crate) end_ms: i64,
}

/// All tombstones of one version of the store, and what they hide in each segment.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tombstones {
    list: Vec<Arc<Tombstone>>,
    marks: HashMap<SegmentId, Arc<Marks>>,
}

impl Tombstones {
    /// Puts `list` beside the open `segments`. Returns the names of tombstones that name none of them.
    pub(crate) fn attach(list: Vec<Arc<Tombstone>>, segments: &[Segment]) -> (Self, Vec<String>) {
        let mut tombstones = Self::default();
        let mut forgotten = Vec::new();
        for tombstone in list {
            let named = segments.iter().filter(|s| tombstone.segments.contains(s.id()));
            let named: Vec<&Segment> = named.collect();
            if named.is_empty() {
                forgotten.push(tombstone.name.clone());
                continue;
            }
            for segment in named {
                let marks = tombstones.marks.entry(segment.id().clone()).or_default();
                Arc::make_mut(marks).add(&tombstone, segment);
            }
            tombstones.list.push(tombstone);
        }
        (tombstones, forgotten)
    }

    /// With `tombstone` in place of one of the same name, or as a new one; `added` are the segments that
    /// it names now and did not before.
    pub(crate) fn with(&self, tombstone: Tombstone, added: &[Segment]) -> Self {
        let mut next = self.clone();
        next.list.retain(|other| other.name != tombstone.name);
        for segment in added {
            let marks = next.marks.entry(segment.id().clone()).or_default();
            Arc::make_mut(marks).add(&tombstone, segment);
        }
        next.list.push(Arc::new(tombstone));
        next
    }

    /// What is left when only `segments` are; the names of tombstones that nothing needs any more.
    pub(crate) fn retained(&self, segments: &[Segment]) -> (Self, Vec<String>) {
        let mut left = Self::default();
        let mut forgotten = Vec::new();
        for segment in segments {
            if let Some(marks) = self.marks.get(segment.id()) {
                left.marks.insert(segment.id().clone(), Arc::clone(marks));
            }
        }
        for tombstone in &self.list {
            if segments.iter().any(|s| tombstone.segments.contains(s.id())) {
                left.list.push(Arc::clone(tombstone));
            } else {
                forgotten.push(tombstone.name.clone());
            }
        }
        (left, forgotten)
    }

    /// What is hidden in one segment; `None` when nothing is.
    pub(crate) fn marks(&self, segment: &SegmentId) -> Option<&Arc<Marks>> {
        self.marks.get(segment).filter(|marks| !marks.is_empty())
    }

    /// Tombstones that name `segment`.
    pub(crate) fn naming(&self, segment: &SegmentId) -> impl Iterator<Item = &Arc<Tombstone>> {
        self.list
            .iter()
            .filter(move |tombstone| tombstone.segments.contains(segment))
    }

    /// Number of tombstones.
    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }
}

//! The version that new readers get: replaced as one pointer at each commit, cut and compaction.

use std::sync::Arc;

use parking_lot::RwLock;

use crate::segment::Segment;
use crate::tombstones::Tombstones;

/// One moment of the store.
#[derive(Debug, Clone)]
pub(super) struct Version {
    /// Newest commit that is visible.
    pub(super) commit: u64,
    /// Number of cuts: tells the head which samples are read from segments.
    pub(super) generation: u64,
    /// Segments in the order in which their samples were accepted.
    pub(super) segments: Arc<Vec<Segment>>,
    /// What is deleted in them.
    pub(super) tombstones: Arc<Tombstones>,
}

/// Holds the newest [`Version`].
#[derive(Debug)]
pub(super) struct CurrentVersion(RwLock<Arc<Version>>);

impl CurrentVersion {
    pub(super) fn new(version: Version) -> Self {
        Self(RwLock::new(Arc::new(version)))
    }

    pub(super) fn load(&self) -> Arc<Version> {
        Arc::clone(&self.0.read())
    }

    /// Makes `commit` visible.
    pub(super) fn commit(&self, commit: u64) {
        self.update(|version| version.commit = commit);
    }

    /// Replaces the current version by a changed copy.
    pub(super) fn update(&self, change: impl FnOnce(&mut Version)) {
        let mut current = self.0.write();
        let mut next = Version::clone(&current);
        change(&mut next);
        *current = Arc::new(next);
    }
}

//! Compaction run by the store: the policy chooses, a merge writes, the version is swapped, and the
//! inputs are removed. Readers of older versions keep the content of the files until they end.

use std::sync::Arc;

use super::error::StoreError;
use super::rewrite::rewrite;
use super::{Shared, Store};
use crate::compaction;
use crate::head::OUT_OF_BOUNDS_MS;
use crate::segment::Segment;

/// What the store holds after a compaction.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CompactReport {
    /// Segments.
    pub segments: usize,
    /// Bytes of their files.
    pub bytes: u64,
    /// Samples in them, counted per segment.
    pub samples: u64,
}

impl Store {
    /// Runs every compaction that is due at `now_ms` and reports what the segments hold afterwards.
    /// A window is due an hour after its end: until then the store may still accept samples for it.
    pub async fn compact(&self, now_ms: i64) -> Result<CompactReport, StoreError> {
        let shared = Arc::clone(&self.shared);
        let run = tokio::task::spawn_blocking(move || run(&shared, now_ms)).await;
        run.map_err(|_| StoreError::Closed)?
    }

    /// Writes every segment with deleted samples again without them; the deletes that are carried out are
    /// forgotten. Returns the number of segments that were rewritten.
    pub async fn clean_tombstones(&self, now_ms: i64) -> Result<usize, StoreError> {
        let shared = Arc::clone(&self.shared);
        let run = tokio::task::spawn_blocking(move || clean(&shared, now_ms)).await;
        run.map_err(|_| StoreError::Closed)?
    }
}

fn run(shared: &Shared, now_ms: i64) -> Result<CompactReport, StoreError> {
    let _rewriting = shared.upkeep.rewriting.lock();
    loop {
        let segments = Arc::clone(&shared.version.load().segments);
        let infos: Vec<_> = segments.iter().map(Segment::info).collect();
        let settled_ms = now_ms.saturating_sub(OUT_OF_BOUNDS_MS);
        let Some(choice) = compaction::plan(&infos, settled_ms).into_iter().next() else {
            break;
        };
        let inputs = segments.iter().filter(|s| choice.inputs.contains(s.id()));
        let inputs: Vec<Segment> = inputs.cloned().collect();
        if rewrite(shared, &inputs, choice.level, now_ms)? {
            shared.counters.compactions.add(1);
        }
    }
    let segments = Arc::clone(&shared.version.load().segments);
    Ok(CompactReport {
        segments: segments.len(),
        bytes: segments.iter().map(Segment::bytes).sum(),
        samples: segments.iter().map(Segment::sample_count).sum(),
    })
}

fn clean(shared: &Shared, now_ms: i64) -> Result<usize, StoreError> {
    let _rewriting = shared.upkeep.rewriting.lock();
    let version = shared.version.load();
    let marked = |segment: &&Segment| version.tombstones.marks(segment.id()).is_some();
    let mut rewritten = 0;
    for segment in version.segments.iter().filter(marked) {
        let inputs = std::slice::from_ref(segment);
        if rewrite(shared, inputs, segment.level(), now_ms)? {
            shared.upkeep.counts.rewritten.add(1);
            rewritten += 1;
        }
    }
    Ok(rewritten)
}

//! Compaction run by the store: the policy chooses, a merge writes, the version is swapped, and the
//! inputs are deleted once their last reader has gone.

use std::sync::Arc;

use super::error::StoreError;
use super::{Shared, Store};
use crate::compaction;
use crate::head::OUT_OF_BOUNDS_MS;
use crate::segment::{Segment, SegmentId, remove_folder};

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
}

fn run(shared: &Shared, now_ms: i64) -> Result<CompactReport, StoreError> {
    let _maintenance = shared.maintenance.lock();
    loop {
        let segments = Arc::clone(&shared.version.load().segments);
        let infos: Vec<_> = segments.iter().map(Segment::info).collect();
        let Some(choice) = compaction::plan(&infos, now_ms.saturating_sub(OUT_OF_BOUNDS_MS))
            .into_iter()
            .next()
        else {
            break;
        };
        let inputs: Vec<Segment> = segments
            .iter()
            .filter(|s| choice.inputs.contains(s.id()))
            .cloned()
            .collect();
        let merged = compaction::merge(
            &shared.config.disk,
            &inputs,
            &shared.segments_dir,
            choice.level,
            now_ms,
        )?;
        swap(shared, &choice.inputs, merged);
        for input in inputs {
            // Open readers keep the files' content; only the names go.
            remove_folder(&*shared.config.disk, input.path())?;
        }
        shared.counters.compactions.add(1);
    }
    let segments = Arc::clone(&shared.version.load().segments);
    Ok(CompactReport {
        segments: segments.len(),
        bytes: segments.iter().map(Segment::bytes).sum(),
        samples: segments.iter().map(Segment::sample_count).sum(),
    })
}

/// Puts the results where the oldest input was, so that the order of acceptance is kept.
fn swap(shared: &Shared, inputs: &[SegmentId], merged: Vec<Segment>) {
    shared.version.update(|version| {
        let mut segments = Vec::with_capacity(version.segments.len());
        let mut merged = Some(merged);
        for segment in version.segments.iter() {
            if !inputs.contains(segment.id()) {
                segments.push(segment.clone());
            } else if let Some(merged) = merged.take() {
                segments.extend(merged);
            }
        }
        version.segments = Arc::new(segments);
    });
}

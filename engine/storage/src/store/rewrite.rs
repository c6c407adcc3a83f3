//! Replacing segments by what a merge makes of them, while others read, cut and delete.

use std::cell::Cell;
use std::sync::Arc;
use std::time::Instant;

use super::Shared;
use super::error::StoreError;
use super::quarantine::quarantine;
use super::upkeep::remove_files;
use crate::compaction::{MergeOptions, Throttle, merge_with};
use crate::segment::{Level, Segment, SegmentId};
use crate::tombstones::{self, Tombstone, Tombstones};

/// Merges `inputs` into segments of `level` without what is deleted or past, puts those in their place and
/// removes the inputs. The caller holds the lock for rewriting. An input that is damaged is quarantined;
/// false says so, and that nothing else changed.
pub(super) fn rewrite(
    shared: &Shared,
    inputs: &[Segment],
    level: Level,
    now_ms: i64,
) -> Result<bool, StoreError> {
    let started = Instant::now();
    let known = Arc::clone(&shared.version.load().tombstones);
    let result = merge(shared, inputs, level, now_ms, &known);
    let counts = &shared.upkeep.counts;
    counts.busy_ms.add(started.elapsed().as_millis() as u64);
    let outputs = match result {
        Ok(outputs) => outputs,
        Err(error) => {
            counts.failed.add(1);
            let damaged = inputs.iter().find(|input| error.is_in(input.path()));
            let Some(damaged) = damaged.filter(|_| error.is_corrupt()) else {
                return Err(error.into());
            };
            quarantine(shared, damaged, &error)?;
            return Ok(false);
        }
    };
    counts.written_bytes.add(outputs.iter().map(Segment::bytes).sum());
    let forgotten = publish(shared, inputs, outputs, &known)?;
    remove_files(shared, inputs, &forgotten)?;
    Ok(true)
}

fn merge(
    shared: &Shared,
    inputs: &[Segment],
    level: Level,
    now_ms: i64,
    tombstones: &Tombstones,
) -> Result<Vec<Segment>, crate::segment::SegmentError> {
    let policy = shared.retention.read().clone();
    let reference_ms = super::retain::reference(shared, now_ms);
    let throttle = Throttle::new(shared.config.compaction_share);
    let since = Cell::new(Instant::now());
    let options = MergeOptions {
        hidden: &|segment: &SegmentId| tombstones.marks(segment).cloned(),
        keep_from: &|labels| policy.keep_from(labels, reference_ms),
        pause: &|| {
            if let Some(rest) = throttle.rest_after(since.get().elapsed()) {
                std::thread::sleep(rest);
                since.set(Instant::now());
            }
        },
        ..MergeOptions::default()
    };
    merge_with(
        &shared.config.disk,
        inputs,
        &shared.segments_dir,
        level,
        now_ms,
        &options,
    )
}

/// Swaps `outputs` in for `inputs`. What was deleted in an input since the merge began is deleted in the
/// outputs too, durably before anybody reads them. Returns the tombstones that nothing needs any more.
fn publish(
    shared: &Shared,
    inputs: &[Segment],
    outputs: Vec<Segment>,
    known: &Tombstones,
) -> Result<Vec<String>, StoreError> {
    let _deletes = shared.upkeep.deletes.lock();
    let current = Arc::clone(&shared.version.load().tombstones);
    let extended = extend_later(&current, known, inputs, &outputs);
    let mut tombstones = Tombstones::clone(&current);
    for tombstone in extended {
        tombstones::save(&*shared.config.disk, &shared.upkeep.tombstones_dir, &tombstone)?;
        tombstones = tombstones.with(tombstone, &outputs);
    }
    let ids: Vec<&SegmentId> = inputs.iter().map(Segment::id).collect();
    let mut forgotten = Vec::new();
    shared.version.update(|version| {
        // Where the oldest input was, so that the order of acceptance is kept.
        let mut segments = Vec::with_capacity(version.segments.len() + outputs.len());
        let mut outputs = Some(outputs);
        for segment in version.segments.iter() {
            if !ids.contains(&segment.id()) {
                segments.push(segment.clone());
            } else if let Some(outputs) = outputs.take() {
                segments.extend(outputs);
            }
        }
        let (left, names) = tombstones.retained(&segments);
        forgotten = names;
        version.tombstones = Arc::new(left);
        version.segments = Arc::new(segments);
    });
    Ok(forgotten)
}

/// Tombstones that came after `known` and name an input, naming the outputs too.
fn extend_later(
    current: &Tombstones,
    known: &Tombstones,
    inputs: &[Segment],
    outputs: &[Segment],
) -> Vec<Tombstone> {
    let mut later: Vec<Tombstone> = Vec::new();
    for input in inputs {
        for tombstone in current.naming(input.id()) {
            let is_known = known.naming(input.id()).any(|other| other.name == tombstone.name);
            if !is_known && later.iter().all(|other| other.name != tombstone.name) {
                let mut extended = Tombstone::clone(tombstone);
                extended.segments.extend(outputs.iter().map(|s| s.id().clone()));
                later.push(extended);
            }
        }
    }
    later
}

#[cfg(test)]
mod tests {
    use engine_model::{Labels, Matcher, SampleBatchBuilder};

    use super::*;
    use crate::store::{AppendOptions, Store, StoreConfig};

    #[tokio::test]
    async fn what_is_deleted_while_a_merge_runs_stays_deleted() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(StoreConfig::new(dir.path())).unwrap();
        let labels = Labels::from_pairs([("__name__", "m")]);
        for time in [1000, 2000] {
            let mut builder = SampleBatchBuilder::default();
            builder.push(store.series_table().intern(&labels), time, 1.0);
            let batch = builder.finish(store.series_table());
            store.append(batch, AppendOptions::default()).await.unwrap();
            store.flush().await.unwrap();
        }
        let shared = &store.shared;
        let before = shared.version.load();
        let inputs = Vec::clone(&before.segments);
        let outputs = merge(shared, &inputs, Level::TwoHours, 0, &before.tombstones).unwrap();
        let everything = vec![vec![Matcher::equal("__name__", "m")]];
        store.delete(everything, 2000, 2000, 5).await.unwrap();
        let forgotten = publish(shared, &inputs, outputs, &before.tombstones).unwrap();
        assert!(forgotten.is_empty(), "the delete is needed for the output");
        remove_files(shared, &inputs, &forgotten).unwrap();
        let read = |store: &Store| {
            let pinned = store.pin();
            let selected = pinned.select(&[], i64::MIN, i64::MAX).unwrap();
            pinned.read(&selected, i64::MIN, i64::MAX).unwrap()[0]
                .timestamps
                .clone()
        };
        assert_eq!((read(&store), store.stats().segments), (vec![1000], 1));
        drop(before);
        store.close().await.unwrap();
        drop(store);
        let store = Store::open(StoreConfig::new(dir.path())).unwrap();
        assert_eq!(read(&store), [1000], "after a restart");
    }
}

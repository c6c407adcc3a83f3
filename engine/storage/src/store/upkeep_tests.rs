//! Deletes, retention, quarantine and snapshots on a real directory; every step of them interrupted.

use std::path::Path;
use std::sync::Arc;

use engine_model::{Labels, Matcher, SampleBatchBuilder};

use super::*;
use crate::disk::{ForgetfulDisk, Keep};
use crate::retention::RetentionRule;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

fn config(path: &Path) -> StoreConfig {
    StoreConfig {
        compaction_share: 1.0,
        ..StoreConfig::new(path)
    }
}

fn open(path: &Path) -> Store {
    Store::open(config(path)).unwrap()
}

/// Appends a sample of each of three series at each of `times`.
async fn append(store: &Store, times: impl IntoIterator<Item = i64>) {
    for time in times {
        let mut builder = SampleBatchBuilder::default();
        for id in ["a", "b", "c"] {
            let labels = Labels::from_pairs([("__name__", "m"), ("id", id)]);
            builder.push(store.series_table().intern(&labels), time, time as f64);
        }
        let batch = builder.finish(store.series_table());
        let appended = store.append(batch, AppendOptions::default()).await.unwrap();
        assert_eq!(appended.accepted, 3);
    }
}

async fn end(store: Store) {
    store.close().await.unwrap();
}

fn try_read(version: &PinnedVersion) -> Result<Vec<(String, Vec<i64>)>, StoreError> {
    let selected = version.select(&[Matcher::equal("__name__", "m")], i64::MIN, i64::MAX)?;
    let read = version.read(&selected, i64::MIN, i64::MAX)?;
    let ids = read
        .into_iter()
        .map(|s| (s.labels.value("id").to_owned(), s.timestamps));
    Ok(ids.collect())
}

fn read(store: &Store) -> Vec<(String, Vec<i64>)> {
    try_read(&store.pin()).unwrap()
}

fn expected(series: &[(&str, &[i64])]) -> Vec<(String, Vec<i64>)> {
    series
        .iter()
        .map(|(id, times)| ((*id).to_owned(), times.to_vec()))
        .collect()
}

fn only(id: &str) -> Vec<Vec<Matcher>> {
    vec![vec![Matcher::equal("id", id)]]
}

fn entries(path: &Path) -> usize {
    std::fs::read_dir(path).map_or(0, |entries| entries.count())
}

#[tokio::test]
async fn a_delete_hides_what_exists_and_nothing_later() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    append(&store, [1000, 2000]).await;
    store.flush().await.unwrap();
    append(&store, [3000, 4000]).await;
    let before = store.pin();
    let report = store.delete(only("a"), 2000, 3000, 0).await.unwrap();
    assert_eq!((report.segments, report.series), (2, 2));
    let all = [1000, 2000, 3000, 4000];
    assert_eq!(
        try_read(&before).unwrap(),
        expected(&[("a", &all), ("b", &all), ("c", &all)])
    );
    let left = expected(&[("a", &[1000, 4000]), ("b", &all), ("c", &all)]);
    assert_eq!(read(&store), left);
    store.delete(only("b"), i64::MIN, i64::MAX, 1).await.unwrap();
    store.delete(only("a"), 4000, 4000, 2).await.unwrap();
    append(&store, [5000]).await;
    let all = [1000, 2000, 3000, 4000, 5000];
    let left = expected(&[("a", &[1000, 5000]), ("b", &[5000]), ("c", &all)]);
    assert_eq!(read(&store), left);
    assert_eq!(store.stats().upkeep.tombstones, 3);
    drop(before);
    end(store).await;
    let store = open(dir.path());
    assert_eq!(read(&store), left, "after a restart");
    let hidden = store.pin().select(&[Matcher::equal("id", "b")], 0, 4500).unwrap();
    assert!(hidden.is_empty(), "a series with nothing left is not found");
    assert_eq!(store.clean_tombstones(9).await.unwrap(), 2);
    assert_eq!(read(&store), left);
    assert_eq!(
        (
            store.stats().upkeep.tombstones,
            entries(&dir.path().join("tombstones"))
        ),
        (0, 0)
    );
    let samples: u64 = store
        .shared
        .version
        .load()
        .segments
        .iter()
        .map(|s| s.sample_count())
        .sum();
    assert_eq!(samples, 5, "the deleted samples have left the disk");
    let nothing = store.delete(only("none"), i64::MIN, i64::MAX, 3).await.unwrap();
    assert_eq!(
        (nothing.segments, entries(&dir.path().join("tombstones"))),
        (0, 0)
    );
}

#[tokio::test]
async fn compaction_writes_nothing_that_is_deleted() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    for half_hour in 0..4 {
        append(&store, (0..10).map(|i| half_hour * HOUR / 2 + i * MINUTE)).await;
        store.flush().await.unwrap();
    }
    store.delete(only("a"), i64::MIN, i64::MAX, 0).await.unwrap();
    store.delete(only("b"), 0, HOUR, 0).await.unwrap();
    let before = read(&store);
    let report = store.compact(4 * HOUR).await.unwrap();
    assert_eq!((report.segments, report.samples), (1, 40 + 19));
    assert_eq!(read(&store), before);
    assert_eq!(
        entries(&dir.path().join("tombstones")),
        0,
        "forgotten with its segments"
    );
    store.delete(vec![vec![]], i64::MIN, i64::MAX, 0).await.unwrap();
    store.clean_tombstones(0).await.unwrap();
    assert_eq!(store.stats().segments, 0, "nothing was left of the segment");
}

#[tokio::test]
async fn retention_by_time_rule_and_size() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    for day in 0..4 {
        append(&store, [day * DAY + HOUR, day * DAY + 2 * HOUR]).await;
        store.flush().await.unwrap();
    }
    store.compact(8 * DAY).await.unwrap();
    assert_eq!(store.stats().segments, 4);
    let rule = RetentionRule {
        matchers: vec![Matcher::equal("id", "a")],
        keep_ms: DAY,
    };
    store.set_retention(RetentionPolicy {
        time_ms: Some(2 * DAY),
        rules: vec![rule],
        ..RetentionPolicy::default()
    });
    // The clock is far ahead of the samples: ages are measured from the newest sample.
    let report = store.retain(100 * DAY).await.unwrap();
    assert_eq!((report.dropped_by_time, report.rewritten), (1, 1));
    let days = |from: i64| -> Vec<i64> {
        (from..4)
            .flat_map(|d| [d * DAY + HOUR, d * DAY + 2 * HOUR])
            .collect()
    };
    // What is written again loses all that is past by then, also of the others.
    let others = &days(1)[1..];
    let left = expected(&[("a", &days(2)), ("b", others), ("c", others)]);
    assert_eq!(read(&store), left);
    assert_eq!(
        store.retain(100 * DAY).await.unwrap(),
        RetainReport::default(),
        "once"
    );
    let newest = store.shared.version.load().segments.last().unwrap().bytes();
    store.set_retention(RetentionPolicy {
        bytes: Some(newest + 4096),
        ..RetentionPolicy::default()
    });
    let report = store.retain(100 * DAY).await.unwrap();
    assert_eq!(report.dropped_by_size, 2);
    assert_eq!(
        read(&store),
        expected(&[("a", &days(3)), ("b", &days(3)), ("c", &days(3))])
    );
    store.set_retention(RetentionPolicy {
        percentage: Some(1e-12),
        ..RetentionPolicy::default()
    });
    store.retain(100 * DAY).await.unwrap();
    assert_eq!(store.stats().segments, 0);
    end(store).await;
    assert_eq!(open(dir.path()).stats().segments, 0);
}

/// Overwrites pages where only a reader of samples looks.
fn damage(segment: &Path) {
    let file = segment.join("samples.parquet");
    let columns = crate::segment::column_bytes(&file).unwrap();
    let times = 4 + columns[0].1 as usize..4 + (columns[0].1 + columns[1].1) as usize;
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[times].fill(0xff);
    std::fs::write(&file, bytes).unwrap();
}

#[tokio::test]
async fn a_damaged_segment_costs_one_query_and_is_moved_aside() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    for half_hour in 0..3 {
        append(&store, (0..10).map(|i| half_hour * HOUR / 2 + i)).await;
        store.flush().await.unwrap();
    }
    let segments = Arc::clone(&store.shared.version.load().segments);
    damage(segments[0].path());
    let error = try_read(&store.pin()).unwrap_err();
    let text = crate::error_chain(&error);
    assert!(text.contains(segments[0].id().as_str()), "{text}");
    assert_eq!(read(&store)[0].1.len(), 20, "later queries go on without it");
    assert_eq!(store.stats().upkeep.quarantined, 1);
    let aside = dir.path().join("quarantine").join(segments[0].id().as_str());
    assert!(aside.join("samples.parquet").exists());
    damage(segments[1].path());
    let report = store.compact(4 * HOUR).await.unwrap();
    assert_eq!(
        (report.segments, report.samples),
        (1, 30),
        "a compaction goes on without it too"
    );
    assert_eq!(store.stats().upkeep.quarantined, 2);
    let last = store.shared.version.load().segments[0].path().to_owned();
    end(store).await;
    std::fs::remove_file(last.join("series.parquet")).unwrap();
    let store = open(dir.path());
    assert_eq!((store.stats().segments, store.stats().upkeep.quarantined), (0, 1));
    assert_eq!(entries(&dir.path().join("quarantine")), 3);
}

/// One bit of a page, as a disk loses it: the decoder would not notice.
#[tokio::test]
async fn a_changed_byte_never_becomes_a_value() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    append(&store, (0..300).map(|i| i * 7919)).await;
    store.flush().await.unwrap();
    let right = read(&store);
    let names: Vec<String> = store
        .shared
        .version
        .load()
        .segments
        .iter()
        .map(|s| s.id().to_string())
        .collect();
    end(store).await;
    let segment = dir.path().join("segments").join(&names[0]);
    for file in ["samples.parquet", "series.parquet", "segment.json"] {
        let sound = std::fs::read(segment.join(file)).unwrap();
        for at in (0..sound.len()).step_by(sound.len() / 12) {
            let store = open(dir.path());
            assert_eq!(read(&store), right);
            end(store).await;
            let mut bytes = sound.clone();
            bytes[at] ^= 1;
            std::fs::write(segment.join(file), &bytes).unwrap();
            let store = open(dir.path());
            let is_open = store.stats().segments == names.len();
            if is_open {
                let error = crate::error_chain(&try_read(&store.pin()).unwrap_err());
                assert!(error.contains(&names[0]), "{file} at {at}: {error}");
            }
            assert_eq!(store.stats().upkeep.quarantined, 1, "{file} at {at}");
            assert_ne!(read(&store), right, "{file} at {at}: the rest serves");
            end(store).await;
            let aside = dir.path().join("quarantine").join(&names[0]);
            std::fs::rename(aside, &segment).unwrap();
            std::fs::write(segment.join(file), &sound).unwrap();
        }
    }
}

#[tokio::test]
async fn a_segment_of_a_newer_version_stops_the_start() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    append(&store, [1000]).await;
    store.flush().await.unwrap();
    let manifest = store.shared.version.load().segments[0]
        .path()
        .join("segment.json");
    end(store).await;
    let text = std::fs::read_to_string(&manifest).unwrap();
    let newer = text.replace("\"major\": 1", "\"major\": 9");
    std::fs::write(&manifest, crate::segment::tests::resealed(&newer)).unwrap();
    let error = crate::error_chain(&Store::open(config(dir.path())).unwrap_err());
    assert!(
        error.contains("newer than this version") && manifest.exists(),
        "{error}"
    );
}

#[tokio::test]
async fn a_snapshot_opens_as_a_store() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    append(&store, [1000, 2000]).await;
    store.flush().await.unwrap();
    store.delete(only("a"), 1000, 1000, 0).await.unwrap();
    append(&store, [3000]).await;
    let of_segments = store.snapshot(true, 1_512_940_344_000).await.unwrap();
    let of_all = store.snapshot(false, 1_512_940_344_000).await.unwrap();
    assert!(
        of_all.starts_with("20171210T211224Z-") && of_all.len() == 33,
        "{of_all}"
    );
    let everything = read(&store);
    append(&store, [4000]).await;
    store.clean_tombstones(0).await.unwrap();
    drop(store);
    let at = |name: &str| dir.path().join("snapshots").join(name);
    assert_eq!(read(&open(&at(&of_all))), everything);
    let older = [1000, 2000];
    assert_eq!(
        read(&open(&at(&of_segments))),
        expected(&[("a", &[2000]), ("b", &older), ("c", &older)])
    );
}

/// Runs `step` on a store with cuts and deletes, with the power failing after each number of operations;
/// after each failure the store is opened again from what is left. Returns how often that was.
async fn interrupt<F: Future<Output = bool>>(step: impl Fn(Store) -> F, check: impl Fn(&Store, bool)) -> u64 {
    for operations in 0.. {
        let dir = tempfile::tempdir().unwrap();
        let disk = ForgetfulDisk::new(dir.path()).unwrap();
        let store = Store::open(StoreConfig {
            disk: Arc::new(disk.clone()),
            ..config(dir.path())
        })
        .unwrap();
        for half_hour in 0..2 {
            append(&store, (0..3).map(|i| half_hour * HOUR / 2 + i * MINUTE)).await;
            store.flush().await.unwrap();
        }
        store.delete(only("a"), 0, HOUR / 2, 0).await.unwrap();
        disk.power_off_after(operations);
        let done = step(store.clone()).await;
        // Without power there is nothing left to write; only the thread ends.
        drop(store.close().await);
        let keeps = [Keep::All, Keep::Nothing, Keep::Random(operations)];
        let left = tempfile::tempdir().unwrap();
        disk.lose_power(keeps[operations as usize % 3], left.path())
            .unwrap();
        let store = open(left.path());
        check(&store, done);
        store.compact(5 * HOUR).await.unwrap();
        check(&store, done);
        assert_eq!(store.stats().segments, 1, "the next compaction completes it");
        assert_eq!(store.stats().upkeep.tombstones, 0);
        end(store).await;
        check(&open(left.path()), done);
        if done {
            return operations;
        }
    }
    unreachable!("a step ends after some operations")
}

fn times(halves: std::ops::Range<i64>) -> Vec<i64> {
    halves
        .flat_map(|half| (0..3).map(move |i| half * HOUR / 2 + i * MINUTE))
        .collect()
}

#[tokio::test]
async fn compaction_interrupted_anywhere_changes_no_answer() {
    // The delete ends at half an hour, inclusive.
    let mut a = times(1..2);
    a.remove(0);
    let all = times(0..2);
    let answer = expected(&[("a", &a), ("b", &all), ("c", &all)]);
    let compact = |store: Store| async move { store.compact(5 * HOUR).await.is_ok() };
    let interrupted = interrupt(compact, |store, _| assert_eq!(read(store), answer)).await;
    assert!(interrupted > 10, "{interrupted}");
    let clean = |store: Store| async move { store.clean_tombstones(5 * HOUR).await.is_ok() };
    let interrupted = interrupt(clean, |store, _| assert_eq!(read(store), answer)).await;
    assert!(interrupted > 10, "{interrupted}");
}

#[tokio::test]
async fn a_delete_interrupted_anywhere_is_whole_or_absent() {
    let mut a = times(1..2);
    a.remove(0);
    let all = times(0..2);
    let before = expected(&[("a", &a), ("b", &all), ("c", &all)]);
    let after = expected(&[("b", &all), ("c", &all)]);
    let delete = |store: Store| async move { store.delete(only("a"), i64::MIN, i64::MAX, 1).await.is_ok() };
    interrupt(delete, |store, done| {
        let found = read(store);
        assert!(found == after || (!done && found == before), "{done} {found:?}");
    })
    .await;
}

#[tokio::test]
async fn a_snapshot_interrupted_anywhere_is_whole_or_absent() {
    let snapshot = |store: Store| async move { store.snapshot(false, 0).await.is_ok() };
    let interrupted = interrupt(snapshot, |store, done| {
        let names = std::fs::read_dir(store.snapshots_dir()).into_iter().flatten();
        let names = names.map(|entry| entry.unwrap().path());
        let whole: Vec<_> = names.filter(|path| path.extension().is_none()).collect();
        assert!(whole.len() == 1 || !done, "{whole:?}");
        for path in whole {
            let found = crate::inspect::verify_store(&path).unwrap();
            let samples: u64 = found.segments.iter().map(|segment| segment.samples).sum();
            assert!(found.is_sound(), "{:?}", found.faults);
            assert_eq!((samples, found.tombstones), (18, 1));
        }
    })
    .await;
    assert!(interrupted > 5, "{interrupted}");
}

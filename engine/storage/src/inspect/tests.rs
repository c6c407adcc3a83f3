//! A store's folder looked at: nothing changes, and damage is found where it is.

use std::fs;
use std::path::Path;

use engine_model::{Labels, Matcher, SampleBatchBuilder};

use super::*;
use crate::store::{AppendOptions, Store, StoreConfig};

async fn append(store: &Store, id: &str, times: std::ops::Range<i64>) {
    for time in times {
        let labels = Labels::from_pairs([("__name__", "m"), ("id", id)]);
        let mut builder = SampleBatchBuilder::default();
        builder.push(store.series_table().intern(&labels), time, time as f64);
        let batch = builder.finish(store.series_table());
        store.append(batch, AppendOptions::default()).await.unwrap();
    }
}

/// A segment, a delete, and a head.
async fn store(path: &Path) {
    let store = Store::open(StoreConfig::new(path)).unwrap();
    append(&store, "a", 0..50).await;
    append(&store, "b", 0..50).await;
    store.flush().await.unwrap();
    store
        .delete(vec![vec![Matcher::equal("id", "a")]], 0, 3, 9)
        .await
        .unwrap();
    append(&store, "b", 50..60).await;
    append(&store, "c", 50..55).await;
    store.close().await.unwrap();
}

/// Names and lengths of all files.
fn files(path: &Path, found: &mut Vec<(String, u64)>) {
    for entry in fs::read_dir(path).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push((path.display().to_string(), path.metadata().unwrap().len()));
        }
    }
}

#[tokio::test]
async fn a_folder_is_described_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    store(dir.path()).await;
    let log = fs::read_dir(dir.path().join("wal"))
        .unwrap()
        .map(|e| e.unwrap().path())
        .max();
    let newest = log.unwrap();
    let mut bytes = fs::read(&newest).unwrap();
    bytes.extend([7, 7, 7]);
    fs::write(&newest, bytes).unwrap();
    let (mut before, mut after) = (Vec::new(), Vec::new());
    files(dir.path(), &mut before);
    let found = inspect(dir.path()).unwrap();
    let verified = verify_store(dir.path()).unwrap();
    files(dir.path(), &mut after);
    assert_eq!(before, after, "nothing was changed, not even the torn tail");
    assert_eq!((found.segments.len(), found.series, found.tombstones), (1, 3, 1));
    let segment = &found.segments[0];
    assert_eq!(
        (segment.series, segment.samples, segment.max_time_ms),
        (2, 100, 49)
    );
    let samples = segment
        .files
        .iter()
        .find(|file| file.name == "samples.parquet")
        .unwrap();
    let names: Vec<&str> = samples
        .columns
        .iter()
        .map(|column| column.column.as_str())
        .collect();
    assert_eq!(names[..4], ["series", "timestamp", "scaled", "divisor"]);
    let pages: u64 = samples.columns.iter().map(|column| column.bytes).sum();
    assert!(pages > 0 && pages < samples.bytes && segment.bytes_per_sample() > 1.0);
    assert_eq!((found.log.head_series, found.log.torn_bytes), (3, 3));
    assert!(found.log.head_samples >= 15);
    let label = &found.labels[0];
    assert_eq!((label.name.as_str(), label.values, label.series), ("id", 3, 3));
    assert!(verified.is_sound(), "{:?}", verified.faults);
    assert_eq!((verified.segments.len(), verified.tombstones), (1, 1));
    let nothing = verify_store(&dir.path().join("none")).unwrap();
    assert!(nothing.is_sound() && nothing.segments.is_empty());
}

#[tokio::test]
async fn damage_is_named() {
    let dir = tempfile::tempdir().unwrap();
    store(dir.path()).await;
    let segment = fs::read_dir(dir.path().join("segments"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let samples = segment.join("samples.parquet");
    let mut bytes = fs::read(&samples).unwrap();
    bytes[10] ^= 1;
    fs::write(&samples, bytes).unwrap();
    let tombstones = fs::read_dir(dir.path().join("tombstones")).unwrap();
    for entry in tombstones {
        fs::write(entry.unwrap().path(), "{}").unwrap();
    }
    let checkpoint = fs::read_dir(dir.path().join("wal"))
        .unwrap()
        .map(|e| e.unwrap().path())
        .min();
    let checkpoint = checkpoint.unwrap();
    let mut bytes = fs::read(&checkpoint).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&checkpoint, bytes).unwrap();
    let verified = verify_store(dir.path()).unwrap();
    assert_eq!(verified.faults.len(), 3, "{:?}", verified.faults);
    assert_eq!(verified.faults[0].path, segment);
    assert!(
        verified.faults[0]
            .what
            .contains("samples.parquet: damaged segment: checksum differs")
    );
    assert!(verified.log.is_none() && verified.segments.is_empty());
}

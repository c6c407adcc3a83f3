//! The same questions over a real store: from its head, from a segment, and from both.

use std::sync::Arc;

use engine_model::SampleBatchBuilder;
use engine_storage::{AppendOptions, Store, StoreConfig};
use queries_tables::StoreSnapshot;

use super::{ask, ask_with, sample_series};
use crate::SqlConfig;

const QUESTIONS: [&str; 5] = [
    "SELECT * FROM samples ORDER BY labels['__name__'], instance, note, timestamp",
    "SELECT __name__, instance, timestamp, value FROM samples_raw ORDER BY 1, 2, 3, 4",
    "SELECT instance, avg(value) FROM node_load1 WHERE timestamp < '2026-01-01T00:30:00Z' GROUP BY 1 ORDER BY 1",
    "SELECT labels['status.code'] AS code, value FROM samples WHERE \"Path\" = '/A' ORDER BY timestamp",
    "SELECT __name__, note FROM series ORDER BY 1, 2, labels['value']",
];

/// Appends the samples from `from_s` up to `until_s` seconds after midnight.
async fn append(store: &Store, from_s: i64, until_s: i64) {
    for (labels, samples) in sample_series() {
        let mut batch = SampleBatchBuilder::default();
        for (timestamp, value) in samples {
            if (from_s..until_s).contains(&((timestamp - super::MIDNIGHT_MS) / 1000)) {
                batch.push(store.series_table().intern(&labels), timestamp, value);
            }
        }
        let batch = batch.finish(store.series_table());
        store.append(batch, AppendOptions::default()).await.unwrap();
    }
}

async fn compare(store: &Store, place: &str) {
    for sql in QUESTIONS {
        let expected = ask(sql).await.unwrap();
        let snapshot = Arc::new(StoreSnapshot::pin(store));
        let answer = ask_with(SqlConfig::default(), snapshot, sql).await.unwrap();
        assert_eq!(answer, expected, "{place}: {sql}");
    }
}

#[tokio::test]
async fn head_and_segments_answer_alike() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(StoreConfig::new(dir.path())).unwrap();
    append(&store, 0, i64::MAX).await;
    compare(&store, "head").await;
    store.flush().await.unwrap();
    compare(&store, "segment").await;
    store.close().await.unwrap();

    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(StoreConfig::new(dir.path())).unwrap();
    append(&store, 0, 15).await;
    store.flush().await.unwrap();
    append(&store, 15, i64::MAX).await;
    compare(&store, "segment and head").await;
    store.close().await.unwrap();
}

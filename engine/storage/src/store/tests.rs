//! The façade on a real directory: append, read, cut, restart, compaction.

use std::path::Path;

use engine_model::{Labels, Matcher, SampleBatchBuilder};

use super::*;

fn labels(i: usize) -> Labels {
    Labels::from_pairs([("__name__", "m".to_owned()), ("i", i.to_string())])
}

fn open(path: &Path) -> Store {
    Store::open(StoreConfig::new(path)).unwrap()
}

async fn append(store: &Store, samples: &[(usize, i64, f64)], options: AppendOptions) -> AppendOutcome {
    let mut builder = SampleBatchBuilder::default();
    for &(i, timestamp, value) in samples {
        builder.push(store.series_table().intern(&labels(i)), timestamp, value);
    }
    store
        .append(builder.finish(store.series_table()), options)
        .await
        .unwrap()
}

fn read(version: &PinnedVersion) -> Vec<(String, Vec<i64>, Vec<f64>)> {
    let matchers = [Matcher::equal("__name__", "m")];
    let selected = version.select(&matchers, i64::MIN, i64::MAX).unwrap();
    let series = version.read(&selected, i64::MIN, i64::MAX).unwrap();
    series
        .into_iter()
        .map(|s| (s.labels.value("i").to_owned(), s.timestamps, s.values))
        .collect()
}

#[tokio::test]
async fn samples_survive_restarts_and_cuts() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    append(
        &store,
        &[(0, 1000, 1.0), (1, 1000, 2.0)],
        AppendOptions::default(),
    )
    .await;
    append(
        &store,
        &[(0, 2000, 3.0)],
        AppendOptions {
            durable: true,
            ..Default::default()
        },
    )
    .await;
    let expected = vec![
        ("0".to_owned(), vec![1000, 2000], vec![1.0, 3.0]),
        ("1".to_owned(), vec![1000], vec![2.0]),
    ];
    assert_eq!(read(&store.pin()), expected);
    store.close().await.unwrap();
    drop(store);
    let store = open(dir.path());
    assert_eq!(read(&store.pin()), expected, "after a restart");
    let before_cut = store.pin();
    let report = store.flush().await.unwrap();
    assert_eq!((report.segments, report.samples), (1, 3));
    append(&store, &[(0, 3000, 4.0)], AppendOptions::default()).await;
    assert_eq!(read(&before_cut), expected, "a version from before the cut");
    let mut expected = expected;
    expected[0].1.push(3000);
    expected[0].2.push(4.0);
    assert_eq!(read(&store.pin()), expected, "from the segment and the head");
    drop(before_cut);
    store.close().await.unwrap();
    drop(store);
    let store = open(dir.path());
    assert_eq!(read(&store.pin()), expected, "after a cut and a restart");
    assert_eq!(
        append(&store, &[(0, 2500, 0.0)], AppendOptions::default())
            .await
            .accepted,
        0,
        "order is remembered"
    );
}

#[tokio::test]
async fn nothing_is_lost_without_a_close() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    append(&store, &[(0, 1000, 1.0)], AppendOptions::default()).await;
    // As a killed process leaves it: the files as they are, nothing closed.
    let copy = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(copy.path().join("wal")).unwrap();
    for entry in std::fs::read_dir(dir.path().join("wal")).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), copy.path().join("wal").join(entry.file_name())).unwrap();
    }
    assert_eq!(
        read(&open(copy.path()).pin()),
        [("0".to_owned(), vec![1000], vec![1.0])]
    );
}

#[tokio::test]
async fn a_rolled_back_batch_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    append(&store, &[(0, 5000, 1.0)], AppendOptions::default()).await;
    let mut builder = SampleBatchBuilder::default();
    builder.push(store.series_table().intern(&labels(1)), 6000, 1.0);
    builder.push(store.series_table().intern(&labels(0)), 4000, 1.0);
    let options = AppendOptions {
        durable: true,
        on_reject: OnReject::RollBack,
    };
    let error = store
        .append(builder.finish(store.series_table()), options)
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        r#"out of order sample at 4000 ms for series {__name__="m", i="0"}"#
    );
    assert_eq!(read(&store.pin()).len(), 1);
}

#[tokio::test]
async fn compaction_keeps_answers_and_shrinks_the_list() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let minute = 60_000;
    for chunk in 0..6 {
        for step in 0..20 {
            let t = (chunk * 20 + step) * minute;
            append(&store, &[(0, t, t as f64), (1, t, 0.5)], AppendOptions::default()).await;
        }
        store.flush().await.unwrap();
    }
    let before = read(&store.pin());
    let pinned = store.pin();
    let report = store.compact(4 * 3_600_000).await.unwrap();
    assert_eq!((report.segments, report.samples), (1, 240));
    assert_eq!(read(&store.pin()), before);
    assert_eq!(read(&pinned), before, "a reader of the old list");
    store.close().await.unwrap();
    drop((store, pinned));
    assert_eq!(read(&open(dir.path()).pin()), before);
}

#[tokio::test]
async fn a_second_process_is_kept_away() {
    let dir = tempfile::tempdir().unwrap();
    let _store = open(dir.path());
    let error = Store::open(StoreConfig::new(dir.path())).unwrap_err();
    assert!(matches!(error, StoreError::Locked { .. }), "{error}");
}

/// What a process of format version 1 left: a segment, a checkpoint and a log file.
fn copy_of_version_1() -> tempfile::TempDir {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/store-1");
    let dir = tempfile::tempdir().unwrap();
    copy(&fixture, dir.path());
    dir
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let (path, name) = entry.map(|entry| (entry.path(), entry.file_name())).unwrap();
        match path.is_dir() {
            true => copy(&path, &to.join(name)),
            false => drop(std::fs::copy(&path, to.join(name)).unwrap()),
        }
    }
}

#[tokio::test]
async fn a_store_of_version_1_is_read_and_goes_on() {
    let dir = copy_of_version_1();
    let base = 1_700_000_000_000i64;
    let mut store = open(dir.path());
    for restart in 0..3 {
        let found = read(&store.pin());
        let of = |name: &str| found.iter().find(|series| series.0 == name).unwrap();
        let times: Vec<i64> = [0, 1, 2, 3, 4, 5, 7, 8, 9]
            .map(|step| base + 15_000 * step)
            .to_vec();
        assert_eq!(of("0").1[..9], times[..], "restart {restart}");
        assert_eq!(of("1").2[8], 0.1 * 9.0);
        assert_eq!(of("2").2[0].to_bits(), 0x7ff8_0000_0000_0001);
        assert!(engine_model::staleness::is_stale(*of("2").2.last().unwrap()));
        assert_eq!(of("3").2[0].to_bits(), (-0.0f64).to_bits());
        assert_eq!(of("4").2, [1e300; 3]);
        assert_eq!(of("0").1.len(), 9 + restart);
        let next = base + 15_000 * (10 + restart as i64);
        let outcome = append(
            &store,
            &[(0, next, 0.5), (4, base, 0.0)],
            AppendOptions::default(),
        )
        .await;
        assert_eq!(
            (outcome.accepted, outcome.rejected[0].0),
            (1, crate::RejectReason::OutOfOrder)
        );
        store.close().await.unwrap();
        drop(store);
        store = open(dir.path());
    }
}

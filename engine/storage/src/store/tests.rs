//! The façade on a real directory: append, read, cut, restart, compaction.

use std::path::Path;

use engine_model::{Labels, Matcher, SampleBatchBuilder};

use super::*;

pub(super) fn labels(i: usize) -> Labels {
    Labels::from_pairs([("__name__", "m".to_owned()), ("i", i.to_string())])
}

pub(super) fn open(path: &Path) -> Store {
    Store::open(StoreConfig::new(path)).unwrap()
}

pub(super) async fn append(
    store: &Store,
    samples: &[(usize, i64, f64)],
    options: AppendOptions,
) -> AppendOutcome {
    let mut builder = SampleBatchBuilder::default();
    for &(i, timestamp, value) in samples {
        builder.push(store.series_table().intern(&labels(i)), timestamp, value);
    }
    store
        .append(builder.finish(store.series_table()), options)
        .await
        .unwrap()
}

pub(super) fn read(version: &PinnedVersion) -> Vec<(String, Vec<i64>, Vec<f64>)> {
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

pub(super) fn copy(from: &Path, to: &Path) {
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

/// The files as a killed process leaves them.
pub(super) fn killed(store: &Store) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for part in ["wal", "segments"] {
        copy(&store.shared.config.path.join(part), &dir.path().join(part));
    }
    dir
}

#[tokio::test]
async fn batches_are_accepted_while_the_log_is_replayed() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    for step in 1..400i64 {
        let samples: Vec<(usize, i64, f64)> = (0..40).map(|i| (i, 1000 * step, step as f64)).collect();
        append(&store, &samples, AppendOptions::default()).await;
    }
    let mut dir = killed(&store);
    for restart in 0..3 {
        let store = Store::start(StoreConfig::new(dir.path())).unwrap();
        let time = 400_000 + restart as i64;
        // New samples of old and new series, and one that is too late, judged whenever its turn comes.
        let samples = [(0, time, 0.5), (100, time, 1.5), (1, 2000, 9.0)];
        append(
            &store,
            &samples,
            AppendOptions {
                durable: true,
                ..Default::default()
            },
        )
        .await;
        if let Err(error) = store.pin().select(&[], i64::MIN, i64::MAX) {
            assert!(
                matches!(error, StoreError::Replaying { total_bytes: 1.., .. }),
                "{error}"
            );
        }
        store.ready_within(Duration::from_secs(60)).await.unwrap();
        assert!(store.replay_progress().is_done);
        let found = read(&store.pin());
        let of = |name: &str| found.iter().find(|series| series.0 == name).unwrap();
        assert_eq!((of("0").1.len(), of("0").1.last()), (400 + restart, Some(&time)));
        assert_eq!(
            (of("100").2.len(), of("1").1.len(), of("39").1.len()),
            (1 + restart, 399, 399)
        );
        assert_eq!(found.len(), 41);
        if restart == 1 {
            store.flush().await.unwrap();
        }
        dir = killed(&store);
    }
}

#[tokio::test]
async fn late_samples_histograms_and_exemplars_survive_restarts_and_cuts() {
    let dir = tempfile::tempdir().unwrap();
    let config = |dir: &Path| StoreConfig {
        out_of_order_window_ms: 600_000,
        ..StoreConfig::new(dir)
    };
    let histogram = |sum: f64| {
        Arc::new(engine_model::Histogram {
            sum,
            ..engine_model::Histogram::stale()
        })
    };
    let store = Store::open(config(dir.path())).unwrap();
    let table = store.series_table();
    for (time, value) in [(1_000_000, 1.0), (500_000, 0.5), (1_010_000, 2.0), (399_999, 0.0)] {
        let mut builder = SampleBatchBuilder::default();
        let series = table.intern(&labels(0));
        builder.push(series, time, value);
        builder.push_histogram(table.intern(&labels(1)), time, histogram(value));
        builder.push_exemplar(engine_model::Exemplar {
            series,
            labels: Labels::from_pairs([("trace", "1")]),
            timestamp: time,
            value,
        });
        let outcome = store
            .append(builder.finish(table), AppendOptions::default())
            .await
            .unwrap();
        let too_old = usize::from(time < 400_000);
        assert_eq!(
            (outcome.accepted, outcome.histograms),
            (1 - too_old, 1 - too_old),
            "{time}"
        );
    }
    let mut dir = killed(&store);
    for restart in 0..4 {
        let store = Store::open(config(dir.path())).unwrap();
        let version = store.pin();
        let selected = version
            .select(&[Matcher::equal("__name__", "m")], i64::MIN, i64::MAX)
            .unwrap();
        let found = version.read(&selected, i64::MIN, i64::MAX).unwrap();
        assert_eq!(
            found[0].timestamps,
            [500_000, 1_000_000, 1_010_000],
            "restart {restart}"
        );
        assert_eq!(found[0].values, [0.5, 1.0, 2.0]);
        let sums: Vec<(i64, f64)> = found[1]
            .histograms
            .iter()
            .map(|(time, h)| (*time, h.sum))
            .collect();
        assert_eq!(sums, [(500_000, 0.5), (1_000_000, 1.0), (1_010_000, 2.0)]);
        let sets = [vec![Matcher::equal("i", "0")], vec![Matcher::equal("i", "9")]];
        let exemplars = store.exemplars(&sets, 0, i64::MAX).unwrap();
        let times: Vec<i64> = exemplars[0]
            .exemplars
            .iter()
            .map(|exemplar| exemplar.timestamp)
            .collect();
        assert_eq!((exemplars.len(), times), (1, vec![1_000_000, 1_010_000]));
        if restart % 2 == 1 {
            store.flush().await.unwrap();
        }
        dir = killed(&store);
    }
}

#[tokio::test]
async fn beyond_the_limit_of_series_only_known_ones_are_taken() {
    let dir = tempfile::tempdir().unwrap();
    let config = StoreConfig {
        series_max: 2,
        ..StoreConfig::new(dir.path())
    };
    let store = Store::open(config).unwrap();
    append(
        &store,
        &[(0, 1000, 1.0), (1, 1000, 1.0)],
        AppendOptions::default(),
    )
    .await;
    let batch = |time| {
        let mut builder = SampleBatchBuilder::default();
        // The last is out of order, and behind those that the limit refuses.
        for (i, time) in [(0, time), (2, time), (3, time), (1, time), (1, 500)] {
            builder.push(store.series_table().intern(&labels(i)), time, 1.0);
        }
        builder.finish(store.series_table())
    };
    let whole = AppendOptions {
        on_reject: OnReject::RollBack,
        ..AppendOptions::default()
    };
    let error = store.append(batch(2000), whole).await.unwrap_err();
    let AppendError::Rejected { first, .. } = error else {
        panic!("{error:?}")
    };
    assert_eq!(
        (first.row, first.timestamp),
        (4, 500),
        "its row in the whole batch"
    );
    let outcome = store.append(batch(2000), AppendOptions::default()).await.unwrap();
    assert_eq!(outcome.accepted, 2);
    let mut counts = outcome.rejected;
    counts.sort_by_key(|(_, count)| *count);
    assert_eq!(
        counts,
        [
            (crate::RejectReason::OutOfOrder, 1),
            (crate::RejectReason::SeriesLimit, 2)
        ]
    );
    let first = outcome.first_rejected.unwrap();
    assert_eq!(
        (first.row, first.reason, first.labels),
        (1, crate::RejectReason::SeriesLimit, labels(2))
    );
    let read = read(&store.pin());
    assert!(
        read.len() == 2 && read.iter().all(|series| series.1.len() == 2),
        "{read:?}"
    );
    assert_eq!(store.stats().series_limit_hits, 2);
    let cost = store.cardinality(1);
    assert_eq!(
        (cost.series, cost.label_pairs, cost.series_by_metric[0].count),
        (2, 3, 2)
    );
}

//! Batches that are logged while an older log is replayed, and judged later.

use engine_model::SampleBatchBuilder;
use tokio::runtime::Runtime;

use super::tests::{append, killed, labels, open, read};
use super::*;

/// Starts that are tried until one is still replaying when it is looked at.
const STARTS_MAX: usize = 50;
/// Newest time of what the old log holds.
const NEWEST_MS: i64 = 4_000_000;
const LONG_AGO_MS: i64 = 1_000;

fn runtime() -> Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().build().unwrap()
}

/// A store of 40 series that was killed.
fn killed_store(runtime: &Runtime) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    for step in 1..=400i64 {
        let samples: Vec<(usize, i64, f64)> = (0..40).map(|i| (i, 10_000 * step, step as f64)).collect();
        runtime.block_on(append(&store, &samples, AppendOptions::default()));
    }
    killed(&store)
}

/// Starts a store and appends `samples` before anything of its old log is back.
fn append_during_replay(
    runtime: &Runtime,
    config: &StoreConfig,
    samples: &[(usize, i64, f64)],
    on_reject: OnReject,
) -> Store {
    for _ in 0..STARTS_MAX {
        let store = Store::start(config.clone()).unwrap();
        // Nothing is applied while somebody reads the head. What was not even read is not about to be handed over to
        // the committer, which serves nobody while it takes over.
        let reading = store.shared.head.read();
        let progress = store.replay_progress();
        if progress.done_bytes == progress.total_bytes {
            drop(reading);
            runtime.block_on(store.ready()).unwrap();
            runtime.block_on(store.close()).unwrap();
            continue;
        }
        let options = AppendOptions {
            durable: true,
            on_reject,
        };
        let outcome = runtime.block_on(append(&store, samples, options));
        assert_eq!(
            outcome.accepted,
            samples.len(),
            "acknowledged before it is judged"
        );
        assert!(!store.replay_progress().is_done);
        drop(reading);
        runtime.block_on(store.ready()).unwrap();
        return store;
    }
    panic!("each replay was done at once");
}

/// Times of the samples of one series; none when the store does not have it.
fn times(store: &Store, series: usize) -> Vec<i64> {
    let found = read(&store.pin());
    let of_series = found.into_iter().find(|(name, ..)| *name == series.to_string());
    of_series.map_or_else(Vec::new, |(_, times, _)| times)
}

#[test]
fn the_limit_of_series_holds_for_what_was_logged_during_a_replay() {
    let runtime = runtime();
    let dir = killed_store(&runtime);
    let config = |dir: &std::path::Path| StoreConfig {
        series_max: 41,
        ..StoreConfig::new(dir)
    };
    let time = NEWEST_MS + 10_000;
    let samples = [(0, time, 0.5), (100, time, 1.5), (101, time, 1.5), (1, time, 0.5)];
    let store = append_during_replay(&runtime, &config(dir.path()), &samples, OnReject::Drop);
    for restart in 0..2 {
        let store = match restart {
            0 => store.clone(),
            _ => Store::open(config(killed(&store).path())).unwrap(),
        };
        let newest = [0, 1, 100, 101].map(|series| times(&store, series).last().copied());
        assert_eq!(
            newest,
            [Some(time), Some(time), Some(time), None],
            "restart {restart}"
        );
        assert_eq!(
            (store.stats().head_series, store.stats().series_limit_hits),
            (41, 1)
        );
    }
}

#[test]
fn what_is_good_in_an_acknowledged_batch_stays_whatever_else_is_in_it() {
    let runtime = runtime();
    let dir = killed_store(&runtime);
    let samples = [(0, NEWEST_MS + 10_000, 0.5), (1, LONG_AGO_MS, 9.0)];
    let config = StoreConfig::new(dir.path());
    let store = append_during_replay(&runtime, &config, &samples, OnReject::RollBack);
    assert_eq!(times(&store, 0).last(), Some(&(NEWEST_MS + 10_000)));
    assert_eq!(
        times(&store, 1).first(),
        Some(&10_000),
        "out of order, and refused"
    );
    assert_eq!(store.stats().out_of_bounds + store.stats().out_of_order, 1);
}

/// A series whose only samples were refused is in no checkpoint, so the log must define it again.
#[test]
fn a_series_that_was_refused_during_a_replay_can_come_later() {
    let runtime = runtime();
    for flushes in [false, true] {
        let dir = killed_store(&runtime);
        let config = StoreConfig::new(dir.path());
        let store = append_during_replay(&runtime, &config, &[(100, LONG_AGO_MS, 1.0)], OnReject::Drop);
        assert!(times(&store, 100).is_empty());
        if flushes {
            runtime.block_on(store.flush()).unwrap();
        }
        let time = NEWEST_MS + 10_000;
        let mut builder = SampleBatchBuilder::default();
        builder.push(store.series_table().intern(&labels(100)), time, 2.0);
        let batch = builder.finish(store.series_table());
        runtime
            .block_on(store.append(batch, AppendOptions::default()))
            .unwrap();
        assert_eq!(times(&store, 100), [time]);
        let again = Store::open(StoreConfig::new(killed(&store).path())).unwrap();
        assert_eq!(times(&again, 100), [time], "with a cut: {flushes}");
    }
}

//! Fuzzes the start of a store on any log: it opens or says why not, what it has can be read and cut into segments,
//! and after another start it is the same, unless the log breaks what its writer promises: a record names each series
//! once, and samples that were judged ascend in time.
#![no_main]

use std::path::Path;

use engine_model::{MatchOp, Matcher};
use engine_storage::{SeriesSamples, Store, StoreConfig, StoreError};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let root = engine_storage_fuzz::folder();
    if !engine_storage_fuzz::write_log(root.path(), data) {
        return;
    }
    let Ok((store, first)) = open(root.path()) else {
        return;
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    runtime.block_on(store.close()).expect("nothing fails in memory");
    drop(store);
    let (store, second) = open(root.path()).expect("it opened before");
    if keeps_the_writers_rules(&first) {
        assert_eq!(told(&first), told(&second), "after a restart");
    }
    runtime.block_on(store.close()).expect("nothing fails in memory");
});

/// An open store and all that it has.
fn open(root: &Path) -> Result<(Store, Vec<SeriesSamples>), StoreError> {
    let mut tries = 0;
    let store = loop {
        match Store::open(StoreConfig::new(root)) {
            Ok(store) => break store,
            // The last thread of the store before may still be ending.
            Err(StoreError::Locked { .. }) if tries < 1_000 => {
                tries += 1;
                std::thread::sleep(std::time::Duration::from_millis(1));
            }
            Err(error) => return Err(error),
        }
    };
    let version = store.pin();
    let all = [Matcher::new(MatchOp::NotEqual, "__name__", "").expect("no pattern")];
    let selected = version
        .select(&all, i64::MIN, i64::MAX)
        .expect("nothing is corrupt");
    let series = version
        .read(&selected, i64::MIN, i64::MAX)
        .expect("nothing is corrupt");
    Ok((store, series))
}

fn told(series: &[SeriesSamples]) -> String {
    format!("{series:?}")
}

fn keeps_the_writers_rules(series: &[SeriesSamples]) -> bool {
    let ascends = |times: &[i64]| times.windows(2).all(|pair| pair[0] < pair[1]);
    let mut labels: Vec<&[u8]> = series.iter().map(|one| one.labels.encoded()).collect();
    labels.sort_unstable();
    labels.windows(2).all(|pair| pair[0] != pair[1])
        && series.iter().all(|one| {
            let histograms: Vec<i64> = one.histograms.iter().map(|(time, _)| *time).collect();
            ascends(&one.timestamps) && ascends(&histograms)
        })
}

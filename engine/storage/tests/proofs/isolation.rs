//! A pinned version is one moment: while batches are appended and the store cuts, compacts and deletes, each read of
//! it finds whole commits only, and the same ones every time.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

use engine_model::{Labels, Matcher, SampleBatchBuilder};
use engine_storage::{AppendOptions, OnReject, PinnedVersion, Store, StoreConfig};
use tokio::runtime::Runtime;

use crate::cases::{Chance, cases};

/// Targets, each scraped by a thread of its own.
const TARGETS: u64 = 3;
/// Series of a target. Their values at one time add up to zero.
const SERIES: u64 = 8;
/// Scrapes of each target.
const SCRAPES: u64 = 150;
/// Between two scrapes: long enough that a run spans many half hours.
const STEP_MS: i64 = 3 * 60_000;
/// Scrapes by which a target may be ahead of another: well below an hour.
const AHEAD_MAX: i64 = 5;
const START_MS: i64 = 1_700_000_000_000;

/// Values by time and then by series.
type Times = BTreeMap<i64, BTreeMap<u64, f64>>;

#[test]
fn a_pinned_version_has_whole_commits_and_never_changes() {
    cases(3, |chance| Run::new().run(&chance));
}

struct Run {
    store: Store,
    runtime: Runtime,
    /// Newest time that every thread may take as the present.
    now_ms: AtomicI64,
    /// Samples of a target before its time here may have been deleted.
    deleted_ms: [AtomicI64; TARGETS as usize],
    /// Scrapes that each target has behind it.
    scraped: [AtomicI64; TARGETS as usize],
    scraping: AtomicU64,
    failed: AtomicBool,
    _folder: tempfile::TempDir,
}

impl Run {
    fn new() -> Arc<Self> {
        let folder = tempfile::tempdir().unwrap();
        Arc::new(Self {
            store: Store::open(StoreConfig::new(folder.path())).unwrap(),
            runtime: Runtime::new().unwrap(),
            now_ms: AtomicI64::new(START_MS),
            deleted_ms: std::array::from_fn(|_| AtomicI64::new(i64::MIN)),
            scraped: std::array::from_fn(|_| AtomicI64::new(0)),
            scraping: AtomicU64::new(TARGETS),
            failed: AtomicBool::new(false),
            _folder: folder,
        })
    }

    fn run(self: Arc<Self>, chance: &Chance) {
        let mut chance = chance.clone();
        let mut threads = Vec::new();
        for target in 0..TARGETS {
            let (run, chance) = (Arc::clone(&self), Chance(chance.next()));
            threads.push(std::thread::spawn(move || {
                run.guarded(|run| run.scrape(target, chance))
            }));
        }
        for _ in 0..2 {
            let (run, chance) = (Arc::clone(&self), Chance(chance.next()));
            threads.push(std::thread::spawn(move || run.guarded(|run| run.read(chance))));
        }
        let (run, chance) = (Arc::clone(&self), Chance(chance.next()));
        threads.push(std::thread::spawn(move || {
            run.guarded(|run| run.maintain(chance))
        }));
        for thread in threads {
            thread.join().unwrap();
        }
        let version = self.store.pin();
        for target in 0..TARGETS {
            let times = whole_commits(&version, target);
            let deleted = self.deleted_ms[target as usize].load(Ordering::SeqCst);
            let kept = (0..SCRAPES as i64).filter(|scrape| START_MS + scrape * STEP_MS >= deleted);
            let missing = kept
                .map(|scrape| START_MS + scrape * STEP_MS)
                .find(|time| !times.contains_key(time));
            assert_eq!(missing, None, "target {target}");
        }
        self.runtime.block_on(self.store.close()).unwrap();
    }

    /// Ends the other threads too when one fails.
    fn guarded(&self, work: impl FnOnce(&Self)) {
        struct Failing<'a>(&'a AtomicBool);
        impl Drop for Failing<'_> {
            fn drop(&mut self) {
                self.0.fetch_or(std::thread::panicking(), Ordering::SeqCst);
            }
        }
        let _failing = Failing(&self.failed);
        work(self);
    }

    fn goes_on(&self) -> bool {
        self.scraping.load(Ordering::SeqCst) > 0 && !self.failed.load(Ordering::SeqCst)
    }

    fn scrape(&self, target: u64, mut chance: Chance) {
        let table = self.store.series_table();
        for scrape in 0..SCRAPES as i64 {
            let time = START_MS + scrape * STEP_MS;
            let mut builder = SampleBatchBuilder::default();
            let mut sum = 0.0;
            for series in 0..SERIES {
                let value = if series + 1 < SERIES {
                    chance.below(1_000) as f64
                } else {
                    -sum
                };
                sum += value;
                builder.push(table.intern(&labels(target, series)), time, value);
            }
            let options = AppendOptions {
                durable: chance.one_in(4),
                on_reject: OnReject::RollBack,
            };
            let appended = self
                .runtime
                .block_on(self.store.append(builder.finish(table), options));
            assert_eq!(appended.unwrap().accepted, SERIES as usize);
            self.now_ms.fetch_max(time, Ordering::SeqCst);
            // What was answered is visible to a version that is pinned now.
            if chance.one_in(8) {
                assert!(whole_commits(&self.store.pin(), target).contains_key(&time));
            }
            self.scraped[target as usize].store(scrape + 1, Ordering::SeqCst);
            // No target runs so far ahead that the samples of the others are too old for the store.
            while self.goes_on()
                && self
                    .scraped
                    .iter()
                    .any(|other| other.load(Ordering::SeqCst) + AHEAD_MAX < scrape)
            {
                std::thread::yield_now();
            }
            if self.failed.load(Ordering::SeqCst) {
                break;
            }
        }
        self.scraping.fetch_sub(1, Ordering::SeqCst);
    }

    fn read(&self, mut chance: Chance) {
        while self.goes_on() {
            let target = chance.below(TARGETS);
            let earlier = self.store.pin();
            let first = whole_commits(&earlier, target);
            for _ in 0..chance.below(4) {
                std::thread::yield_now();
                let again = whole_commits(&earlier, target);
                assert_eq!(again, first, "a pinned version changed for target {target}");
            }
            let later = self.store.pin();
            assert!(later.commit() >= earlier.commit());
            let now = whole_commits(&later, target);
            let deleted = self.deleted_ms[target as usize].load(Ordering::SeqCst);
            let gone = first
                .keys()
                .find(|&&time| time >= deleted && !now.contains_key(&time));
            assert_eq!(gone, None, "a later version of target {target} has less");
        }
    }

    fn maintain(&self, mut chance: Chance) {
        while self.goes_on() {
            let now_ms = self.now_ms.load(Ordering::SeqCst);
            match chance.below(5) {
                0 => drop(self.runtime.block_on(self.store.flush()).unwrap()),
                1 | 2 => drop(self.runtime.block_on(self.store.cut_due(now_ms)).unwrap()),
                3 => drop(self.runtime.block_on(self.store.compact(now_ms)).unwrap()),
                _ => self.delete(&mut chance, now_ms),
            }
        }
    }

    /// Deletes the older half of a target, as far as it has been scraped: what comes later is not deleted.
    fn delete(&self, chance: &mut Chance, now_ms: i64) {
        let target = chance.below(TARGETS);
        let scraped = self.scraped[target as usize].load(Ordering::SeqCst);
        let before_ms = (START_MS + (now_ms - START_MS) / 2).min(START_MS + scraped * STEP_MS);
        self.deleted_ms[target as usize].fetch_max(before_ms, Ordering::SeqCst);
        let matchers = vec![vec![Matcher::equal("target", target.to_string())]];
        let deleted = self.store.delete(matchers, i64::MIN, before_ms - 1, now_ms);
        self.runtime.block_on(deleted).unwrap();
        let left = whole_commits(&self.store.pin(), target);
        let back = left.keys().find(|&&time| time < before_ms);
        assert_eq!(back, None, "deleted from target {target} before {before_ms}");
    }
}

fn labels(target: u64, series: u64) -> Labels {
    Labels::from_pairs([
        ("__name__", format!("part_{}", series % 3)),
        ("series", series.to_string()),
        ("target", target.to_string()),
    ])
}

/// The samples of a target. At each time there are all its series, and their values add up to zero.
fn whole_commits(version: &PinnedVersion, target: u64) -> Times {
    let matchers = [Matcher::equal("target", target.to_string())];
    let selected = version.select(&matchers, i64::MIN, i64::MAX).unwrap();
    let mut times = Times::new();
    for series in version.read(&selected, i64::MIN, i64::MAX).unwrap() {
        let number: u64 = series.labels.value("series").parse().unwrap();
        for (&time, &value) in series.timestamps.iter().zip(&series.values) {
            let before = times.entry(time).or_default().insert(number, value);
            assert_eq!(before, None, "series {number} of target {target} twice at {time}");
        }
    }
    for (time, values) in &times {
        assert_eq!(
            values.len() as u64,
            SERIES,
            "a part of a commit at {time}: {values:?}"
        );
        assert_eq!(
            values.values().sum::<f64>(),
            0.0,
            "two commits mixed at {time}: {values:?}"
        );
    }
    times
}

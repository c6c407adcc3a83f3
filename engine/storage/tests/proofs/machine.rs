//! A store on a disk that forgets: it can be killed, lose its power, and come back.

use std::sync::Arc;
use std::time::Duration;

use engine_model::histogram::{Counts, Histogram, ResetHint, Span};
use engine_model::{Matcher, SampleBatch, SampleBatchBuilder};
use engine_storage::disk::{ForgetfulDisk, Keep};
use engine_storage::{AppendOptions, AppendOutcome, Fsync, Store, StoreConfig, StoreError};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::ledger::{Found, Sample, labels};

/// Samples that are older than the newest by no more than this are accepted.
pub(crate) const LATE_MS: i64 = 40 * 60_000;
/// How often a restart waits for the killed store's last thread, a hundredth of a second each time.
const LOCK_TRIES_MAX: usize = 1_000;

pub(crate) struct Machine {
    /// `None` while it is down.
    store: Option<Store>,
    pub(crate) disk: ForgetfulDisk,
    pub(crate) runtime: Runtime,
    fsync: Fsync,
    folder: TempDir,
}

impl Machine {
    pub(crate) fn new(fsync: Fsync) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        Self {
            store: None,
            disk: ForgetfulDisk::new(folder.path()).unwrap(),
            runtime,
            fsync,
            folder,
        }
    }

    /// The folder of the store.
    pub(crate) fn data(&self) -> std::path::PathBuf {
        self.folder.path().join("data")
    }

    pub(crate) fn store(&self) -> &Store {
        self.store.as_ref().expect("it runs")
    }

    /// Opens the store and waits until all is back.
    pub(crate) fn start(&mut self) -> Result<(), StoreError> {
        self.start_by(Store::open)
    }

    /// Opens the store; its log may still be replayed when this returns.
    pub(crate) fn begin(&mut self) -> Result<(), StoreError> {
        self.start_by(Store::start)
    }

    fn start_by(&mut self, open: fn(StoreConfig) -> Result<Store, StoreError>) -> Result<(), StoreError> {
        let mut config = StoreConfig::new(self.data());
        config.fsync = self.fsync;
        config.out_of_order_window_ms = LATE_MS;
        config.compaction_share = 1.0;
        config.reads_starts = true;
        config.disk = Arc::new(self.disk.clone());
        for _ in 0..LOCK_TRIES_MAX {
            match open(config.clone()) {
                Err(StoreError::Locked { .. }) => std::thread::sleep(Duration::from_millis(10)),
                Err(error) => return Err(error),
                Ok(store) => {
                    self.store = Some(store);
                    let quarantine = self.data().join("quarantine");
                    assert!(!quarantine.exists(), "a segment was torn");
                    return Ok(());
                }
            }
        }
        panic!("the killed store still holds its lock");
    }

    /// Ends the process as SIGKILL does: nothing more reaches the disk, all that did is shown.
    pub(crate) fn kill(&mut self) {
        self.disk.power_off_after(0);
        drop(self.store.take());
        // The lock is free when the last thread has gone.
        for _ in 0..LOCK_TRIES_MAX {
            let lock = std::fs::File::open(self.data().join("lock"));
            if lock.is_err() || lock.is_ok_and(|file| file.try_lock().is_ok()) {
                self.disk.power_on();
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("the killed store still holds its lock");
    }

    /// Ends the process together with the power; the next start finds what the disk kept.
    pub(crate) fn lose_power(&mut self, keep: Keep) {
        self.kill();
        let folder = tempfile::tempdir().unwrap();
        self.disk.lose_power(keep, folder.path()).unwrap();
        self.disk = ForgetfulDisk::new(folder.path()).unwrap();
        self.folder = folder;
    }

    /// Another machine, running, with what this one's disk would keep if the power went now.
    pub(crate) fn after_power_loss(&self, keep: Keep) -> Self {
        let mut other = Self::new(self.fsync);
        self.disk.lose_power(keep, other.folder.path()).unwrap();
        other.disk_is_as_shown();
        other.start().unwrap();
        other
    }

    /// Takes the files as they are now as what the disk holds.
    pub(crate) fn disk_is_as_shown(&mut self) {
        self.disk = ForgetfulDisk::new(self.folder.path()).unwrap();
    }

    pub(crate) fn batch(&self, samples: &[Sample]) -> SampleBatch {
        let table = self.store().series_table();
        let mut builder = SampleBatchBuilder::default();
        let (mut float_starts, mut histogram_starts) = (Vec::new(), Vec::new());
        for &(series, time, bits) in samples {
            let reference = table.intern(&labels(series));
            let start_ms = start_of(series, time, bits).unwrap_or(0);
            if is_histogram(series) {
                builder.push_histogram(reference, time, Arc::new(histogram(bits)));
                histogram_starts.push(start_ms);
            } else {
                builder.push(reference, time, f64::from_bits(bits));
                float_starts.push(start_ms);
            }
        }
        builder.set_float_starts(float_starts);
        builder.set_histogram_starts(histogram_starts);
        builder.finish(table)
    }

    pub(crate) fn append(
        &self,
        samples: &[Sample],
        durable: bool,
    ) -> Result<AppendOutcome, engine_storage::AppendError> {
        let options = AppendOptions {
            durable,
            ..AppendOptions::default()
        };
        self.runtime
            .block_on(self.store().append(self.batch(samples), options))
    }

    /// All samples that the store has now. Times must ascend in each series.
    pub(crate) fn read(&self) -> Found {
        read(self.store())
    }
}

/// Series of which each sample is a native histogram.
fn is_histogram(series: u64) -> bool {
    series % 4 == 3
}

/// When what a sample counts began: some series never say it, others mostly do, and it stays for a while.
fn start_of(series: u64, time: i64, bits: u64) -> Option<i64> {
    let says = !series.is_multiple_of(3) && !(bits >> 40 ^ bits).is_multiple_of(7);
    says.then(|| time.div_euclid(120_000) * 120_000 - 1)
}

/// The histogram that stands for a value: its sum, and buckets that follow from it.
fn histogram(bits: u64) -> Histogram {
    let spread = bits >> 32 ^ bits;
    let spans = vec![
        Span {
            offset: (spread % 7) as i32 - 3,
            length: 2,
        },
        Span {
            offset: (spread % 3) as i32,
            length: 1,
        },
    ];
    let counts = if spread.is_multiple_of(5) {
        Counts::Float {
            count: 7.25,
            zero: 0.25,
            positive: vec![1.5, 2.5, 3.0],
            negative: Vec::new(),
        }
    } else {
        let first = (spread % 1_000) as i64;
        Counts::Integer {
            count: 3 * first as u64 + 2,
            zero: 1,
            positive: vec![first, 1, -1],
            negative: Vec::new(),
        }
    };
    Histogram {
        schema: (spread % 9) as i32,
        reset_hint: ResetHint::Unknown,
        zero_threshold: 1e-9,
        sum: f64::from_bits(bits),
        positive_spans: spans,
        negative_spans: Vec::new(),
        custom_values: Vec::new(),
        counts,
    }
}

/// See [`Machine::read`].
pub(crate) fn read(store: &Store) -> Found {
    let version = store.pin();
    let matchers = [Matcher::equal("__name__", "m")];
    let selected = version.select(&matchers, i64::MIN, i64::MAX).unwrap();
    let mut found = Found::new();
    for series in version.read(&selected, i64::MIN, i64::MAX).unwrap() {
        let number: u64 = series.labels.value("series").parse().unwrap();
        assert_eq!(series.labels, labels(number));
        assert!(
            series.timestamps.is_sorted_by(|a, b| a < b),
            "series {number} twice at a time"
        );
        assert!(
            series.histograms.is_sorted_by(|a, b| a.0 < b.0),
            "series {number} twice at a time"
        );
        for (time, found_histogram) in &series.histograms {
            let bits = found_histogram.sum.to_bits();
            let wanted = histogram(bits);
            assert_eq!(format!("{found_histogram:?}"), format!("{wanted:?}"));
            found.insert((number, *time), bits);
        }
        assert!(series.timestamps.is_empty() || !is_histogram(number));
        for (&time, value) in series.timestamps.iter().zip(&series.values) {
            found.insert((number, time), value.to_bits());
        }
        let samples = found.range((number, i64::MIN)..=(number, i64::MAX));
        let starts = samples.filter_map(|((_, time), bits)| Some((*time, start_of(number, *time, *bits)?)));
        assert_eq!(
            series.starts,
            starts.collect::<Vec<_>>(),
            "starts of series {number}"
        );
    }
    found
}

//! The real storage as an engine of scripts: what is loaded is brought into a state that stores get into.

use std::future::Future;
use std::io;
use std::sync::Arc;

use engine_model::{Labels, Matcher, SampleBatchBuilder};
use engine_storage::{AppendOptions, Fsync, OnReject, Store, StoreConfig};
use queries_promql::division::Division;
use queries_promql::testscript::{Engine, EvalOutcome, Evaluated, LoadedPoint, Sample};
use queries_promql::{EngineConfig, QueryError, QueryOptions, QueryResult};
use queries_tables::StoreSnapshot;
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// Where the samples are when questions are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// In the head, as they came.
    Head,
    /// Cut into a segment after each load.
    Cut,
    /// Cut after each third of the time, the last one in the head.
    Pieces,
    /// As [`State::Pieces`], then cut and compacted.
    Compacted,
    /// Every other sample comes late: some before the cut, some after it, out of order in the head.
    Late,
    /// As [`State::Pieces`], then the store is closed and opened again, which reads the log of what is in the head.
    Restarted,
    /// Among samples that were deleted: of the same series beyond the end, and of series that are gone.
    BesideDeleted,
    /// Between samples that were deleted, in segments and in what was the head.
    BetweenDeleted,
    /// As [`State::BetweenDeleted`], then cut and compacted.
    BetweenDeletedCompacted,
    /// In the place of others of the same times, which were deleted.
    InPlaceOfDeleted,
    /// As [`State::InPlaceOfDeleted`], then cut and compacted.
    InPlaceOfDeletedCompacted,
}

/// A sample and the series it is of, as a number.
pub(crate) type Placed<'p> = (usize, &'p LoadedPoint);

/// Beyond all times of scripts.
const FAR_MS: i64 = 1 << 40;

/// Runs scripts on a store. It blocks the calling thread, which must not belong to an async runtime.
pub(crate) struct StoredEngine {
    state: State,
    engine: queries_promql::Engine,
    runtime: Runtime,
    /// None while it is opened again.
    store: Option<Store>,
    /// After the store, which writes there.
    folder: TempDir,
}

impl StoredEngine {
    pub(crate) fn new(config: EngineConfig, state: State) -> io::Result<Self> {
        let runtime = Runtime::new()?;
        let folder = TempDir::new()?;
        let store = Some(open(&runtime, &folder)?);
        Ok(Self {
            state,
            engine: queries_promql::Engine::new(config, runtime.handle().clone()),
            runtime,
            store,
            folder,
        })
    }

    /// The same, whose queries are divided into tasks.
    pub(crate) fn divided(self, division: Division) -> Self {
        Self {
            engine: self.engine.divided(division),
            ..self
        }
    }

    fn store(&self) -> &Store {
        self.store.as_ref().expect("the store is open")
    }

    fn restart(&mut self) {
        if let Some(store) = self.store.take() {
            self.runtime.block_on(store.close()).unwrap();
        }
        self.store = Some(open(&self.runtime, &self.folder).unwrap());
        self.runtime.block_on(self.store().ready()).unwrap();
    }

    pub(crate) fn append<'p>(&self, labels: &[Labels], samples: impl IntoIterator<Item = Placed<'p>>) {
        let table = self.store().series_table();
        let refs: Vec<_> = labels.iter().map(|labels| table.intern(labels)).collect();
        let mut batch = SampleBatchBuilder::default();
        let mut starts = (Vec::new(), Vec::new());
        for (series, point) in samples {
            match &point.sample {
                Sample::Float(value) => {
                    batch.push(refs[series], point.at_ms, *value);
                    starts.0.push(point.start_ms.unwrap_or(0));
                }
                Sample::Histogram(histogram) => {
                    let stored = Arc::new(histogram.to_histogram());
                    batch.push_histogram(refs[series], point.at_ms, stored);
                    starts.1.push(point.start_ms.unwrap_or(0));
                }
            }
        }
        if batch.is_empty() {
            return;
        }
        batch.set_float_starts(starts.0);
        batch.set_histogram_starts(starts.1);
        let options = AppendOptions {
            durable: false,
            on_reject: OnReject::Drop,
        };
        let append = self.store().append(batch.finish(table), options);
        let outcome = self.runtime.block_on(append).unwrap();
        assert!(outcome.rejected.is_empty(), "{outcome:?}");
    }

    fn flush(&self) {
        self.runtime.block_on(self.store().flush()).unwrap();
    }

    fn compact(&self) {
        self.flush();
        // A day later everything is old enough.
        self.runtime.block_on(self.store().compact(FAR_MS)).unwrap();
    }

    /// Appends thirds of the time one after another, each but the last followed by a cut.
    fn append_pieces(&self, labels: &[Labels], samples: &[Placed<'_>]) {
        let end = samples.iter().map(|(_, point)| point.at_ms + 1).max();
        let end = end.unwrap_or_default();
        for third in 0..3 {
            if third > 0 {
                self.flush();
            }
            let within = samples.iter().filter(|(_, point)| point.at_ms * 3 / end == third);
            self.append(labels, within.copied());
        }
    }

    fn append_late(&self, labels: &[Labels], samples: &[Placed<'_>]) {
        let nth = |n: usize| {
            let numbered = samples.iter().enumerate();
            numbered
                .filter(move |(i, _)| i % 4 == n)
                .map(|(_, sample)| *sample)
        };
        self.append(labels, nth(0));
        self.append(labels, nth(2));
        self.flush();
        self.append(labels, nth(3));
        self.append(labels, nth(1));
    }

    fn append_beside_deleted(&self, labels: &[Labels], samples: &[Placed<'_>]) {
        let far = LoadedPoint {
            at_ms: FAR_MS / 4,
            sample: Sample::Float(1.0),
            start_ms: None,
        };
        self.append(labels, (0..labels.len()).map(|series| (series, &far)));
        self.append(labels, samples.iter().copied());
        self.delete(labels, FAR_MS / 8, FAR_MS);
    }

    /// Deletes what these series have in `[start_ms, end_ms]`.
    pub(crate) fn delete(&self, labels: &[Labels], start_ms: i64, end_ms: i64) {
        let of_series = |labels: &Labels| {
            labels
                .iter()
                .map(|(name, value)| Matcher::equal(name, value))
                .collect()
        };
        let sets: Vec<Vec<Matcher>> = labels.iter().map(of_series).collect();
        let delete = self.store().delete(sets, start_ms, end_ms, FAR_MS);
        self.runtime.block_on(delete).unwrap();
    }

    fn wait(&self, query: impl Future<Output = Result<QueryResult, QueryError>>) -> EvalOutcome {
        match self.runtime.block_on(query) {
            Ok(result) => Ok(Evaluated {
                value: result.value.into(),
                warnings: result.warnings,
                infos: result.infos,
            }),
            Err(error) => Err(error.to_string()),
        }
    }
}

fn open(runtime: &Runtime, folder: &TempDir) -> io::Result<Store> {
    let _guard = runtime.enter();
    let config = StoreConfig {
        out_of_order_window_ms: 2 * FAR_MS,
        fsync: Fsync::Never,
        compaction_share: 1.0,
        reads_starts: true,
        ..StoreConfig::new(folder.path())
    };
    Store::open(config).map_err(io::Error::other)
}

impl Engine for StoredEngine {
    fn clear(&mut self) {
        self.store = None;
        self.folder = TempDir::new().unwrap();
        self.store = Some(open(&self.runtime, &self.folder).unwrap());
    }

    fn load(&mut self, series: &[(Labels, Vec<LoadedPoint>)]) {
        let labels: Vec<Labels> = series.iter().map(|(labels, _)| labels.clone()).collect();
        let numbered = series.iter().enumerate();
        let mut samples: Vec<Placed<'_>> = numbered
            .flat_map(|(i, (_, points))| points.iter().map(move |point| (i, point)))
            .collect();
        samples.sort_by_key(|(_, point)| point.at_ms);
        match self.state {
            State::Head | State::Cut => self.append(&labels, samples),
            State::Pieces | State::Compacted | State::Restarted => self.append_pieces(&labels, &samples),
            State::Late => self.append_late(&labels, &samples),
            State::BesideDeleted => self.append_beside_deleted(&labels, &samples),
            State::BetweenDeleted | State::BetweenDeletedCompacted => {
                self.append_between_deleted(&labels, &samples);
            }
            State::InPlaceOfDeleted | State::InPlaceOfDeletedCompacted => {
                self.append_in_place_of_deleted(&labels, &samples);
            }
        }
        match self.state {
            State::Cut => self.flush(),
            State::Compacted | State::BetweenDeletedCompacted | State::InPlaceOfDeletedCompacted => {
                self.compact();
            }
            State::Restarted => self.restart(),
            _ => {}
        }
    }

    fn instant(&mut self, expr: &str, at_ms: i64) -> EvalOutcome {
        let snapshot = Arc::new(StoreSnapshot::pin(self.store()));
        self.wait(
            self.engine
                .instant(snapshot, expr, at_ms, QueryOptions::default()),
        )
    }

    fn range(&mut self, expr: &str, start_ms: i64, end_ms: i64, step_ms: i64) -> EvalOutcome {
        let snapshot = Arc::new(StoreSnapshot::pin(self.store()));
        let options = QueryOptions::default();
        self.wait(
            self.engine
                .range(snapshot, expr, start_ms, end_ms, step_ms, options),
        )
    }
}

//! From a scraped body to one batch: samples, stale markers and the report, all or nothing. Pure:
//! time is an argument.

mod gone;
mod read;
mod synthesis;
mod zeros;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use connectors_formats::exposition::{Format, Options, Parser};
use engine_model::histogram::Histogram;
use engine_model::staleness::STALE_NAN;
use engine_model::{Exemplar, Labels, SampleBatch, SampleBatchBuilder, SeriesRef, SeriesTable};
use parking_lot::Mutex;

use crate::IngestFeatures;
use crate::counter_zero::empty_histogram;

use super::config::ScrapeConfig;
use super::line_cache::{Ended, Key, Line, LineCache, LineId, LineSeries, Tracked};
use super::metadata::{MetadataDictionary, TargetMetadata};
use super::report::{Report, ReportSeries};
use super::series_limit::{SeriesLimit, SeriesShare};
use super::target::Target;
use gone::{Gone, GoneCounters};
use read::Run;
pub(super) use read::{BodyError, Reading};
use synthesis::Synthesis;
use zeros::{Candidate, History, Zero};

/// After this long without an accepted sample the store may be about to forget a series, so cached
/// references are looked up again. The store keeps idle series for an hour.
const TRUST_REFERENCES_MS: i64 = 600_000;

/// What the targets of a job share for reading their bodies.
#[derive(Debug, Clone, Default)]
pub(super) struct Shared {
    /// Names the series of every batch.
    pub(super) table: Arc<SeriesTable>,
    /// One copy of what targets say of their metrics.
    pub(super) dictionary: Arc<MetadataDictionary>,
    /// How many series the job may have.
    pub(super) limit: Arc<SeriesLimit>,
    /// What is done with start timestamps, types and units.
    pub(super) features: IngestFeatures,
}

/// How the running scrape went so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Outcome {
    /// There is no body, or it was refused.
    #[default]
    Failed,
    /// The body has no byte: a scrape without samples, after which the lines are still expected.
    Empty,
    /// The body was read.
    Full,
}

/// The series of a row: its reference, or with the highest bit the number of its labels among the new
/// ones of this scrape. References are dense, so that bit is free.
#[derive(Debug, Clone, Copy)]
struct RowSeries(u64);

const PENDING_BIT: u64 = 1 << 63;

impl RowSeries {
    #[inline]
    fn of(series: LineSeries) -> Self {
        match series {
            LineSeries::Known(series) => Self(series.0),
            LineSeries::Pending(number) => Self(PENDING_BIT | number as u64),
            LineSeries::Dropped | LineSeries::OverLimit | LineSeries::Awaited => {
                unreachable!("such a line has no row")
            }
        }
    }

    /// The reference, and whether the table had the series before this scrape.
    #[inline]
    fn resolve(self, interned: &[(SeriesRef, bool)]) -> (SeriesRef, bool) {
        match self.0 & PENDING_BIT {
            0 => (SeriesRef(self.0), true),
            _ => interned[(self.0 & !PENDING_BIT) as usize],
        }
    }
}

#[derive(Debug)]
struct Row {
    series: RowSeries,
    timestamp: i64,
    value: f64,
}

#[derive(Debug)]
struct ExemplarRow {
    series: RowSeries,
    labels: Labels,
    timestamp: i64,
    value: f64,
}

/// Makes the batches of one target. What it holds between two scrapes counts for each of thousands.
#[derive(Debug)]
pub(super) struct Assembler {
    target: Arc<Target>,
    config: Arc<ScrapeConfig>,
    table: Arc<SeriesTable>,
    dictionary: Arc<MetadataDictionary>,
    metadata: Arc<Mutex<TargetMetadata>>,
    share: SeriesShare,
    report: ReportSeries,
    cache: LineCache,
    features: IngestFeatures,
    /// Whether zeros are made of start timestamps.
    uses_starts: bool,
    /// What makes starts of cumulative series that say none, where that is asked for.
    synthesis: Option<Box<Synthesis>>,

    // The running scrape.
    outcome: Outcome,
    rows: Vec<Row>,
    histograms: Vec<(RowSeries, i64, Arc<Histogram>)>,
    /// When what rows and histograms count began, ms, 0 where it is not said; kept where they are stored.
    row_starts: Vec<i64>,
    histogram_starts: Vec<i64>,
    exemplars: Vec<ExemplarRow>,
    /// Labels of the series that are not in the table yet.
    pending: Vec<Labels>,
    /// Lines that were known under another meaning before.
    renewed: Vec<(LineId, LineSeries)>,
    candidates: Vec<Candidate>,

    // What later scrapes need.
    /// Series whose marker was lost with its batch, or that a replaced loop tracked.
    owed: Vec<Tracked>,
    /// Markers of the latest batch, until it is committed.
    marked: Vec<Tracked>,
    gone: GoneCounters,
    /// A hash of the latest exemplar of each line that has one without a time.
    timeless_exemplars: HashMap<Key, u64>,
    /// Time of the latest successful scrape, in ms.
    previous_ms: Option<i64>,
    /// When the store last took all that it was given, in ms; 0 when it has not.
    accepted_ms: i64,
}

/// What a scrape gives to the store.
#[derive(Debug)]
pub(super) struct Batches {
    /// Zeros of counters that begin, to be committed first; the store may refuse those that it has newer
    /// samples for.
    pub(super) zeros: Option<SampleBatch>,
    /// The scrape.
    pub(super) scrape: SampleBatch,
}

impl Assembler {
    /// An assembler for a target. `tracked` are the series of the loop that it replaces, if any.
    pub(super) fn new(
        target: Arc<Target>,
        config: Arc<ScrapeConfig>,
        shared: &Shared,
        metadata: Arc<Mutex<TargetMetadata>>,
        tracked: Vec<Tracked>,
    ) -> Self {
        let report = ReportSeries::new(
            &target.labels,
            config.extra_scrape_metrics,
            target.timeout_ms,
            config.limits.samples,
        );
        Self {
            features: shared.features,
            uses_starts: shared.features.start_timestamp_zeros || config.new_counters_from_zero,
            synthesis: shared.features.synthesized_starts.then(Box::default),
            target,
            config,
            table: Arc::clone(&shared.table),
            dictionary: Arc::clone(&shared.dictionary),
            metadata,
            share: SeriesShare::new(Arc::clone(&shared.limit)),
            report,
            cache: LineCache::default(),
            outcome: Outcome::Failed,
            rows: Vec::new(),
            histograms: Vec::new(),
            row_starts: Vec::new(),
            histogram_starts: Vec::new(),
            exemplars: Vec::new(),
            pending: Vec::new(),
            renewed: Vec::new(),
            candidates: Vec::new(),
            owed: tracked,
            marked: Vec::new(),
            gone: GoneCounters::default(),
            timeless_exemplars: HashMap::new(),
            previous_ms: None,
            accepted_ms: 0,
        }
    }

    /// Reads a body that is scraped at `at_ms`. The reading is also right as far as a refused body went.
    pub(super) fn read(
        &mut self,
        format: Format,
        body: &[u8],
        at_ms: i64,
        now_ms: i64,
    ) -> (Reading, Result<(), BodyError>) {
        self.outcome = Outcome::Empty;
        if body.is_empty() {
            return (Reading::default(), Ok(()));
        }
        self.rows = Vec::with_capacity(self.cache.lines().len());
        self.cache.begin();
        let histograms = self.target.histograms;
        let options = Options {
            ignore_native_histograms: !histograms.native,
            keep_classic_histograms: histograms.always_classic,
            convert_classic_histograms: histograms.classic_to_custom,
            skip_created_series: self.features.reads_starts(),
            describe_series: self.features.type_and_unit_labels,
        };
        let mut run = Run {
            at_ms,
            now_ms,
            trusted: now_ms - self.accepted_ms <= TRUST_REFERENCES_MS,
            counted: 0,
            over_buckets: false,
            reading: Reading::default(),
            family: None,
        };
        let result = self.read_entries(&mut Parser::new(format, body, options), &mut run);
        self.metadata.lock().end_scrape(result.is_ok());
        match result {
            Ok(()) => self.outcome = Outcome::Full,
            Err(_) => {
                self.outcome = Outcome::Failed;
                self.roll_back();
            }
        }
        (run.reading, result)
    }

    fn roll_back(&mut self) {
        self.rows = Vec::new();
        self.histograms = Vec::new();
        self.row_starts = Vec::new();
        self.histogram_starts = Vec::new();
        self.exemplars = Vec::new();
        self.candidates = Vec::new();
        self.pending = Vec::new();
        for (line, before) in std::mem::take(&mut self.renewed) {
            if before == LineSeries::OverLimit {
                self.share.give_back(1);
            }
            self.cache.set_series(line, before);
        }
        let added = self.cache.roll_back();
        self.forget_starts(&added);
        self.share
            .give_back(added.iter().filter(|line| line.holds_series()).count());
    }

    /// The batch of one scrape at `at_ms`: what `read` left, markers for what vanished, the report.
    /// After a refused or missing body (`report.up` false) everything tracked is marked.
    pub(super) fn batch(&mut self, report: &Report, at_ms: i64) -> Batches {
        if !report.up && self.outcome == Outcome::Full {
            self.roll_back();
            self.outcome = Outcome::Failed;
        }
        // Rows live from the body to here only.
        let rows = std::mem::take(&mut self.rows);
        let mut builder = SampleBatchBuilder::with_capacity(rows.len() + self.report.labels().len());
        let interned = self.intern_pending();
        for row in &rows {
            builder.push(row.series.resolve(&interned).0, row.timestamp, row.value);
        }
        for (series, timestamp, histogram) in std::mem::take(&mut self.histograms) {
            builder.push_histogram(series.resolve(&interned).0, timestamp, histogram);
        }
        // Markers and the report come after these and say nothing.
        builder.set_float_starts(std::mem::take(&mut self.row_starts));
        builder.set_histogram_starts(std::mem::take(&mut self.histogram_starts));
        for row in std::mem::take(&mut self.exemplars) {
            builder.push_exemplar(Exemplar {
                series: row.series.resolve(&interned).0,
                labels: row.labels,
                timestamp: row.timestamp,
                value: row.value,
            });
        }
        let zeros = self.zeros(&interned);
        let vanished = match self.outcome {
            Outcome::Full => {
                let ended = self.cache.commit();
                self.forget(&ended, at_ms);
                ended.vanished
            }
            Outcome::Empty | Outcome::Failed => self.cache.untrack(),
        };
        self.mark_vanished(vanished, &mut builder, at_ms);
        for (labels, value) in self.report.values(report) {
            builder.push(self.table.intern(labels), at_ms, value);
        }
        if self.outcome != Outcome::Failed {
            self.previous_ms = Some(at_ms);
        }
        Batches {
            zeros,
            scrape: builder.finish(&self.table),
        }
    }

    /// Gives the new series of this scrape their references; with each, whether it was there before.
    fn intern_pending(&mut self) -> Vec<(SeriesRef, bool)> {
        if self.pending.is_empty() {
            return Vec::new();
        }
        let interned: Vec<(SeriesRef, bool)> = std::mem::take(&mut self.pending)
            .iter()
            .map(|labels| {
                let before = self.table.get(labels);
                (
                    before.unwrap_or_else(|| self.table.intern(labels)),
                    before.is_some(),
                )
            })
            .collect();
        self.renewed = Vec::new();
        self.cache.resolve_pending(|number| interned[number].0);
        interned
    }

    /// The zeros of this scrape's counters that begin.
    fn zeros(&mut self, interned: &[(SeriesRef, bool)]) -> Option<SampleBatch> {
        let candidates = std::mem::take(&mut self.candidates);
        let mut zeros: Vec<Zero> = Vec::new();
        for candidate in candidates {
            let (series, stored_before) = candidate.series.resolve(interned);
            let history = self.history(stored_before);
            if let Some(started_ms) = candidate.started_ms {
                self.cache.set_started_ms(candidate.line, started_ms);
            }
            if let Some(at_ms) = candidate.zero_ms(&history) {
                zeros.push(Zero {
                    series,
                    at_ms,
                    histogram: candidate
                        .histogram
                        .as_deref()
                        .map(|h| Arc::new(empty_histogram(h))),
                });
            }
        }
        if zeros.is_empty() {
            return None;
        }
        let mut builder = SampleBatchBuilder::with_capacity(zeros.len());
        for zero in zeros {
            match zero.histogram {
                None => builder.push(zero.series, zero.at_ms, 0.0),
                Some(histogram) => builder.push_histogram(zero.series, zero.at_ms, histogram),
            }
        }
        Some(builder.finish(&self.table))
    }

    /// Lets go of what the latest scrape did not have any more.
    fn forget(&mut self, ended: &Ended, at_ms: i64) {
        self.share
            .give_back(ended.forgotten.iter().filter(|line| line.holds_series()).count());
        self.forget_starts(&ended.forgotten);
        let lines = self.cache.lines().len();
        for line in &ended.forgotten {
            self.timeless_exemplars.remove(&line.key());
            if let Some(value) = line.last_value() {
                self.gone.remember(line.key(), Gone { value, at_ms }, lines);
            }
        }
    }

    fn forget_starts(&mut self, lines: &[Line]) {
        if let Some(synthesis) = &mut self.synthesis {
            lines.iter().for_each(|line| synthesis.forget(line.key()));
        }
    }

    /// The markers of a target that is no more, its report series included.
    pub(super) fn end_of_run(&mut self, at_ms: i64) -> SampleBatch {
        let mut builder = SampleBatchBuilder::default();
        let vanished = self.cache.untrack();
        self.mark_vanished(vanished, &mut builder, at_ms);
        for labels in self.report.labels() {
            builder.push(self.table.intern(labels), at_ms, STALE_NAN);
        }
        builder.finish(&self.table)
    }

    /// Notes that the latest batch was committed, and whether all of it was.
    pub(super) fn committed(&mut self, now_ms: i64, all_accepted: bool) {
        self.marked = Vec::new();
        match (all_accepted, self.outcome) {
            (true, Outcome::Full) => self.accepted_ms = now_ms,
            // A scrape without samples says nothing about the cached references.
            (true, _) => {}
            (false, _) => self.accepted_ms = 0,
        }
        self.outcome = Outcome::Failed;
    }

    /// Notes that the latest batch was lost: what vanished in it is marked with the next one.
    pub(super) fn not_committed(&mut self) {
        self.owed = std::mem::take(&mut self.marked);
        self.accepted_ms = 0;
        self.outcome = Outcome::Failed;
    }

    /// The series that the latest scrape had, for a loop that takes over.
    pub(super) fn into_tracked(self) -> Vec<Tracked> {
        self.cache.tracked().chain(self.owed.iter().copied()).collect()
    }

    fn mark_vanished(&mut self, mut vanished: Vec<Tracked>, builder: &mut SampleBatchBuilder, at_ms: i64) {
        vanished.append(&mut self.owed);
        if vanished.is_empty() {
            return;
        }
        let mut present: HashSet<SeriesRef> = self.cache.tracked().map(|tracked| tracked.series).collect();
        for tracked in vanished {
            // Inserting also marks a series once that two lines stood for.
            if present.insert(tracked.series) && self.table.labels(tracked.series).is_some() {
                match tracked.histogram {
                    false => builder.push(tracked.series, at_ms, STALE_NAN),
                    true => builder.push_histogram(tracked.series, at_ms, Arc::new(Histogram::stale())),
                }
                self.marked.push(tracked);
            }
        }
    }
}

#[cfg(test)]
mod allocations;
#[cfg(test)]
mod feature_tests;
#[cfg(test)]
mod format_tests;
#[cfg(test)]
mod protobuf_body;
#[cfg(test)]
mod synthesis_tests;
#[cfg(test)]
mod tests;

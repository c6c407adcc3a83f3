//! From a scraped body to one batch: samples, stale markers and the report, all or nothing. Pure:
//! time is an argument.

use std::collections::HashSet;
use std::sync::Arc;

use connectors_formats::prometheus_text::{Event, ParseError, Parser, Sample, decode_series};
use engine_model::staleness::{STALE_NAN, is_stale};
use engine_model::{SampleBatch, SampleBatchBuilder, SeriesRef, SeriesTable};

use super::config::ScrapeConfig;
use super::labels::{LabelError, stored_labels};
use super::line_cache::{LineCache, LineId, LineSeries};
use super::report::{Report, ReportSeries};
use super::target::Target;

/// A sample may be this far ahead of the clock, as in Prometheus.
const AHEAD_MAX_MS: i64 = 600_000;
/// After this long without an accepted sample the store may be about to forget a series, so cached
/// references are looked up again. The store keeps idle series for an hour.
const TRUST_REFERENCES_MS: i64 = 600_000;

/// Why a body was refused as a whole.
#[derive(Debug, thiserror::Error)]
pub(super) enum BodyError {
    #[error(transparent)]
    Parse(#[from] ParseError),
    #[error(transparent)]
    Labels(#[from] LabelError),
    #[error("sample limit exceeded")]
    SampleLimit,
}

/// What reading a body found.
#[derive(Debug, Default)]
pub(super) struct Reading {
    pub(super) scraped: usize,
    pub(super) post_relabelling: usize,
    pub(super) series_added: usize,
    /// Samples of a series that the body has already had.
    pub(super) duplicates: usize,
    /// Samples too far in the future.
    pub(super) out_of_bounds: usize,
}

#[derive(Debug)]
struct Row {
    line: LineId,
    /// `None` for a series that is not in the table yet.
    series: Option<SeriesRef>,
    timestamp: i64,
    value: f64,
    tracked: bool,
}

/// Makes the batches of one target.
#[derive(Debug)]
pub(super) struct Assembler {
    target: Arc<Target>,
    config: Arc<ScrapeConfig>,
    table: Arc<SeriesTable>,
    report: ReportSeries,
    cache: LineCache,
    rows: Vec<Row>,
    /// Series that the latest scrape had and that get a stale marker when they vanish.
    tracked: Vec<SeriesRef>,
    /// Those of the scrape before, until the latest batch is committed: its markers may be lost.
    tracked_before: Vec<SeriesRef>,
    /// When the store last took all that it was given, in ms; 0 when it has not.
    accepted_ms: i64,
}

impl Assembler {
    /// An assembler for a target. `tracked` are the series of the loop that it replaces, if any.
    pub(super) fn new(
        target: Arc<Target>,
        config: Arc<ScrapeConfig>,
        table: Arc<SeriesTable>,
        tracked: Vec<SeriesRef>,
    ) -> Self {
        let report = ReportSeries::new(
            &target.labels,
            config.extra_scrape_metrics,
            target.timeout_ms,
            config.limits.samples,
        );
        Self {
            target,
            config,
            table,
            report,
            cache: LineCache::default(),
            rows: Vec::new(),
            tracked,
            tracked_before: Vec::new(),
            accepted_ms: 0,
        }
    }

    /// Reads a body that is scraped at `at_ms`. The reading is also right as far as a refused body went.
    pub(super) fn read(&mut self, body: &[u8], at_ms: i64, now_ms: i64) -> (Reading, Result<(), BodyError>) {
        let mut reading = Reading::default();
        self.rows = Vec::with_capacity(self.tracked.len());
        self.cache.begin();
        let result = self.read_lines(body, at_ms, now_ms, &mut reading);
        match result {
            Ok(()) => self.cache.commit(),
            Err(_) => {
                self.rows.clear();
                self.cache.roll_back();
            }
        }
        (reading, result)
    }

    fn read_lines(
        &mut self,
        body: &[u8],
        at_ms: i64,
        now_ms: i64,
        reading: &mut Reading,
    ) -> Result<(), BodyError> {
        let trusted = now_ms - self.accepted_ms <= TRUST_REFERENCES_MS;
        let mut parser = Parser::new(body);
        // Stale markers in a body do not count for the limit.
        let mut counted = 0;
        let limit = self.config.limits.samples;
        while let Some(event) = parser.next_guessing(self.cache.guess()) {
            let Event::Sample(sample) = event? else { continue };
            reading.scraped += 1;
            let exposed_ms = sample.timestamp.filter(|_| self.config.honor_timestamps);
            let hit = self.cache.find(sample.series);
            let line = match hit {
                Some(hit) => hit.id,
                None => self.new_line(&sample, &parser)?,
            };
            let series = match self.cache.series(line) {
                LineSeries::Dropped => continue,
                LineSeries::New(_) => None,
                LineSeries::Known(series) => Some(*series),
            };
            reading.post_relabelling += 1;
            if hit.is_some_and(|hit| hit.repeated) && exposed_ms.is_none() {
                reading.duplicates += 1;
                continue;
            }
            let timestamp = exposed_ms.unwrap_or(at_ms);
            if timestamp > now_ms.saturating_add(AHEAD_MAX_MS) {
                reading.out_of_bounds += 1;
                continue;
            }
            counted += u64::from(!is_stale(sample.value));
            if limit > 0 && counted > limit {
                continue;
            }
            reading.series_added += usize::from(hit.is_none());
            // Exposed times may stand still for longer than the store remembers a series.
            let series = match series {
                Some(series) if !trusted || exposed_ms.is_some() => {
                    self.known_still(series, line, &parser, &sample)?
                }
                series => series,
            };
            self.rows.push(Row {
                line,
                series,
                timestamp,
                value: sample.value,
                tracked: exposed_ms.is_none() || self.config.track_timestamps_staleness,
            });
        }
        match limit > 0 && counted > limit {
            true => Err(BodyError::SampleLimit),
            false => Ok(()),
        }
    }

    fn new_line(&mut self, sample: &Sample<'_>, parser: &Parser<'_>) -> Result<LineId, BodyError> {
        let series = self.resolve(sample, parser)?;
        Ok(self.cache.insert(sample.series, series))
    }

    fn resolve(&self, sample: &Sample<'_>, parser: &Parser<'_>) -> Result<LineSeries, BodyError> {
        let exposed =
            decode_series(sample.series, parser.metric_type()).map_err(|reason| parser.error(reason))?;
        let labels = stored_labels(&exposed, &self.target.labels, &self.config)?;
        Ok(labels.map_or(LineSeries::Dropped, LineSeries::New))
    }

    /// The reference if the table still has it; otherwise the line is resolved again.
    fn known_still(
        &mut self,
        series: SeriesRef,
        line: LineId,
        parser: &Parser<'_>,
        sample: &Sample<'_>,
    ) -> Result<Option<SeriesRef>, BodyError> {
        if self.table.labels(series).is_some() {
            return Ok(Some(series));
        }
        let series = self.resolve(sample, parser)?;
        self.cache.set_series(line, series);
        Ok(None)
    }

    /// The batch of one scrape at `at_ms`: what `read` left, markers for what vanished, the report.
    /// After a refused or missing body (`report.up` false) everything tracked is marked.
    pub(super) fn batch(&mut self, report: &Report, at_ms: i64) -> SampleBatch {
        let room = self.rows.len() + self.report.labels().len();
        let mut builder = SampleBatchBuilder::with_capacity(room);
        // Rows live from the body to here only: what stays with a target counts for each of thousands.
        let mut rows = std::mem::take(&mut self.rows);
        if !report.up {
            rows.clear();
        }
        let mut tracked = Vec::with_capacity(rows.len());
        for row in rows {
            let series = row.series.unwrap_or_else(|| self.intern(row.line));
            builder.push(series, row.timestamp, row.value);
            if row.tracked {
                tracked.push(series);
            }
        }
        self.mark_vanished(&tracked, &mut builder, at_ms);
        self.tracked_before = std::mem::replace(&mut self.tracked, tracked);
        for (labels, value) in self.report.values(report) {
            builder.push(self.table.intern(labels), at_ms, value);
        }
        builder.finish(&self.table)
    }

    /// The markers of a target that is no more, its report series included.
    pub(super) fn end_of_run(&mut self, at_ms: i64) -> SampleBatch {
        let mut builder = SampleBatchBuilder::default();
        self.mark_vanished(&[], &mut builder, at_ms);
        self.tracked.clear();
        for labels in self.report.labels() {
            builder.push(self.table.intern(labels), at_ms, STALE_NAN);
        }
        builder.finish(&self.table)
    }

    /// Notes that the latest batch was committed, and whether all of it was.
    pub(super) fn committed(&mut self, now_ms: i64, all_accepted: bool) {
        self.tracked_before = Vec::new();
        self.accepted_ms = if all_accepted { now_ms } else { 0 };
    }

    /// Notes that the latest batch was lost: what vanished in it is marked with the next one.
    pub(super) fn not_committed(&mut self) {
        self.tracked.append(&mut self.tracked_before);
        self.accepted_ms = 0;
    }

    /// The series that the latest scrape had, for a loop that takes over.
    pub(super) fn into_tracked(self) -> Vec<SeriesRef> {
        self.tracked
    }

    /// The reference of a line that has none yet, which may have got one earlier in this batch.
    fn intern(&mut self, line: LineId) -> SeriesRef {
        let series = match self.cache.series(line) {
            LineSeries::Known(series) => return *series,
            LineSeries::New(labels) => self.table.intern(labels),
            LineSeries::Dropped => unreachable!("a dropped line has no row"),
        };
        self.cache.set_series(line, LineSeries::Known(series));
        series
    }

    fn mark_vanished(&self, present: &[SeriesRef], builder: &mut SampleBatchBuilder, at_ms: i64) {
        // A steady target has the same series in the same order: one comparison says so.
        if self.tracked == present {
            return;
        }
        let mut present: HashSet<SeriesRef> = present.iter().copied().collect();
        for series in &self.tracked {
            // Inserting also marks a series once that two lines stood for.
            if present.insert(*series) && self.table.labels(*series).is_some() {
                builder.push(*series, at_ms, STALE_NAN);
            }
        }
    }
}

#[cfg(test)]
mod tests;

//! The walk over a body: each sample to its series, under the rules of the job.

use std::sync::Arc;

use connectors_formats::prometheus_text::ParseError;
use engine_model::Labels;
use engine_model::histogram::{Counts, Histogram, HistogramError};
use engine_model::staleness::is_stale;

use super::super::labels::{LabelError, stored_labels};
use super::super::line_cache::{Hit, LineId, LineSeries, Unknown};
use super::body::{Body, Entry, Sample};
use super::zeros::{Candidate, is_counter};
use super::{Assembler, Row, RowSeries};

/// A sample may be this far ahead of the clock, as in Prometheus.
const AHEAD_MAX_MS: i64 = 600_000;

/// Why a body was refused as a whole.
#[derive(Debug, thiserror::Error)]
pub(in crate::scrape) enum BodyError {
    #[error(transparent)]
    Parse(#[from] ParseError),
    #[error(transparent)]
    Labels(#[from] LabelError),
    #[error("sample limit exceeded")]
    SampleLimit,
    #[error("histogram bucket limit exceeded")]
    BucketLimit,
    #[error(transparent)]
    Histogram(#[from] HistogramError),
}

/// What reading a body found.
#[derive(Debug, Default, Clone, Copy)]
pub(in crate::scrape) struct Reading {
    pub(in crate::scrape) scraped: usize,
    pub(in crate::scrape) post_relabelling: usize,
    pub(in crate::scrape) series_added: usize,
    /// Samples of a series that the body has already had.
    pub(in crate::scrape) duplicates: usize,
    /// Samples too far in the future.
    pub(in crate::scrape) out_of_bounds: usize,
    /// Samples that were not taken because the job has all the series that it may have.
    pub(in crate::scrape) over_limit: usize,
}

/// One walk.
pub(super) struct Run<'r> {
    pub(super) at_ms: i64,
    pub(super) now_ms: i64,
    /// Whether cached references can be used without a look at the table.
    pub(super) trusted: bool,
    /// Samples that count for the sample limit.
    pub(super) counted: u64,
    /// Set when a histogram had too many buckets.
    pub(super) over_buckets: bool,
    pub(super) reading: &'r mut Reading,
}

/// A sample's value.
#[derive(Debug, Clone)]
pub(super) enum Value {
    Float(f64),
    Histogram(Arc<Histogram>),
}

impl Value {
    #[inline]
    fn is_stale(&self) -> bool {
        match self {
            Self::Float(value) => is_stale(*value),
            Self::Histogram(histogram) => histogram.is_stale(),
        }
    }

    /// The value, or how much was observed.
    #[inline]
    fn magnitude(&self) -> f64 {
        match self {
            Self::Float(value) => *value,
            Self::Histogram(histogram) => match histogram.counts {
                Counts::Integer { count, .. } => count as f64,
                Counts::Float { count, .. } => count,
            },
        }
    }
}

impl Assembler {
    pub(super) fn read_entries(&mut self, body: &mut Body<'_>, run: &mut Run<'_>) -> Result<(), BodyError> {
        let metadata = Arc::clone(&self.metadata);
        let mut metadata = metadata.lock();
        while let Some(entry) = body.next(self.cache.guess()) {
            match entry? {
                Entry::Sample(sample) => self.sample(&sample, Value::Float(sample.value), body, run)?,
                Entry::Metadata { family, said } => metadata.note(family, said, &self.dictionary),
                Entry::Other => {}
            }
        }
        let limit = self.config.limits.samples;
        match () {
            () if limit > 0 && run.counted > limit => Err(BodyError::SampleLimit),
            () if run.over_buckets => Err(BodyError::BucketLimit),
            () => Ok(()),
        }
    }

    #[inline]
    fn sample<'a>(
        &mut self,
        sample: &Sample<'a>,
        value: Value,
        body: &Body<'a>,
        run: &mut Run<'_>,
    ) -> Result<(), BodyError> {
        run.reading.scraped += 1;
        let exposed_ms = sample.timestamp.filter(|_| self.config.honor_timestamps);
        let found = match sample.guessed {
            true => Ok(self.cache.take_guessed()),
            false => self.cache.find(sample.series),
        };
        let (line, hit) = match found {
            Ok(hit) => (hit.id, Some(hit)),
            Err(unknown) => (self.new_line(unknown, sample.series, body)?, None),
        };
        let series = match self.cache.line(line).series() {
            LineSeries::Dropped => return Ok(()),
            LineSeries::OverLimit if !self.retry(line, hit, sample.series, body)? => {
                run.reading.post_relabelling += 1;
                run.reading.over_limit += 1;
                return Ok(());
            }
            LineSeries::OverLimit => self.cache.line(line).series(),
            series => series,
        };
        run.reading.post_relabelling += 1;
        if exposed_ms.is_none() && hit.is_some_and(|hit| hit.repeated) {
            run.reading.duplicates += 1;
            return Ok(());
        }
        let timestamp = exposed_ms.unwrap_or(run.at_ms);
        if timestamp > run.now_ms.saturating_add(AHEAD_MAX_MS) {
            run.reading.out_of_bounds += 1;
            return Ok(());
        }
        // The marker of a series that is known is written whatever the limit says.
        let known = matches!(series, LineSeries::Known(_));
        run.counted += u64::from(!known || !value.is_stale());
        let limit = self.config.limits.samples;
        if limit > 0 && run.counted > limit {
            return Ok(());
        }
        run.reading.series_added += usize::from(hit.is_none());
        // Exposed times may stand still for longer than the store remembers a series.
        if known && (!run.trusted || exposed_ms.is_some()) {
            self.renew_forgotten(line, sample.series, body)?;
        }
        let tracked = exposed_ms.is_none() || self.config.track_timestamps_staleness;
        self.cache.sampled(line, tracked);
        self.note_start(line, hit.is_none(), timestamp, &value, body);
        self.push(line, timestamp, value);
        Ok(())
    }

    #[inline]
    fn push(&mut self, line: LineId, timestamp: i64, value: Value) {
        let series = RowSeries::of(self.cache.line(line).series());
        match value {
            Value::Float(value) => self.rows.push(Row {
                series,
                timestamp,
                value,
            }),
            Value::Histogram(histogram) => {
                self.cache.set_histogram(line);
                self.histograms.push((series, timestamp, histogram));
            }
        }
    }

    /// Looks whether a counter begins with this sample.
    #[inline]
    fn note_start(&mut self, line: LineId, new: bool, at_ms: i64, value: &Value, body: &Body<'_>) {
        let exposed = if self.uses_starts { body.started_ms() } else { None };
        let cached = self.cache.line(line);
        let counter = cached.is_counter();
        if !counter && exposed.is_none() {
            return;
        }
        let started_ms = exposed.filter(|ms| cached.started_ms() != Some(*ms));
        let appears = new && counter && exposed.is_none() && self.previous_ms.is_some();
        if started_ms.is_some() || appears {
            let key = cached.key();
            let gone = if new { self.gone.take(key) } else { None };
            self.candidates.push(Candidate {
                line,
                series: RowSeries::of(cached.series()),
                new,
                started_ms,
                at_ms,
                value: value.magnitude(),
                histogram: match value {
                    Value::Float(_) => None,
                    Value::Histogram(histogram) => Some(Arc::clone(histogram)),
                },
                gone,
            });
        }
        self.cache.set_last_value(line, value.magnitude());
    }

    fn new_line<'a>(
        &mut self,
        unknown: Unknown,
        series: &'a [u8],
        body: &Body<'a>,
    ) -> Result<LineId, BodyError> {
        let Some((labels, counter)) = self.resolve(series, body)? else {
            return Ok(self.cache.insert(unknown, LineSeries::Dropped));
        };
        let state = match self.share.take() {
            true => self.pending(labels),
            false => LineSeries::OverLimit,
        };
        let line = self.cache.insert(unknown, state);
        if counter {
            self.cache.set_counter(line);
        }
        Ok(line)
    }

    /// Whether a line that was over the job's limit is taken now.
    fn retry<'a>(
        &mut self,
        line: LineId,
        hit: Option<Hit>,
        series: &'a [u8],
        body: &Body<'a>,
    ) -> Result<bool, BodyError> {
        if hit.is_none() || !self.share.limit().has_room() {
            return Ok(false);
        }
        let Some((labels, _)) = self.resolve(series, body)? else {
            return Ok(false);
        };
        if !self.share.take() {
            return Ok(false);
        }
        let state = self.pending(labels);
        self.cache.set_series(line, state);
        self.renewed.push((line, LineSeries::OverLimit));
        Ok(true)
    }

    /// Makes the reference again if the table does not have it any more.
    fn renew_forgotten<'a>(
        &mut self,
        line: LineId,
        series: &'a [u8],
        body: &Body<'a>,
    ) -> Result<(), BodyError> {
        let before = self.cache.line(line).series();
        if let LineSeries::Known(known) = before
            && self.table.labels(known).is_none()
            && let Some((labels, _)) = self.resolve(series, body)?
        {
            let state = self.pending(labels);
            self.cache.set_series(line, state);
            self.renewed.push((line, before));
        }
        Ok(())
    }

    fn pending(&mut self, labels: Labels) -> LineSeries {
        self.pending.push(labels);
        LineSeries::Pending(self.pending.len() - 1)
    }

    /// The stored labels of a series, and whether the job wants its counters to begin at zero and it is one.
    fn resolve<'a>(&self, series: &'a [u8], body: &Body<'a>) -> Result<Option<(Labels, bool)>, BodyError> {
        let exposed = body.labels(series)?;
        let labels = stored_labels(&exposed, &self.target.labels, &self.config)?;
        let counter = self.config.new_counters_from_zero
            && exposed
                .iter()
                .next()
                .is_some_and(|(_, name)| is_counter(body.family(), name));
        Ok(labels.map(|labels| (labels, counter)))
    }
}

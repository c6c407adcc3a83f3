//! The walk over a body: each sample to its series, under the rules of the job.

use std::sync::Arc;

use connectors_formats::exposition::{Entry, MetricType, ParseError, Parser};
use engine_model::Labels;
use engine_model::histogram::{Counts, Histogram, HistogramError};
use engine_model::staleness::is_stale;
use xxhash_rust::xxh3::xxh3_64;

use super::super::labels::{LabelError, stored_labels};
use super::super::line_cache::{Hit, Key, LineId, LineSeries, Unknown};
use super::super::metadata::Said;
use super::gone::Gone;
use super::synthesis::is_cumulative;
use super::zeros::{Candidate, is_counter};
use super::{Assembler, ExemplarRow, Row, RowSeries};

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
    /// Samples older than the one before of a series whose start is synthesized.
    pub(in crate::scrape) out_of_order: usize,
    /// Samples too far in the future.
    pub(in crate::scrape) out_of_bounds: usize,
    /// Samples that were not taken because the job has all the series that it may have.
    pub(in crate::scrape) over_limit: usize,
}

/// One walk.
pub(super) struct Run<'a> {
    pub(super) at_ms: i64,
    pub(super) now_ms: i64,
    /// Whether cached references can be used without a look at the table.
    pub(super) trusted: bool,
    /// Samples that count for the sample limit.
    pub(super) counted: u64,
    /// Set when a histogram had too many buckets.
    pub(super) over_buckets: bool,
    pub(super) reading: Reading,
    /// The family whose type was said last.
    pub(super) family: Option<(&'a str, MetricType)>,
}

/// A sample as it was exposed.
#[derive(Debug, Clone, Copy)]
struct Exposed {
    /// Whether its series is the one that was expected.
    guessed: bool,
    /// Exposed time in ms.
    timestamp: Option<i64>,
    /// The value; `None` for a native histogram, which the parser gives when it is asked.
    float: Option<f64>,
}

/// A sample on its way into a row.
#[derive(Debug)]
pub(super) struct Observed {
    pub(super) line: LineId,
    /// Whether the latest successful scrape did not have the line.
    pub(super) new: bool,
    /// Its time in ms.
    pub(super) at_ms: i64,
    pub(super) value: Value,
    /// When what it counts began, in ms, if that is known.
    pub(super) started_ms: Option<i64>,
    /// Whether `started_ms` was not exposed but found here.
    pub(super) synthesized: bool,
}

/// A sample's value.
#[derive(Debug, Clone)]
pub(super) enum Value {
    Float(f64),
    Histogram(Arc<Histogram>),
}

impl Value {
    #[inline]
    pub(super) fn is_stale(&self) -> bool {
        match self {
            Self::Float(value) => is_stale(*value),
            Self::Histogram(histogram) => histogram.is_stale(),
        }
    }

    /// The value, or how much was observed.
    #[inline]
    pub(super) fn magnitude(&self) -> f64 {
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
    pub(super) fn read_entries<'a>(
        &mut self,
        parser: &mut Parser<'a>,
        run: &mut Run<'a>,
    ) -> Result<(), BodyError> {
        let metadata = Arc::clone(&self.metadata);
        let mut metadata = metadata.lock();
        loop {
            let guess = self.cache.guess();
            let len = guess.map_or(0, |guess| guess.len);
            let is_it = |bytes: &[u8]| guess.is_some_and(|guess| guess.key == Key::of(bytes));
            let Some(entry) = parser.next_guessing(len, is_it) else {
                break;
            };
            match entry? {
                Entry::Sample(sample) => {
                    let exposed = Exposed {
                        guessed: sample.guessed,
                        timestamp: sample.timestamp,
                        float: Some(sample.value),
                    };
                    self.sample(exposed, parser, run)?;
                }
                Entry::Histogram { timestamp, guessed } => {
                    let exposed = Exposed {
                        guessed,
                        timestamp,
                        float: None,
                    };
                    self.sample(exposed, parser, run)?;
                }
                Entry::Type { family, metric_type } => {
                    run.family = Some((family, metric_type));
                    metadata.note(family, Said::Type(metric_type.as_str()), &self.dictionary);
                }
                Entry::Help { family, text } => metadata.note(family, Said::Help(&text), &self.dictionary),
                Entry::Unit { family, unit } => metadata.note(family, Said::Unit(unit), &self.dictionary),
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
    fn sample(&mut self, exposed: Exposed, parser: &Parser<'_>, run: &mut Run<'_>) -> Result<(), BodyError> {
        run.reading.scraped += 1;
        let exposed_ms = exposed.timestamp.filter(|_| self.config.honor_timestamps);
        let found = match exposed.guessed {
            true => Ok(self.cache.take_guessed()),
            false => self.cache.find(parser.series()),
        };
        let (line, hit) = match found {
            Ok(hit) => (hit.id, Some(hit)),
            Err(unknown) => (self.new_line(unknown, exposed, parser, run)?, None),
        };
        let series = match self.cache.line(line).series() {
            LineSeries::Dropped => return Ok(()),
            LineSeries::OverLimit if !self.retry(line, hit, parser)? => {
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
        let Some(value) = self.value(exposed, parser, run)? else {
            return Ok(());
        };
        let mut sample = Observed {
            line,
            new: hit.is_none(),
            at_ms: timestamp,
            value,
            started_ms: self.exposed_start(parser),
            synthesized: false,
        };
        let magnitude = sample.value.magnitude();
        if self.synthesis.is_some() && !self.synthesize(&mut sample, parser, run)? {
            return Ok(());
        }
        // The marker of a series that is known is written whatever the limit says.
        let known = matches!(series, LineSeries::Known(_));
        run.counted += u64::from(!known || !sample.value.is_stale());
        let limit = self.config.limits.samples;
        if limit > 0 && run.counted > limit {
            return Ok(());
        }
        run.reading.series_added += usize::from(sample.new);
        // Exposed times may stand still for longer than the store remembers a series.
        if known && (!run.trusted || exposed_ms.is_some()) {
            self.renew_forgotten(line, parser)?;
        }
        let tracked = exposed_ms.is_none() || self.config.track_timestamps_staleness || sample.synthesized;
        self.cache.sampled(line, tracked);
        self.note_start(&sample, magnitude);
        if self.features.start_timestamps {
            self.keep_start(&sample);
        }
        self.push(line, timestamp, sample.value);
        self.exemplars(line, timestamp, exposed.float.is_none(), parser)
    }

    /// When the latest sample's series started to count, in ms, where that is exposed and somebody wants it.
    #[inline]
    pub(super) fn exposed_start(&self, parser: &Parser<'_>) -> Option<i64> {
        match self.uses_starts || self.features.start_timestamps {
            true => parser.start_timestamp_ms(),
            false => None,
        }
    }

    /// The value; `None` for a histogram that stays above the bucket limit, which fails the scrape once all of
    /// it was counted.
    #[inline]
    fn value(
        &self,
        exposed: Exposed,
        parser: &Parser<'_>,
        run: &mut Run<'_>,
    ) -> Result<Option<Value>, BodyError> {
        if let Some(value) = exposed.float {
            return Ok(Some(Value::Float(value)));
        }
        let mut histogram = parser.histogram()?;
        if self.config.resolution.limit(&mut histogram).is_err() {
            run.over_buckets = true;
            return Ok(None);
        }
        histogram.validate()?;
        Ok(Some(Value::Histogram(Arc::new(histogram))))
    }

    /// Takes the exemplars of a sample. Without a time of its own one has the sample's, and is taken once as
    /// long as it stays the same; on a native histogram it is dropped, as in Prometheus.
    #[inline]
    fn exemplars(
        &mut self,
        line: LineId,
        at_ms: i64,
        histogram: bool,
        parser: &Parser<'_>,
    ) -> Result<(), BodyError> {
        let mut exposed = parser.exemplars()?;
        if exposed.is_empty() {
            return Ok(());
        }
        exposed.sort_by(|a, b| {
            let times = a.timestamp.unwrap_or(at_ms).cmp(&b.timestamp.unwrap_or(at_ms));
            times.then(a.value.total_cmp(&b.value))
        });
        for exemplar in exposed {
            let labels = Labels::from_pairs(exemplar.labels.iter().map(|(n, v)| (n.as_ref(), v.as_ref())));
            let timestamp = match exemplar.timestamp {
                Some(timestamp) => timestamp,
                None if histogram => continue,
                None => {
                    let hash = xxh3_64(labels.encoded()) ^ exemplar.value.to_bits();
                    let key = self.cache.line(line).key();
                    if self.timeless_exemplars.insert(key, hash) == Some(hash) {
                        continue;
                    }
                    at_ms
                }
            };
            self.exemplars.push(ExemplarRow {
                series: RowSeries::of(self.cache.line(line).series()),
                labels,
                timestamp,
                value: exemplar.value,
            });
        }
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

    /// Keeps the start timestamp of the sample that is pushed next.
    fn keep_start(&mut self, sample: &Observed) {
        let Some(started_ms) = sample.started_ms else {
            return;
        };
        let (starts, before) = match sample.value {
            Value::Float(_) => (&mut self.row_starts, self.rows.len()),
            Value::Histogram(_) => (&mut self.histogram_starts, self.histograms.len()),
        };
        starts.resize(before, 0);
        starts.push(started_ms);
    }

    /// Looks whether a counter begins with this sample, which was exposed with the value or count `magnitude`.
    #[inline]
    fn note_start(&mut self, sample: &Observed, magnitude: f64) {
        // Zeros of starts that nobody exposed are written where the feature asks for zeros of all starts.
        let wanted = match sample.synthesized {
            true => self.features.start_timestamp_zeros,
            false => self.uses_starts,
        };
        let told = sample.started_ms.filter(|_| wanted);
        let cached = self.cache.line(sample.line);
        let counter = cached.is_counter();
        if !counter && told.is_none() {
            return;
        }
        let started_ms = told.filter(|ms| cached.started_ms() != Some(*ms));
        let appears = sample.new && counter && told.is_none() && self.previous_ms.is_some();
        if started_ms.is_some() || appears {
            let (key, series) = (cached.key(), RowSeries::of(cached.series()));
            let gone = if sample.new { self.gone.take(key) } else { None };
            let candidate = Candidate {
                value: magnitude,
                ..self.candidate(sample, series, started_ms, gone)
            };
            self.candidates.push(candidate);
        }
        self.cache.set_last_value(sample.line, magnitude);
    }

    /// A sample with which a counter may begin. Of a start that was found here nothing is stored before.
    pub(super) fn candidate(
        &self,
        sample: &Observed,
        series: RowSeries,
        started_ms: Option<i64>,
        gone: Option<Gone>,
    ) -> Candidate {
        Candidate {
            line: sample.line,
            series,
            new: sample.new || sample.synthesized,
            started_ms,
            at_ms: sample.at_ms,
            value: sample.value.magnitude(),
            histogram: match &sample.value {
                Value::Float(_) => None,
                Value::Histogram(histogram) => Some(Arc::clone(histogram)),
            },
            gone,
        }
    }

    fn new_line(
        &mut self,
        unknown: Unknown,
        exposed: Exposed,
        parser: &Parser<'_>,
        run: &Run<'_>,
    ) -> Result<LineId, BodyError> {
        let series = parser.labels()?;
        let Some(labels) = stored_labels(&series, &self.target.labels, &self.config)? else {
            return Ok(self.cache.insert(unknown, LineSeries::Dropped));
        };
        let counts_up = || match exposed.float {
            None => parser.metric_type() != MetricType::GaugeHistogram,
            Some(_) => series
                .iter()
                .next()
                .is_some_and(|(_, name)| is_counter(run.family, name)),
        };
        let counter = self.config.new_counters_from_zero && counts_up();
        let cumulative = self.synthesis.is_some() && is_cumulative(run.family, labels.metric_name());
        let state = match self.share.take() {
            true if self.awaits(cumulative, counter, parser) => LineSeries::Awaited,
            true => self.pending(labels),
            false => LineSeries::OverLimit,
        };
        let line = self.cache.insert(unknown, state);
        if counter {
            self.cache.set_counter(line);
        }
        if cumulative {
            self.cache.set_cumulative(line);
        }
        Ok(line)
    }

    /// Whether a line that was over the job's limit is taken now.
    fn retry(&mut self, line: LineId, hit: Option<Hit>, parser: &Parser<'_>) -> Result<bool, BodyError> {
        if hit.is_none() || !self.share.limit().has_room() {
            return Ok(false);
        }
        let Some(labels) = self.resolve(parser)? else {
            return Ok(false);
        };
        if !self.share.take() {
            return Ok(false);
        }
        let state = match self.awaits(self.cache.line(line).is_cumulative(), false, parser) {
            true => LineSeries::Awaited,
            false => self.pending(labels),
        };
        self.cache.set_series(line, state);
        self.renewed.push((line, LineSeries::OverLimit));
        Ok(true)
    }

    /// Makes the reference again if the table does not have it any more.
    fn renew_forgotten(&mut self, line: LineId, parser: &Parser<'_>) -> Result<(), BodyError> {
        let before = self.cache.line(line).series();
        if let LineSeries::Known(known) = before
            && self.table.labels(known).is_none()
            && let Some(labels) = self.resolve(parser)?
        {
            let state = self.pending(labels);
            self.cache.set_series(line, state);
            self.renewed.push((line, before));
        }
        Ok(())
    }

    pub(super) fn pending(&mut self, labels: Labels) -> LineSeries {
        self.pending.push(labels);
        LineSeries::Pending(self.pending.len() - 1)
    }

    /// The stored labels of the latest sample's series.
    pub(super) fn resolve(&self, parser: &Parser<'_>) -> Result<Option<Labels>, BodyError> {
        let series = parser.labels()?;
        Ok(stored_labels(&series, &self.target.labels, &self.config)?)
    }
}

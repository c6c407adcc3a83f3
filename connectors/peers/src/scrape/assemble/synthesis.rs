//! Start timestamps for cumulative series whose targets say none (`st-synthesis`): the first value of a series is not
//! stored, its time is the start of what follows, and later values are counted from it; where a value falls, the
//! series began a millisecond before. Source of the rules: `scrape/st_synthesis.go` of Prometheus 3.14.

use std::collections::HashMap;
use std::sync::Arc;

use connectors_formats::exposition::{MetricType, Parser};
use engine_model::FloatHistogram;
use engine_model::histogram::{Counts, Histogram, ResetHint};
use foldhash::fast::RandomState;

use super::super::line_cache::{Key, LineSeries};
use super::read::{BodyError, Observed, Run, Value};
use super::{Assembler, History, RowSeries};

/// The cumulative series of one target that say no start, by the keys of their lines. Bounded by a scrape's body.
#[derive(Debug, Default)]
pub(super) struct Synthesis {
    series: HashMap<Key, Counted, RandomState>,
}

/// How far one series was counted.
#[derive(Debug)]
struct Counted {
    /// When it began, ms since the epoch; `None` after a sample out of order: the next one is a first one again.
    began_ms: Option<i64>,
    /// Time of the latest sample in order, ms since the epoch.
    latest_ms: i64,
    values: Values,
}

/// The value that is subtracted, and the latest one.
#[derive(Debug)]
enum Values {
    Float { first: f64, latest: f64 },
    Histogram(Box<Histograms>),
}

#[derive(Debug)]
struct Histograms {
    /// Nothing is subtracted after a reset.
    first: Option<FloatHistogram>,
    latest: FloatHistogram,
}

/// What becomes of a sample.
#[derive(Debug)]
pub(super) enum Counting {
    /// It is the first one, from which the others are counted, and is not stored.
    First,
    /// It is older than the latest one, and refused.
    Late,
    /// It has the time of the latest one and another value, and is refused.
    Duplicate,
    /// It is stored as `value`, which counts since `began_ms`.
    Since { began_ms: i64, value: Value },
}

impl Synthesis {
    /// Counts a sample.
    pub(super) fn count(&mut self, key: Key, at_ms: i64, value: &Value) -> Counting {
        let Some(known) = self.series.get_mut(&key) else {
            self.begin(key, at_ms, at_ms, value, true);
            return Counting::First;
        };
        if at_ms < known.latest_ms {
            known.began_ms = None;
            return Counting::Late;
        }
        if at_ms == known.latest_ms && !known.values.latest_is(value) {
            known.began_ms = None;
            return Counting::Duplicate;
        }
        let Some(began_ms) = known.began_ms else {
            self.begin(key, at_ms, at_ms, value, true);
            return Counting::First;
        };
        known.latest_ms = at_ms;
        match known.values.advance(value) {
            Some(value) => Counting::Since { began_ms, value },
            None => {
                self.begin(key, at_ms - 1, at_ms, value, false);
                Counting::Since {
                    began_ms: at_ms - 1,
                    value: value.clone(),
                }
            }
        }
    }

    /// Begins a series at `began_ms`. Its later values are counted from this one (`subtract`) or as they are.
    fn begin(&mut self, key: Key, began_ms: i64, at_ms: i64, value: &Value, subtract: bool) {
        let counted = Counted {
            began_ms: Some(began_ms),
            latest_ms: at_ms,
            values: Values::begin(value, subtract),
        };
        self.series.insert(key, counted);
    }

    /// Lets go of a series.
    pub(super) fn forget(&mut self, key: Key) {
        self.series.remove(&key);
    }
}

impl Values {
    fn begin(value: &Value, subtract: bool) -> Self {
        match value {
            Value::Float(value) => Self::Float {
                first: if subtract { *value } else { 0.0 },
                latest: *value,
            },
            Value::Histogram(histogram) => {
                let latest = FloatHistogram::from_histogram(histogram);
                let first = subtract.then(|| latest.clone());
                Self::Histogram(Box::new(Histograms { first, latest }))
            }
        }
    }

    fn latest_is(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::Float { latest, .. }, Value::Float(value)) => latest.to_bits() == value.to_bits(),
            (Self::Histogram(known), Value::Histogram(histogram)) => {
                known.latest.equals(&FloatHistogram::from_histogram(histogram))
            }
            _ => false,
        }
    }

    /// The next value, counted from the first one; `None` after a reset.
    fn advance(&mut self, value: &Value) -> Option<Value> {
        match (self, value) {
            (Self::Float { first, latest }, Value::Float(value)) => {
                if *value < *latest {
                    return None;
                }
                *latest = *value;
                Some(Value::Float(value - *first))
            }
            (Self::Histogram(known), Value::Histogram(histogram)) => {
                known.advance(histogram).map(Value::Histogram)
            }
            // Floats that become histograms, or the other way round, count anew.
            _ => None,
        }
    }
}

impl Histograms {
    fn advance(&mut self, histogram: &Arc<Histogram>) -> Option<Arc<Histogram>> {
        let now = FloatHistogram::from_histogram(histogram);
        if now.detect_reset(&self.latest) {
            return None;
        }
        let since = match &self.first {
            None => Arc::clone(histogram),
            Some(first) => {
                let mut since = now.clone();
                since.sub(first).ok()?;
                since.compact(0);
                Arc::new(match histogram.counts {
                    Counts::Integer { .. } => whole(&since, histogram.reset_hint),
                    Counts::Float { .. } => since.to_histogram(),
                })
            }
        };
        self.latest = now;
        Some(since)
    }
}

/// A difference of histograms of whole observations as one of them.
fn whole(since: &FloatHistogram, reset_hint: ResetHint) -> Histogram {
    let deltas = |counts: &[f64]| {
        let mut before = 0i64;
        let deltas = counts.iter().map(|&count| {
            let count = count as i64;
            count - std::mem::replace(&mut before, count)
        });
        deltas.collect()
    };
    Histogram {
        reset_hint,
        counts: Counts::Integer {
            count: since.count as u64,
            zero: since.zero_count as u64,
            positive: deltas(&since.positive),
            negative: deltas(&since.negative),
        },
        ..since.to_histogram()
    }
}

/// Whether the series `name` of a family only ever grows while its application runs: of counters and histograms all
/// series, of summaries sums and counts. A type speaks of the series of its own family.
pub(super) fn is_cumulative(family: Option<(&str, MetricType)>, name: &str) -> bool {
    let Some((family, metric_type)) = family.filter(|(family, _)| name.starts_with(family)) else {
        return false;
    };
    let without = |suffixes: &[&str]| suffixes.iter().find_map(|suffix| name.strip_suffix(suffix));
    match metric_type {
        MetricType::Counter => {
            let base = |name: &str| name.strip_suffix("_total").map_or(name.len(), str::len);
            base(family) == base(name)
        }
        MetricType::Histogram => without(&["_bucket", "_sum", "_count"]).unwrap_or(name) == family,
        MetricType::Summary => without(&["_sum", "_count"]) == Some(family),
        _ => false,
    }
}

impl Assembler {
    /// Whether the reference of a new line waits for its second sample. Where a counter that appears began when the
    /// target did not have it yet, it does not: nothing is subtracted.
    pub(super) fn awaits(&self, cumulative: bool, appears: bool, parser: &Parser<'_>) -> bool {
        let appears = appears && self.previous_ms.is_some();
        cumulative && !appears && self.exposed_start(parser).is_none()
    }

    /// Counts the sample of a cumulative series that says no start from the first one; false when it is not stored.
    pub(super) fn synthesize(
        &mut self,
        sample: &mut Observed,
        parser: &Parser<'_>,
        run: &mut Run<'_>,
    ) -> Result<bool, BodyError> {
        let cached = *self.cache.line(sample.line);
        if !cached.is_cumulative() {
            return Ok(true);
        }
        let awaited = cached.series() == LineSeries::Awaited;
        if sample.value.is_stale() {
            return Ok(!awaited);
        }
        let begun_ms = self.begun_ms(sample);
        let Some(synthesis) = &mut self.synthesis else {
            return Ok(true);
        };
        if sample.started_ms.is_some() {
            synthesis.forget(cached.key());
        } else if let Some(begun_ms) = begun_ms {
            synthesis.begin(cached.key(), begun_ms, sample.at_ms, &sample.value, false);
            (sample.started_ms, sample.synthesized) = (Some(begun_ms), true);
        } else {
            match synthesis.count(cached.key(), sample.at_ms, &sample.value) {
                Counting::First => {
                    run.reading.series_added += usize::from(sample.new);
                    self.note_held_back(sample);
                    return Ok(false);
                }
                Counting::Late => {
                    run.reading.out_of_order += 1;
                    self.cache.held_back(sample.line);
                    return Ok(false);
                }
                Counting::Duplicate => {
                    run.reading.duplicates += 1;
                    self.cache.held_back(sample.line);
                    return Ok(false);
                }
                Counting::Since { began_ms, value } => {
                    sample.value = value;
                    (sample.started_ms, sample.synthesized) = (Some(began_ms), true);
                }
            }
        }
        if awaited {
            let Some(labels) = self.resolve(parser)? else {
                return Ok(false);
            };
            let state = self.pending(labels);
            self.cache.set_series(sample.line, state);
            self.renewed.push((sample.line, LineSeries::Awaited));
        }
        Ok(true)
    }

    /// When a counter that appears began, where the job lets it begin at the scrape that did not have it.
    fn begun_ms(&self, sample: &Observed) -> Option<i64> {
        let cached = self.cache.line(sample.line);
        let LineSeries::Pending(number) = cached.series() else {
            return None;
        };
        if !sample.new || !cached.is_counter() || sample.started_ms.is_some() {
            return None;
        }
        let gone = self.gone.get(cached.key());
        let candidate = self.candidate(sample, RowSeries::of(cached.series()), None, gone);
        let stored_before = self.table.get(&self.pending[number]).is_some();
        candidate.zero_ms(&self.history(stored_before))
    }

    /// Notes a first sample, which is not stored.
    fn note_held_back(&mut self, sample: &Observed) {
        let cached = *self.cache.line(sample.line);
        self.cache.held_back(sample.line);
        if cached.is_counter() {
            self.gone.take(cached.key());
            self.cache.set_last_value(sample.line, sample.value.magnitude());
        }
    }

    /// What is known of the target when a counter that appears is judged.
    pub(super) fn history(&self, stored_before: bool) -> History {
        History {
            previous_ms: self.previous_ms,
            stored_before,
            interval_ms: self.target.interval_ms,
            from_previous: self.config.new_counters_from_zero,
        }
    }
}

//! Where counters begin: at the start timestamp that is exposed with them, or, when the job asks for it, at
//! the previous scrape, which did not have them yet. Pure.

use std::sync::Arc;

use connectors_formats::exposition::MetricType;
use engine_model::SeriesRef;
use engine_model::histogram::Histogram;

use super::super::line_cache::LineId;
use super::RowSeries;
use super::gone::Gone;

/// The store refuses what is an hour older than its newest sample; a start must be younger than that.
const STARTS_AGE_MAX_MS: i64 = 50 * 60_000;
/// Between two scrapes that are further apart than this and than two intervals nothing is known.
const PREVIOUS_AGE_MAX_MS: i64 = 10 * 60_000;

/// A sample whose counter may begin with it.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    pub(super) line: LineId,
    pub(super) series: RowSeries,
    /// Whether the latest successful scrape did not have the line.
    pub(super) new: bool,
    /// When the counter started, in ms, if that was exposed.
    pub(super) started_ms: Option<i64>,
    /// The sample's time in ms.
    pub(super) at_ms: i64,
    /// The sample's value; the number of observations for a histogram.
    pub(super) value: f64,
    /// The sample itself when it is a histogram.
    pub(super) histogram: Option<Arc<Histogram>>,
    /// What is known of a line of these bytes that vanished before.
    pub(super) gone: Option<Gone>,
}

/// What is known of the target when a candidate is judged.
#[derive(Debug, Clone, Copy)]
pub(super) struct History {
    /// Time of the latest successful scrape in ms; `None` before the first.
    pub(super) previous_ms: Option<i64>,
    /// Whether the series has been in the store before.
    pub(super) stored_before: bool,
    /// Time between two scrapes, in ms.
    pub(super) interval_ms: i64,
    /// Whether a counter that appears begins at the previous scrape.
    pub(super) from_previous: bool,
}

/// A zero to write before a counter's first sample.
#[derive(Debug, Clone)]
pub(super) struct Zero {
    pub(super) series: SeriesRef,
    pub(super) at_ms: i64,
    /// The empty histogram, for a series of histograms.
    pub(super) histogram: Option<Arc<Histogram>>,
}

impl Candidate {
    /// When the counter was zero, in ms; `None` when nobody can tell.
    pub(super) fn zero_ms(&self, history: &History) -> Option<i64> {
        let started = self.started_ms.and_then(|ms| self.started_at(ms, history));
        started
            .or_else(|| self.absent_at(history))
            .filter(|ms| *ms < self.at_ms)
    }

    /// The exposed start, unless it is before what is stored of the series or too old for the store.
    fn started_at(&self, started_ms: i64, history: &History) -> Option<i64> {
        let stored_until = history.previous_ms.filter(|_| !self.new);
        let fits = stored_until.is_none_or(|until| started_ms > until);
        (fits && self.at_ms - started_ms < STARTS_AGE_MAX_MS).then_some(started_ms)
    }

    /// The previous scrape, for a counter that it did not have.
    fn absent_at(&self, history: &History) -> Option<i64> {
        let previous_ms = history
            .previous_ms
            .filter(|_| self.new && history.from_previous)?;
        if self.at_ms - previous_ms > PREVIOUS_AGE_MAX_MS.max(2 * history.interval_ms) {
            return None;
        }
        match self.gone {
            // It counts from zero again; where its end is marked at that very time, a moment later.
            Some(gone) if self.value < gone.value => Some(previous_ms.max(gone.at_ms + 1)),
            // It was only away: its history goes on.
            Some(_) => None,
            None => (!history.stored_before).then_some(previous_ms),
        }
    }
}

/// Whether a series counts up from zero: all of a counter family, sums and counts, and what is called
/// `_total` where no type says otherwise.
pub(super) fn is_counter(family: Option<(&str, MetricType)>, name: &str) -> bool {
    // A type only speaks of its own family, whose name its series begin with.
    let typed = family.and_then(|(family, metric_type)| Some((name.strip_prefix(family)?, metric_type)));
    let (suffix, metric_type) = typed.unwrap_or((name, MetricType::Untyped));
    let ends_with = |suffixes: &[&str]| suffixes.iter().any(|suffix| name.ends_with(suffix));
    match metric_type {
        // What tells the start does not count.
        MetricType::Counter => suffix != "_created",
        MetricType::Histogram => ends_with(&["_bucket", "_count", "_sum"]),
        MetricType::Summary => ends_with(&["_count", "_sum"]),
        MetricType::Untyped => ends_with(&["_total"]),
        MetricType::Gauge | MetricType::GaugeHistogram | MetricType::Info | MetricType::StateSet => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scrape::line_cache::{LineCache, LineSeries};

    fn candidate(change: impl FnOnce(&mut Candidate)) -> Candidate {
        let mut cache = LineCache::default();
        let unknown = cache.find(b"a").expect_err("is empty");
        let mut candidate = Candidate {
            line: cache.insert(unknown, LineSeries::Pending(0)),
            series: RowSeries::of(LineSeries::Pending(0)),
            new: true,
            started_ms: None,
            at_ms: 10_000_000,
            value: 1.0,
            histogram: None,
            gone: None,
        };
        change(&mut candidate);
        candidate
    }

    const HISTORY: History = History {
        previous_ms: Some(9_985_000),
        stored_before: false,
        interval_ms: 15_000,
        from_previous: true,
    };

    #[test]
    fn counters_begin_where_they_were_absent() {
        let new = candidate(|_| {});
        assert_eq!(new.zero_ms(&HISTORY), Some(9_985_000));
        let with = |change: fn(&mut History)| {
            let mut history = HISTORY;
            change(&mut history);
            candidate(|_| {}).zero_ms(&history)
        };
        assert_eq!(
            with(|h| h.previous_ms = None),
            None,
            "the first scrape knows nothing"
        );
        assert_eq!(with(|h| h.stored_before = true), None, "it has a history");
        assert_eq!(
            with(|h| h.from_previous = false),
            None,
            "the job does not ask for it"
        );
        assert_eq!(with(|h| h.previous_ms = Some(9_399_999)), None, "too long ago");
        let slow = |h: &mut History| (h.previous_ms, h.interval_ms) = (Some(9_100_000), 900_000);
        assert_eq!(with(slow), Some(9_100_000));
        assert_eq!(
            candidate(|c| c.new = false).zero_ms(&HISTORY),
            None,
            "it was there"
        );
        let early = candidate(|c| c.at_ms = 9_985_000);
        assert_eq!(early.zero_ms(&HISTORY), None, "an exposed time before the zero");
    }

    #[test]
    fn counters_that_come_back() {
        let back = |value, gone_ms| {
            let gone = Gone {
                value,
                at_ms: gone_ms,
            };
            let history = History {
                stored_before: true,
                ..HISTORY
            };
            candidate(|c| c.gone = Some(gone)).zero_ms(&history)
        };
        assert_eq!(back(7.0, 9_000_000), Some(9_985_000), "lower: it started again");
        assert_eq!(back(7.0, 9_985_000), Some(9_985_001), "not onto its marker");
        assert_eq!(back(1.0, 9_000_000), None, "not lower: it was only away");
    }

    #[test]
    fn exposed_starts_are_exact() {
        let started = |started_ms, new| {
            candidate(|c| (c.started_ms, c.new) = (Some(started_ms), new)).zero_ms(&HISTORY)
        };
        assert_eq!(started(9_990_000, true), Some(9_990_000));
        assert_eq!(started(9_990_000, false), Some(9_990_000), "it started again");
        assert_eq!(started(9_980_000, false), None, "before what is stored");
        assert_eq!(started(9_980_000, true), Some(9_980_000));
        assert_eq!(started(10_000_000, false), None, "not before its own sample");
        assert_eq!(
            started(1_000, true),
            Some(9_985_000),
            "too old, but it was absent"
        );
        let unknown = History {
            previous_ms: None,
            ..HISTORY
        };
        let first = candidate(|c| c.started_ms = Some(9_000_000));
        assert_eq!(first.zero_ms(&unknown), Some(9_000_000), "the store decides");
    }

    #[test]
    fn counters_are_known_by_type_and_name() {
        use MetricType::{Counter, Gauge, Histogram, Summary, Untyped};
        for (metric_type, name, expected) in [
            (Counter, "f", true),
            (Counter, "f_total", true),
            (Counter, "f_created", false),
            (Gauge, "f_total", false),
            (Histogram, "f_bucket", true),
            (Histogram, "f_sum", true),
            (Summary, "f", false),
            (Summary, "f_count", true),
            (Untyped, "f_total", true),
            (Untyped, "f_count", false),
            (Counter, "other", false),
            (Gauge, "other_total", true),
        ] {
            assert_eq!(is_counter(Some(("f", metric_type)), name), expected, "{name}");
        }
        assert!(is_counter(None, "x_total") && !is_counter(None, "x"));
    }
}

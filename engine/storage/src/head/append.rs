//! Judges a batch against the head and changes nothing, so that one that is refused or not logged leaves no trace.

use std::collections::HashMap;
use std::sync::atomic::Ordering;

use engine_model::staleness::is_stale;
use engine_model::{Histogram, HistogramSample, Labels, SampleBatch, SeriesRef};

use super::apply::AHEAD_STATES;
use super::sample_value::SampleValue;
use super::series_state::{Newest, SeriesState};
use super::{Head, OUT_OF_BOUNDS_MS, RejectReason, Rejected};

/// What the store's configuration says about appends.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Limits {
    /// Late samples are accepted when they are at most this much older than the newest sample; 0 for none.
    pub(crate) out_of_order_window_ms: i64,
}

/// A float that is kept apart because it is late.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LateRow {
    pub(crate) row: u32,
    /// Whether it is the newest sample of its series all the same.
    pub(crate) in_order: bool,
}

/// A histogram that is taken.
#[derive(Debug, Clone)]
pub(crate) struct TakenHistogram {
    pub(crate) sample: HistogramSample,
    /// When what it counts began, ms since the epoch; 0 where it is not said.
    pub(crate) start_ms: i64,
    /// Whether it is kept apart, and then whether it is the newest of its series all the same.
    pub(crate) late: Option<bool>,
}

/// A batch after its check, ready to be logged and applied.
#[derive(Debug, Default)]
pub(crate) struct Checked {
    /// Float rows that are not appended in order: late, refused, repeated or turned into histograms; ascending.
    pub(crate) skipped: Vec<u32>,
    pub(crate) late: Vec<LateRow>,
    pub(crate) histograms: Vec<TakenHistogram>,
    /// Series of taken samples that are not in the head yet, each once.
    pub(crate) new_series: Vec<(SeriesRef, Labels)>,
    /// Float samples that are taken, late ones included.
    pub(crate) floats: usize,
    /// Samples that the store has already, with the same value.
    pub(crate) repeated: usize,
    pub(crate) rejected: Rejected,
}

impl Checked {
    /// Whether no sample is taken.
    pub(crate) fn is_empty(&self) -> bool {
        self.floats == 0 && self.histograms.is_empty()
    }

    /// Rows of `batch` that are appended in order, as `(series, time, value)`.
    pub(crate) fn in_order<'a>(
        &'a self,
        batch: &'a SampleBatch,
    ) -> impl Iterator<Item = (SeriesRef, i64, f64)> + 'a {
        self.rows_in_order(batch).map(|(_, sample)| sample)
    }

    /// The same, each with its number.
    pub(crate) fn rows_in_order<'a>(
        &'a self,
        batch: &'a SampleBatch,
    ) -> impl Iterator<Item = (usize, (SeriesRef, i64, f64))> + 'a {
        let mut skipped = self.skipped.iter().copied().peekable();
        let rows = batch.iter().enumerate();
        rows.filter(move |(row, _)| skipped.next_if_eq(&(*row as u32)).is_none())
    }
}

impl Head {
    /// Judges each sample against its series' newest one and those before it in the batch.
    pub(crate) fn check(&self, batch: &SampleBatch, limits: Limits) -> Checked {
        let mut check = Check {
            head: self,
            bounds: self.bounds(limits),
            stamp: self.stamp.fetch_add(1, Ordering::Relaxed).wrapping_add(1),
            touched: None,
            fresh: HashMap::default(),
            checked: Checked::default(),
        };
        let (series, times, values) = (batch.series(), batch.timestamps(), batch.values());
        for start in (0..series.len()).step_by(AHEAD_STATES) {
            let end = series.len().min(start + AHEAD_STATES);
            self.look_ahead(series[start..end].iter().map(|series| SeriesRef(*series)));
            for row in start..end {
                check.float(
                    batch,
                    row,
                    SeriesRef(series[row]),
                    times[row],
                    values[row].to_bits(),
                );
            }
        }
        for (i, sample) in batch.histograms().iter().enumerate() {
            check.histogram(batch, batch.len() + i, sample);
        }
        check.checked
    }

    pub(super) fn bounds(&self, limits: Limits) -> Bounds {
        let newest_ms = self.newest_ms;
        let before = |by: i64| newest_ms.map_or(i64::MIN, |newest| newest.saturating_sub(by));
        Bounds {
            oldest_ms: before(OUT_OF_BOUNDS_MS),
            window: (limits.out_of_order_window_ms > 0).then(|| before(limits.out_of_order_window_ms)),
            late_before_ms: self.late_before_ms,
        }
    }
}

/// Times that decide about a sample.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// Older samples are out of bounds.
    oldest_ms: i64,
    /// Late samples from here on are accepted, if any are.
    window: Option<i64>,
    late_before_ms: i64,
}

pub(super) enum Verdict {
    Take,
    /// Kept apart; whether it is the newest of its series all the same.
    Late(bool),
    Repeated,
    Reject(RejectReason),
}

impl Bounds {
    /// Prometheus's rules, in its order. `is_same` tells whether the newest sample has the same value.
    #[inline]
    pub(super) fn judge(&self, newest_ms: Option<i64>, time: i64, is_same: impl FnOnce() -> bool) -> Verdict {
        match newest_ms {
            Some(newest) if time == newest => {
                return match is_same() {
                    true => Verdict::Repeated,
                    false => Verdict::Reject(RejectReason::DuplicateTimestamp),
                };
            }
            Some(newest) if time < newest => {}
            _ if time >= self.oldest_ms => {
                return match time < self.late_before_ms {
                    true => Verdict::Late(true),
                    false => Verdict::Take,
                };
            }
            _ => {}
        }
        match self.window {
            Some(oldest) if time >= oldest => Verdict::Late(newest_ms.is_none_or(|newest| newest < time)),
            Some(_) => Verdict::Reject(RejectReason::TooOld),
            None if time < self.oldest_ms => Verdict::Reject(RejectReason::OutOfBounds),
            None => Verdict::Reject(RejectReason::OutOfOrder),
        }
    }
}

/// The newest sample that a batch has brought for a series.
#[derive(Debug, Clone)]
struct Touched {
    ms: i64,
    value: SampleValue,
}

struct Check<'a> {
    head: &'a Head,
    bounds: Bounds,
    stamp: u32,
    /// Made when a series comes a second time; from then on every taken sample is entered.
    touched: Option<HashMap<SeriesRef, Touched, foldhash::fast::RandomState>>,
    /// Series that are not in the head, with their newest sample of this batch.
    fresh: HashMap<SeriesRef, Option<Touched>, foldhash::fast::RandomState>,
    checked: Checked,
}

impl Check<'_> {
    #[inline]
    fn float(&mut self, batch: &SampleBatch, row: usize, series: SeriesRef, time: i64, bits: u64) {
        let Some(state) = self.head.series.get(series) else {
            return self.fresh_float(batch, row, series, time, bits);
        };
        if self.touched.is_some() || state.touch(self.stamp) {
            return self.repeated_float(batch, row, state, series, time, bits);
        }
        let newest = state.newest();
        if newest.is_some_and(|newest| newest.is_histogram) && is_stale(f64::from_bits(bits)) {
            return self.stale_histogram(batch, row, series, time);
        }
        let is_same = |newest: &Newest| !newest.is_histogram && newest.bits == bits;
        match self.bounds.judge(newest.map(|n| n.ms), time, || {
            newest.as_ref().is_some_and(is_same)
        }) {
            Verdict::Take => self.checked.floats += 1,
            verdict => self.skip(batch, row, time, SampleValue::Float(bits), Some(state), verdict),
        }
    }

    /// A series that the batch brings more than once: judged by what the batch brought before.
    #[cold]
    fn repeated_float(
        &mut self,
        batch: &SampleBatch,
        row: usize,
        state: &SeriesState,
        series: SeriesRef,
        time: i64,
        bits: u64,
    ) {
        self.remember(batch, row);
        let newest = self.newest(series, Some(state));
        self.settle_float((batch, row), newest, series, (time, bits), Some(state));
    }

    #[cold]
    fn fresh_float(&mut self, batch: &SampleBatch, row: usize, series: SeriesRef, time: i64, bits: u64) {
        if !self.is_known(series) {
            self.checked.skipped.push(row as u32);
            return self
                .checked
                .rejected
                .add(Labels::empty(), row, time, RejectReason::UnknownSeries);
        }
        let newest = self.fresh.get(&series).cloned().flatten();
        self.settle_float((batch, row), newest, series, (time, bits), None);
    }

    /// Judges a float against the newest sample of its series and enters what becomes of it. A stale marker
    /// after a histogram is one of the histogram's kind.
    fn settle_float(
        &mut self,
        (batch, row): (&SampleBatch, usize),
        newest: Option<Touched>,
        series: SeriesRef,
        (time, bits): (i64, u64),
        state: Option<&SeriesState>,
    ) {
        let is_histogram = matches!(
            newest,
            Some(Touched {
                value: SampleValue::Histogram(_),
                ..
            })
        );
        if is_histogram && is_stale(f64::from_bits(bits)) {
            return self.stale_histogram(batch, row, series, time);
        }
        let value = SampleValue::Float(bits);
        let verdict = self.judge(newest.as_ref(), time, &value);
        self.enter(series, &verdict, time, &value);
        match verdict {
            Verdict::Take => self.checked.floats += 1,
            verdict => self.skip(batch, row, time, value, state, verdict),
        }
    }

    /// The marker that ends a series of histograms is a histogram, whichever way it came.
    fn stale_histogram(&mut self, batch: &SampleBatch, row: usize, series: SeriesRef, time: i64) {
        self.checked.skipped.push(row as u32);
        let sample = HistogramSample {
            series,
            timestamp: time,
            histogram: std::sync::Arc::new(Histogram::stale()),
        };
        self.histogram(batch, row, &sample);
    }

    fn histogram(&mut self, batch: &SampleBatch, row: usize, sample: &HistogramSample) {
        let (series, time) = (sample.series, sample.timestamp);
        let state = self.head.series.get(series);
        if state.is_none() && !self.is_known(series) {
            return self
                .checked
                .rejected
                .add(Labels::empty(), row, time, RejectReason::UnknownSeries);
        }
        self.remember(batch, row.min(batch.len()));
        let value = SampleValue::Histogram(std::sync::Arc::clone(&sample.histogram));
        let newest = self.newest(series, state);
        let verdict = self.judge(newest.as_ref(), time, &value);
        self.enter(series, &verdict, time, &value);
        let late = match verdict {
            Verdict::Take => None,
            Verdict::Late(in_order) => match self.late_twin(state, time, &value) {
                None => Some(in_order),
                Some(twin) => return self.refuse(batch, row, time, state, twin),
            },
            verdict => return self.refuse(batch, row, time, state, verdict),
        };
        // A float row that became a histogram is a marker, which says nothing.
        let own = row.checked_sub(batch.len());
        let start_ms = own.and_then(|own| batch.histogram_starts().get(own).copied());
        self.checked.histograms.push(TakenHistogram {
            sample: sample.clone(),
            start_ms: start_ms.unwrap_or(0),
            late,
        });
    }

    fn judge(&self, newest: Option<&Touched>, time: i64, value: &SampleValue) -> Verdict {
        let is_same = || newest.is_some_and(|newest| newest.value.is_identical(value));
        self.bounds.judge(newest.map(|newest| newest.ms), time, is_same)
    }

    /// Enters a taken sample as its series' newest.
    fn enter(&mut self, series: SeriesRef, verdict: &Verdict, time: i64, value: &SampleValue) {
        let is_newest = matches!(verdict, Verdict::Take | Verdict::Late(true));
        let is_taken = is_newest || matches!(verdict, Verdict::Late(false));
        let touched = || Touched {
            ms: time,
            value: value.clone(),
        };
        if self.head.series.get(series).is_none() {
            if is_taken
                && !self.fresh.contains_key(&series)
                && let Some(labels) = self.head.table.labels(series)
            {
                self.checked.new_series.push((series, labels));
                self.fresh.insert(series, None);
            }
            if is_newest {
                self.fresh.insert(series, Some(touched()));
            }
        } else if is_newest && let Some(entered) = &mut self.touched {
            entered.insert(series, touched());
        }
    }

    /// Enters what the rows before `row` brought, once.
    fn remember(&mut self, batch: &SampleBatch, row: usize) {
        if self.touched.is_some() {
            return;
        }
        let mut touched: HashMap<SeriesRef, Touched, _> = HashMap::default();
        let late: HashMap<u32, bool> = self
            .checked
            .late
            .iter()
            .map(|late| (late.row, late.in_order))
            .collect();
        let mut skipped = self.checked.skipped.iter().copied().peekable();
        for (i, (series, ms, value)) in batch.iter().enumerate().take(row) {
            let is_skipped = skipped.next_if_eq(&(i as u32)).is_some();
            if !is_skipped || late.get(&(i as u32)) == Some(&true) {
                let value = SampleValue::Float(value.to_bits());
                touched.insert(series, Touched { ms, value });
            }
        }
        self.touched = Some(touched);
    }

    fn newest(&self, series: SeriesRef, state: Option<&SeriesState>) -> Option<Touched> {
        let Some(state) = state else {
            return self.fresh.get(&series).cloned().flatten();
        };
        let touched = self.touched.as_ref().and_then(|touched| touched.get(&series));
        touched.cloned().or_else(|| {
            let newest = state.newest()?;
            Some(Touched {
                ms: newest.ms,
                value: state.newest_value(),
            })
        })
    }

    fn is_known(&self, series: SeriesRef) -> bool {
        self.fresh.contains_key(&series) || self.head.table.labels(series).is_some()
    }

    #[cold]
    fn skip(
        &mut self,
        batch: &SampleBatch,
        row: usize,
        time: i64,
        value: SampleValue,
        state: Option<&SeriesState>,
        verdict: Verdict,
    ) {
        self.checked.skipped.push(row as u32);
        let Verdict::Late(in_order) = verdict else {
            return self.refuse(batch, row, time, state, verdict);
        };
        match self.late_twin(state, time, &value) {
            Some(twin) => self.refuse(batch, row, time, state, twin),
            None => {
                self.checked.floats += 1;
                self.checked.late.push(LateRow {
                    row: row as u32,
                    in_order,
                });
            }
        }
    }

    /// What becomes of a late sample whose time another late one has already.
    fn late_twin(&self, state: Option<&SeriesState>, time: i64, value: &SampleValue) -> Option<Verdict> {
        let twin = state?.late().iter().find(|late| late.time == time)?;
        Some(match twin.value.is_identical(value) {
            true => Verdict::Repeated,
            false => Verdict::Reject(RejectReason::DuplicateTimestamp),
        })
    }

    fn refuse(
        &mut self,
        batch: &SampleBatch,
        row: usize,
        time: i64,
        state: Option<&SeriesState>,
        verdict: Verdict,
    ) {
        match verdict {
            Verdict::Repeated => self.checked.repeated += 1,
            Verdict::Reject(reason) => {
                let labels = match state {
                    Some(state) => state.labels.clone(),
                    None => self.labels_of_row(batch, row),
                };
                self.checked.rejected.add(labels, row, time, reason);
            }
            Verdict::Take | Verdict::Late(_) => {}
        }
    }

    fn labels_of_row(&self, batch: &SampleBatch, row: usize) -> Labels {
        let series = match row.checked_sub(batch.len()) {
            None => batch.series().get(row).map(|series| SeriesRef(*series)),
            Some(i) => batch.histograms().get(i).map(|sample| sample.series),
        };
        series
            .and_then(|series| self.head.table.labels(series))
            .unwrap_or_default()
    }
}

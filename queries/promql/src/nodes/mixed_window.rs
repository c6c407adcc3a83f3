//! Windows over series that have native histograms, alone or beside floats.

use std::sync::Arc;

use datafusion::error::Result;
use engine_model::histogram::ResetHint;
use engine_model::staleness::is_stale;
use engine_model::{FloatHistogram, Labels};
use queries_tables::histograms::HistogramAt;

use super::pace::Pace;
use super::range_notes::{RangeNotes, Violation};
use super::window::{Shown, Window, WindowKind};
use crate::error::EvalError;
use crate::functions::mixed::{self, MixedSamples, Sample};
use crate::functions::range::{RangeEvaluation, Samples};
use crate::functions::starts::start_of;
use crate::functions::sweep::advance;
use crate::functions::{extended, histogram_edges};
use crate::histogram_notes::HistogramNotes;

/// A series with histograms.
pub(super) struct MixedSeries<'a> {
    pub(super) labels: Labels,
    pub(super) timestamps: &'a [i64],
    pub(super) values: &'a [f64],
    pub(super) histograms: &'a [HistogramAt],
    /// Pairs of sample time and start timestamp, ms.
    pub(super) starts: &'a [(i64, i64)],
}

/// Histograms without their buckets, which nobody needs; those that say nothing about resets get the hint that a
/// look at the one before them gives.
pub(super) fn with_hints(histograms: &[HistogramAt]) -> Vec<HistogramAt> {
    let mut previous: Option<&FloatHistogram> = None;
    let hinted = histograms.iter().map(|(at_ms, histogram)| {
        let stale = is_stale(histogram.sum);
        let reset_hint = match (histogram.reset_hint, previous) {
            (ResetHint::Unknown, Some(previous)) if !stale => match histogram.detect_reset(previous) {
                true => ResetHint::Reset,
                false => ResetHint::NotReset,
            },
            (hint, _) => hint,
        };
        if !stale {
            previous = Some(histogram);
        }
        let bare = FloatHistogram {
            schema: histogram.schema,
            reset_hint,
            count: histogram.count,
            sum: histogram.sum,
            ..FloatHistogram::default()
        };
        (*at_ms, Arc::new(bare))
    });
    hinted.collect()
}

/// What a window gave at each step.
#[derive(Debug, Default)]
pub(super) struct MixedCells {
    pub(super) floats: Vec<Option<f64>>,
    pub(super) histograms: Vec<HistogramAt>,
}

impl MixedCells {
    fn push(&mut self, sample: Option<Sample>) {
        match sample {
            Some(Sample::Float(value)) => self.floats.push(Some(value)),
            Some(Sample::Histogram(histogram)) => {
                self.histograms.push((self.floats.len() as i64, histogram));
                self.floats.push(None);
            }
            None => self.floats.push(None),
        }
    }
}

/// The first position from `position` on whose time is after `time_ms`.
fn advance_histograms(histograms: &[HistogramAt], position: usize, time_ms: i64) -> usize {
    position
        + histograms[position..]
            .iter()
            .take_while(|(t, _)| *t <= time_ms)
            .count()
}

impl MixedSeries<'_> {
    /// The newest sample at each step.
    pub(super) fn newest(&self, window: &Window, lookback_ms: i64, shown: Shown) -> MixedCells {
        let mut cells = MixedCells::default();
        let (mut floats, mut histograms) = (0, 0);
        for step in 0..window.grid.steps() {
            let time_ms = window.grid.time_ms(step);
            floats = advance(self.timestamps, floats, time_ms);
            histograms = advance_histograms(self.histograms, histograms, time_ms);
            let float = floats
                .checked_sub(1)
                .map(|i| (self.timestamps[i], self.values[i]));
            let histogram = histograms.checked_sub(1).map(|i| &self.histograms[i]);
            let newest = match (float, histogram) {
                (Some((at_ms, _)), Some((histogram_ms, _))) if at_ms < *histogram_ms => None,
                (float, _) => float,
            };
            let (at_ms, sample) = match (newest, histogram) {
                (Some((at_ms, value)), _) => (at_ms, (!is_stale(value)).then_some(Sample::Float(value))),
                (None, Some((at_ms, histogram))) => {
                    let fresh = !is_stale(histogram.sum);
                    (*at_ms, fresh.then(|| Sample::Histogram(Arc::clone(histogram))))
                }
                (None, None) => (i64::MIN, None),
            };
            let current = sample.filter(|_| at_ms > time_ms.saturating_sub(lookback_ms));
            cells.push(match shown {
                Shown::Sample => current,
                Shown::Time | Shown::InfoTime => current.map(|_| Sample::Float(at_ms as f64 / 1000.0)),
                Shown::Start => current.map(|_| Sample::Float(start_of(self.starts, at_ms) as f64 / 1000.0)),
            });
        }
        cells
    }

    /// The value of each step on the line between its neighbours. Staleness markers are left out before.
    pub(super) fn smoothed(
        &self,
        window: &Window,
        lookback_ms: i64,
        notes: &HistogramNotes<'_>,
    ) -> MixedCells {
        let mut cells = MixedCells::default();
        let mut edges = Edges::default();
        for step in 0..window.grid.steps() {
            let time_ms = window.grid.time_ms(step);
            edges.slide(
                self,
                time_ms.saturating_sub(lookback_ms),
                time_ms.saturating_add(lookback_ms),
            );
            let (floats, histograms) = edges.ranges();
            cells.push(match (floats.is_empty(), histograms.is_empty()) {
                (true, true) => None,
                (false, false) => {
                    notes.mixed_kinds();
                    None
                }
                (false, true) => {
                    extended::value_at(&self.timestamps[floats.clone()], &self.values[floats], time_ms)
                        .map(Sample::Float)
                }
                (true, false) => histogram_edges::value_at(&self.histograms[histograms], time_ms, notes)
                    .map(|histogram| Sample::Histogram(Arc::new(histogram))),
            });
        }
        cells
    }
}

/// Where a window's samples lie in a series.
#[derive(Debug, Default)]
struct Edges {
    from: (usize, usize),
    until: (usize, usize),
}

impl Edges {
    fn slide(&mut self, series: &MixedSeries<'_>, after_ms: i64, until_ms: i64) {
        self.until.0 = advance(series.timestamps, self.until.0, until_ms);
        self.from.0 = advance(series.timestamps, self.from.0, after_ms).min(self.until.0);
        self.until.1 = advance_histograms(series.histograms, self.until.1, until_ms);
        self.from.1 = advance_histograms(series.histograms, self.from.1, after_ms).min(self.until.1);
    }

    fn ranges(&self) -> (std::ops::Range<usize>, std::ops::Range<usize>) {
        (self.from.0..self.until.0, self.from.1..self.until.1)
    }
}

/// A range function on its way over one series with histograms.
pub(super) struct MixedSlide<'a> {
    pub(super) window: &'a Window,
    pub(super) evaluation: RangeEvaluation,
    pub(super) range_ms: i64,
    pub(super) notes: &'a RangeNotes,
    pub(super) violations: &'a mut [Option<Violation>],
}

impl MixedSlide<'_> {
    pub(super) async fn over(
        &mut self,
        series: &MixedSeries<'_>,
        parameters: &[Vec<f64>],
        pace: &mut Pace,
    ) -> Result<MixedCells> {
        let notes = HistogramNotes {
            annotations: &self.notes.annotations,
            span: self.notes.span,
            name: series.labels.metric_name(),
        };
        let mut cells = MixedCells::default();
        let mut edges = Edges::default();
        let mut at = vec![0.0; parameters.len()];
        let mut looked_at = 0;
        for step in 0..self.window.grid.steps() {
            let end_ms = self.window.grid.time_ms(step);
            let start_ms = end_ms.saturating_sub(self.range_ms);
            edges.slide(
                series,
                start_ms.saturating_sub(self.evaluation.before_ms),
                end_ms.saturating_add(self.evaluation.after_ms),
            );
            let (floats, histograms) = edges.ranges();
            let units = floats.len() + histograms.len();
            looked_at += units;
            if units == 0 {
                cells.push(None);
                continue;
            }
            for (slot, parameter) in at.iter_mut().zip(parameters) {
                *slot = parameter[step];
            }
            if !floats.is_empty()
                && let Some(violation) = self.violations.get_mut(step).and_then(Option::take)
            {
                self.notes.tell(violation)?;
            }
            let time_ms = self.window.query_grid.time_ms(step);
            let window = || MixedSamples {
                floats: Samples {
                    timestamps: &series.timestamps[floats.clone()],
                    values: &series.values[floats.clone()],
                    start_ms,
                    end_ms,
                    time_ms,
                },
                histograms: &series.histograms[histograms.clone()],
                starts: series.starts,
            };
            cells.push(self.sample(&window(), &at, &notes));
            if pace.tires(units * 16) {
                tokio::task::yield_now().await;
            }
        }
        self.window.budget.look_at(looked_at as u64);
        Ok(cells)
    }

    /// The sample that one window gives.
    fn sample(&self, window: &MixedSamples<'_>, at: &[f64], notes: &HistogramNotes<'_>) -> Option<Sample> {
        if window.histograms.is_empty() && window.starts.is_empty() {
            return (self.evaluation.evaluate)(&window.floats, at).map(Sample::Float);
        }
        let named = (self.notes.function.name, self.evaluation.evaluate);
        mixed::evaluate(named, self.evaluation.edges, window, at, notes)
    }
}

impl Window {
    /// Evaluates a series with histograms.
    pub(super) async fn mixed(
        &self,
        mut series: MixedSeries<'_>,
        parameters: &[Vec<f64>],
        violations: &mut [Option<Violation>],
        pace: &mut Pace,
    ) -> Result<MixedCells> {
        if let WindowKind::Newest { lookback_ms, shown } = &self.kind {
            if *shown == Shown::InfoTime {
                let samples = series.newest(self, *lookback_ms, Shown::Sample);
                if !samples.histograms.is_empty() {
                    let labels = &series.labels;
                    let text = format!("this should be an info metric, with float samples: {labels}");
                    return Err(EvalError::Invalid(text).into());
                }
            }
            let cells = series.newest(self, *lookback_ms, *shown);
            let floats = cells.floats.iter().flatten().count();
            self.budget.look_at((floats + cells.histograms.len()) as u64);
            return Ok(cells);
        }
        let fresh = series
            .timestamps
            .iter()
            .zip(series.values)
            .filter(|(_, v)| !is_stale(**v));
        let (timestamps, values): (Vec<i64>, Vec<f64>) = fresh.unzip();
        let fresh = series
            .histograms
            .iter()
            .filter(|(_, histogram)| !is_stale(histogram.sum));
        let histograms: Vec<HistogramAt> = fresh.cloned().collect();
        series = MixedSeries {
            labels: series.labels,
            timestamps: &timestamps,
            values: &values,
            histograms: &histograms,
            starts: series.starts,
        };
        match &self.kind {
            WindowKind::Smoothed {
                lookback_ms,
                annotations,
                span,
            } => {
                let labels = series.labels.clone();
                let notes = HistogramNotes {
                    annotations,
                    span: *span,
                    name: labels.metric_name(),
                };
                Ok(series.smoothed(self, *lookback_ms, &notes))
            }
            WindowKind::Range {
                evaluation,
                range_ms,
                notes,
            } => {
                let mut slide = MixedSlide {
                    window: self,
                    evaluation: *evaluation,
                    range_ms: *range_ms,
                    notes,
                    violations,
                };
                let cells = slide.over(&series, parameters, pace).await?;
                if cells.floats.iter().any(Option::is_some) {
                    notes.of_series(|| series.labels.clone());
                }
                Ok(cells)
            }
            WindowKind::Newest { .. } => Ok(MixedCells::default()),
        }
    }
}

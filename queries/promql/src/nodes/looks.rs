//! Which samples the steps of a window look at, counted as Prometheus counts them for `stats`: only where somebody asks,
//! and apart from the evaluation, which shares work between steps.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use engine_model::FloatHistogram;
use engine_model::staleness::is_stale;
use parking_lot::Mutex;
use queries_tables::histograms::HistogramAt;

use super::window::{Shown, WindowKind};
use crate::grid::Grid;

/// Samples of one step.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StepLooks {
    /// Samples that the step looks at.
    pub looked_at: u64,
    /// Those of them that the step before it did not see.
    pub read: u64,
}

type Counted = Arc<Mutex<Vec<StepLooks>>>;

/// What all windows of a query counted, by number. A task has one of its own and hands it over when it is done. Clones
/// share it.
#[derive(Debug, Clone, Default)]
pub struct Ledger(Arc<Mutex<HashMap<u32, Counted>>>);

impl Ledger {
    /// A page for one more window.
    pub(crate) fn open(&self) -> Looks {
        let window = self.0.lock().len() as u32;
        self.of_part(Part {
            window,
            ..Part::default()
        })
    }

    /// The page of a window for some of its steps.
    pub(crate) fn of_part(&self, part: Part) -> Looks {
        Looks {
            counted: Arc::clone(self.0.lock().entry(part.window).or_default()),
            part,
        }
    }

    /// Adds what a task counted.
    pub(crate) fn absorb(&self, task: &Self) {
        for (&window, counted) in task.0.lock().iter() {
            let part = Part {
                window,
                ..Part::default()
            };
            self.of_part(part).add(0, &counted.lock());
        }
    }
}

/// Which steps of which window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Part {
    /// Number of the window in its query.
    pub window: u32,
    /// Which step of the whole window the first of these is.
    pub first: usize,
    /// Steps of the whole window before this one are counted by another part.
    pub counts_from: usize,
}

/// Samples of the steps of a window, or of some of them. Clones share them.
#[derive(Debug, Clone)]
pub struct Looks {
    counted: Counted,
    part: Part,
}

/// The samples of a series.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen<'a> {
    pub(super) timestamps: &'a [i64],
    pub(super) values: &'a [f64],
    pub(super) histograms: &'a [HistogramAt],
}

impl Looks {
    /// Counts what the windows of `kind` that end at the instants of `grid` see of a series.
    pub(super) fn note(&self, kind: &WindowKind, grid: Grid, series: Seen<'_>) {
        let Part {
            first, counts_from, ..
        } = self.part;
        let mut steps = vec![StepLooks::default(); grid.steps()];
        match kind {
            WindowKind::Newest { lookback_ms, shown } => {
                series.newest(grid, *lookback_ms, *shown, &mut steps)
            }
            // Prometheus counts nothing for these (3.14).
            WindowKind::Smoothed { .. } => {}
            WindowKind::Range { .. } => series.ranges(grid, kind.reach_ms(), first > 0, &mut steps),
        }
        let skipped = counts_from.saturating_sub(first).min(steps.len());
        self.add(first + skipped, &steps[skipped..]);
    }

    /// Adds to the steps from `first` on.
    fn add(&self, first: usize, steps: &[StepLooks]) {
        let mut counted = self.counted.lock();
        if !steps.is_empty() && counted.len() < first + steps.len() {
            counted.resize(first + steps.len(), StepLooks::default());
        }
        for (sum, step) in counted.iter_mut().skip(first).zip(steps) {
            sum.looked_at += step.looked_at;
            sum.read += step.read;
        }
    }

    /// What was counted, a step of the whole window an entry; steps at the end may be missing.
    pub(crate) fn steps(&self) -> Vec<StepLooks> {
        self.counted.lock().clone()
    }

    /// Of which steps of which window this is.
    pub(crate) fn part(&self) -> Part {
        self.part
    }

    /// The same for `steps` of these, those before `counts_from` being counted elsewhere.
    pub(crate) fn slice(&self, steps: &Range<usize>, counts_from: usize) -> Self {
        let part = Part {
            first: self.part.first + steps.start,
            counts_from: self.part.counts_from.max(self.part.first + counts_from),
            ..self.part
        };
        Self {
            counted: Arc::clone(&self.counted),
            part,
        }
    }
}

impl Seen<'_> {
    /// Each step takes the newest sample, if it is not too old and no staleness marker.
    fn newest(&self, grid: Grid, lookback_ms: i64, shown: Shown, steps: &mut [StepLooks]) {
        let (mut floats, mut histograms) = (0, 0);
        for (step, looks) in steps.iter_mut().enumerate() {
            let time_ms = grid.time_ms(step);
            floats += count_until(&self.timestamps[floats..], |t| *t, time_ms);
            histograms += count_until(&self.histograms[histograms..], |(t, _)| *t, time_ms);
            let float = floats.checked_sub(1).map(|at| self.timestamps[at]);
            let histogram = histograms.checked_sub(1).map(|at| &self.histograms[at]);
            let oldest_ms = time_ms.saturating_sub(lookback_ms);
            let units = match (float, histogram) {
                (float, Some((at_ms, histogram))) if float.is_none_or(|t| t < *at_ms) => {
                    let visible = *at_ms > oldest_ms && !is_stale(histogram.sum);
                    let units = if shown == Shown::Sample {
                        units(histogram)
                    } else {
                        1
                    };
                    if visible { units } else { 0 }
                }
                (Some(at_ms), _) => u64::from(at_ms > oldest_ms && !is_stale(self.values[floats - 1])),
                (None, _) => 0,
            };
            *looks = StepLooks {
                looked_at: units,
                read: units,
            };
        }
    }

    /// Each step takes all samples of its window but staleness markers. Where the steps `go_on`, others came before.
    fn ranges(&self, grid: Grid, (before_ms, after_ms): (i64, i64), go_on: bool, steps: &mut [StepLooks]) {
        let floats = self.timestamps.iter().zip(self.values);
        let floats = floats
            .filter(|(_, value)| !is_stale(**value))
            .map(|(t, _)| (*t, 1));
        let histograms = self.histograms.iter().filter(|(_, h)| !is_stale(h.sum));
        let histograms = histograms.map(|(t, histogram)| (*t, units(histogram)));
        let mut samples: Vec<(i64, u64)> = floats.chain(histograms).collect();
        samples.sort_unstable_by_key(|(t, _)| *t);
        let (mut from, mut until) = (0, 0);
        let sum = |samples: &[(i64, u64)]| samples.iter().map(|(_, units)| units).sum::<u64>();
        let seen_before = if go_on {
            let previous_ms = grid
                .start_ms
                .saturating_sub(grid.step_ms)
                .saturating_add(after_ms);
            count_until(&samples, |(t, _)| *t, previous_ms)
        } else {
            0
        };
        let mut inside = 0;
        for (step, looks) in steps.iter_mut().enumerate() {
            let end_ms = grid.time_ms(step).saturating_add(after_ms);
            let start_ms = grid.time_ms(step).saturating_sub(before_ms);
            let came = count_until(&samples[until..], |(t, _)| *t, end_ms);
            let went = count_until(&samples[from..], |(t, _)| *t, start_ms);
            inside += sum(&samples[until..until + came]);
            inside -= sum(&samples[from..from + went]);
            let first_new = until.max(from + went).max(seen_before);
            (from, until) = (from + went, until + came);
            *looks = StepLooks {
                looked_at: inside,
                read: sum(&samples[first_new.min(until)..until]),
            };
        }
    }
}

/// How many of ascending samples are at `time_ms` or before it.
fn count_until<T>(samples: &[T], time_of: impl Fn(&T) -> i64, time_ms: i64) -> usize {
    let until = samples.iter().take_while(|sample| time_of(sample) <= time_ms);
    until.count()
}

/// How many samples a native histogram counts as: by the bytes that it takes in Prometheus, 16 for a sample.
pub(crate) fn units(histogram: &FloatHistogram) -> u64 {
    const STRUCT_BYTES: usize = 168;
    const ENTRY_BYTES: usize = 8;
    const TIMESTAMP_BYTES: usize = 8;
    const SAMPLE_BYTES: usize = 16;
    let entries = histogram.positive_spans.len()
        + histogram.negative_spans.len()
        + histogram.positive.len()
        + histogram.negative.len()
        + histogram.custom_values.len();
    ((STRUCT_BYTES + entries * ENTRY_BYTES + TIMESTAMP_BYTES) / SAMPLE_BYTES) as u64
}

#[cfg(test)]
mod tests {
    use engine_model::staleness::STALE_NAN;

    use super::*;

    const TIMES: [i64; 6] = [10, 20, 30, 40, 50, 60];

    fn seen<'a>(values: &'a [f64], histograms: &'a [HistogramAt]) -> Seen<'a> {
        Seen {
            timestamps: &TIMES[..values.len()],
            values,
            histograms,
        }
    }

    fn counted(steps: usize, count: impl FnOnce(&mut [StepLooks])) -> Vec<(u64, u64)> {
        let mut looks = vec![StepLooks::default(); steps];
        count(&mut looks);
        looks.iter().map(|step| (step.looked_at, step.read)).collect()
    }

    #[test]
    fn the_newest_sample_of_a_step() {
        let values = [1.0, STALE_NAN, 3.0];
        let grid = Grid::range(5, 55, 10);
        let looks = counted(6, |steps| {
            seen(&values, &[]).newest(grid, 20, Shown::Sample, steps)
        });
        assert_eq!(looks, [(0, 0), (1, 1), (0, 0), (1, 1), (1, 1), (0, 0)]);
        let histogram = Arc::new(FloatHistogram {
            positive: vec![1.0; 4],
            ..FloatHistogram::default()
        });
        assert_eq!(units(&histogram), 13);
        let histograms = [(25, histogram)];
        let looks = counted(6, |steps| {
            seen(&values, &histograms).newest(grid, 20, Shown::Sample, steps)
        });
        assert_eq!(looks[2], (13, 13));
        let times = counted(6, |steps| {
            seen(&values, &histograms).newest(grid, 20, Shown::Time, steps)
        });
        assert_eq!(times[2], (1, 1));
    }

    #[test]
    fn the_samples_of_windows() {
        let values = [1.0, 2.0, STALE_NAN, 4.0, 5.0, 6.0];
        let ranges = |grid: Grid, reach| {
            counted(grid.steps(), |steps| {
                seen(&values, &[]).ranges(grid, reach, false, steps)
            })
        };
        // Windows that overlap read each sample once.
        assert_eq!(
            ranges(Grid::range(20, 60, 10), (20, 0)),
            [(2, 2), (1, 0), (1, 1), (2, 1), (2, 1)]
        );
        // Samples between windows are not read.
        assert_eq!(ranges(Grid::range(20, 60, 40), (10, 0)), [(1, 1), (1, 1)]);
        // Behind the instant.
        assert_eq!(ranges(Grid::range(20, 20, 1), (10, 20)), [(2, 2)]);
        // The same window at every step is read at the first.
        assert_eq!(ranges(Grid::fixed(60, 3), (30, 0)), [(3, 3), (3, 0), (3, 0)]);
        // Later steps alone read what they would read behind the others.
        let all = Grid::range(20, 60, 10);
        let later = counted(2, |steps| {
            seen(&values, &[]).ranges(all.slice(3..5), (20, 0), true, steps)
        });
        assert_eq!(later, ranges(all, (20, 0))[3..]);
    }
}

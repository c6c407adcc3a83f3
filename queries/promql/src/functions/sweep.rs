//! Functions that are computed over all windows of a series in one go: neighbouring windows share most of their
//! samples, and what is known of one is half of the next.

use std::ops::Range;

use crate::grid::Grid;

/// The float samples of one series, staleness markers left out, and the windows over them: `(t − range, t]` for
/// each instant of the grid.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Windows<'a> {
    /// Milliseconds since the epoch, ascending.
    pub(crate) timestamps: &'a [i64],
    /// Values, one a timestamp.
    pub(crate) values: &'a [f64],
    /// Instants at which windows end.
    pub(crate) grid: Grid,
    /// Width of a window, ms.
    pub(crate) range_ms: i64,
}

/// Computes a function over all windows and says how many samples they have, one that several see counting for
/// each.
pub(crate) type Sweep = fn(&Windows<'_>, &mut Cells) -> u64;

/// Neighbours that are compared before a look at whether they are evenly spaced.
const EVEN_AT_A_TIME: usize = 256;

/// What windows give, a cell a step.
#[derive(Debug, Default)]
pub(crate) struct Cells {
    /// A value a step, 0 where there is none.
    pub(crate) values: Vec<f64>,
    /// Steps without a value, ascending.
    pub(crate) holes: Vec<usize>,
}

impl Cells {
    /// Forgets all cells.
    pub(crate) fn clear(&mut self) {
        self.values.clear();
        self.holes.clear();
    }

    /// Adds the cell of the next step.
    pub(crate) fn push(&mut self, cell: Option<f64>) {
        if cell.is_none() {
            self.holes.push(self.values.len());
        }
        self.values.push(cell.unwrap_or_default());
    }

    /// Number of steps with a value.
    pub(crate) fn count(&self) -> usize {
        self.values.len() - self.holes.len()
    }
}

/// The steps whose windows have as many samples and lie to them alike, because samples and steps are evenly spaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Alike {
    /// These steps.
    pub(crate) steps: Range<usize>,
    /// The first sample of the first of these windows, and the one after its last.
    pub(crate) first: Range<usize>,
    /// Samples by which each window is after the one before it.
    pub(crate) stride: usize,
}

impl Windows<'_> {
    /// Makes the cells: `compute` gets the first sample of a window, the one after its last, and the instant at which
    /// it ends. Windows without a sample have no value. Returns the number of samples that windows have.
    #[inline]
    pub(crate) fn sweep(
        &self,
        cells: &mut Cells,
        compute: impl FnMut(usize, usize, i64) -> Option<f64>,
    ) -> u64 {
        self.begin(cells);
        self.sweep_steps(0..self.grid.steps(), cells, compute)
    }

    /// Makes room for the cells.
    pub(crate) fn begin(&self, cells: &mut Cells) {
        cells.clear();
        cells.values.resize(self.grid.steps(), 0.0);
    }

    /// As [`sweep`](Self::sweep), of some steps, which come after those that were made before.
    #[inline]
    pub(crate) fn sweep_steps(
        &self,
        steps: Range<usize>,
        cells: &mut Cells,
        mut compute: impl FnMut(usize, usize, i64) -> Option<f64>,
    ) -> u64 {
        let (mut left, mut right) = (Edge::default(), Edge::default());
        let Cells { values, holes } = cells;
        let mut seen = 0;
        for (step, slot) in steps.clone().zip(&mut values[steps]) {
            let end_ms = self.grid.time_ms(step);
            let until = right.advance(self.timestamps, end_ms);
            let from = left.advance(self.timestamps, end_ms.saturating_sub(self.range_ms));
            seen += until - from.min(until);
            let value = if from < until {
                compute(from, until, end_ms)
            } else {
                None
            };
            match value {
                Some(value) => *slot = value,
                None => holes.push(step),
            }
        }
        seen as u64
    }

    /// The steps whose windows are alike, if there are some.
    pub(crate) fn alike(&self) -> Option<Alike> {
        let (
            &[first_ms, second_ms, ..],
            Grid {
                start_ms, step_ms, ..
            },
        ) = (self.timestamps, self.grid)
        else {
            return None;
        };
        let gap_ms = second_ms.checked_sub(first_ms)?;
        if step_ms <= 0 || step_ms % gap_ms != 0 {
            return None;
        }
        // Differences are gathered in bits, many at a time, with a look at them now and then.
        let unevenness = |pair: &[i64]| (pair[1] - pair[0]) ^ gap_ms;
        let neighbours = |start| start..self.timestamps.len().min(start + EVEN_AT_A_TIME + 1);
        let mut parts = (0..self.timestamps.len() - 1)
            .step_by(EVEN_AT_A_TIME)
            .map(neighbours);
        let even = |part: Range<usize>| {
            let pairs = self.timestamps[part].windows(2);
            pairs.fold(0, |bits, pair| bits | unevenness(pair)) == 0
        };
        if !parts.all(even) {
            return None;
        }
        // Samples up to a time, if they went on as they do before the first and after the last.
        let up_to = |time_ms: i64| Some(time_ms.checked_sub(first_ms)?.div_euclid(gap_ms) + 1);
        let (from, until) = (up_to(start_ms.checked_sub(self.range_ms)?)?, up_to(start_ms)?);
        let (stride, samples) = (step_ms / gap_ms, i64::try_from(self.timestamps.len()).ok()?);
        let first_step =
            usize::try_from((-from).max(0).unsigned_abs().div_ceil(stride.unsigned_abs())).ok()?;
        let steps_end = usize::try_from((samples - until).div_euclid(stride) + 1).ok()?;
        let steps = first_step..steps_end.min(self.grid.steps());
        let moved = |position: i64| usize::try_from(position + stride * i64::try_from(first_step).ok()?).ok();
        let alike = Alike {
            first: moved(from)?..moved(until)?,
            stride: usize::try_from(stride).ok()?,
            steps,
        };
        (!alike.steps.is_empty()).then_some(alike)
    }
}

/// An edge of a window that moves by equal steps: it mostly moves by as many samples as the last time.
#[derive(Debug, Default)]
pub(crate) struct Edge {
    position: usize,
    stride: usize,
}

impl Edge {
    /// The first sample that is after `time_ms`, which never goes back.
    #[inline]
    pub(crate) fn advance(&mut self, timestamps: &[i64], time_ms: i64) -> usize {
        let guess = self.position + self.stride;
        let is_right = guess > 0
            && guess < timestamps.len()
            && timestamps[guess - 1] <= time_ms
            && timestamps[guess] > time_ms;
        if is_right {
            self.position = guess;
        } else {
            self.search(timestamps, time_ms);
        }
        self.position
    }

    #[cold]
    fn search(&mut self, timestamps: &[i64], time_ms: i64) {
        let before = self.position;
        self.position = advance(timestamps, before, time_ms);
        self.stride = self.position - before;
    }
}

/// The first position from `position` on whose timestamp is after `time_ms`: mostly it is near.
pub(crate) fn advance(timestamps: &[i64], position: usize, time_ms: i64) -> usize {
    const NEAR: usize = 16;
    let rest = &timestamps[position..];
    let near = rest.iter().take(NEAR).take_while(|&&t| t <= time_ms).count();
    if near < NEAR {
        return position + near;
    }
    position + rest.partition_point(|&t| t <= time_ms)
}

#[cfg(test)]
mod tests {
    use rand::rngs::SmallRng;
    use rand::{Rng, SeedableRng};

    use super::*;
    use crate::functions::range::{Samples, range_function};

    /// Values that fall, that are zero of both signs, infinite, tiny, or no numbers.
    fn value(random: &mut SmallRng, before: f64) -> f64 {
        match random.random_range(0..40) {
            0 => 0.0,
            1 => -0.0,
            2 => f64::NAN,
            3 => f64::INFINITY,
            4 => before - 3.0,
            5 => random.random::<f64>() * 1e-300,
            6..=12 => before,
            _ => before + random.random::<f64>(),
        }
    }

    #[test]
    fn all_windows_at_once_are_as_one_by_one() {
        let seed = engine_model::time::now_ms().unsigned_abs();
        println!("seed {seed}");
        let mut random = SmallRng::seed_from_u64(seed);
        for _ in 0..400 {
            let jitter = if random.random_bool(0.5) {
                1
            } else {
                random.random_range(1..4000)
            };
            let (mut at_ms, mut last): (i64, f64) = (random.random_range(0..60_000), 0.0);
            let mut samples = Vec::new();
            for _ in 0..random.random_range(1..300) {
                at_ms += 15_000
                    * if jitter > 1 && random.random_bool(0.03) {
                        20
                    } else {
                        1
                    };
                last = if last.is_finite() {
                    value(&mut random, last)
                } else {
                    1.0
                };
                samples.push((at_ms + random.random_range(0..jitter), last));
            }
            let (timestamps, values): (Vec<i64>, Vec<f64>) = samples.into_iter().unzip();
            let range_ms = random.random_range(1..200) * 10_000;
            let step_ms = random.random_range(1..60) * 5_000;
            let start_ms = random.random_range(0..100_000);
            let windows = Windows {
                timestamps: &timestamps,
                values: &values,
                grid: Grid::range(start_ms, at_ms + 50_000, step_ms),
                range_ms,
            };
            for name in ["rate", "increase", "delta", "min_over_time", "max_over_time"] {
                assert_eq!(
                    swept(name, &windows),
                    one_by_one(name, &windows),
                    "{name} {windows:?}"
                );
            }
        }
    }

    type Found = (Vec<Option<u64>>, u64);

    fn swept(name: &str, windows: &Windows<'_>) -> Found {
        let mut cells = Cells::default();
        let seen = range_function(name).unwrap().sweep.unwrap()(windows, &mut cells);
        let hole = |step: &usize| cells.holes.contains(step);
        let bits = (0..cells.values.len()).map(|step| (!hole(&step)).then(|| cells.values[step].to_bits()));
        (bits.collect(), seen)
    }

    fn one_by_one(name: &str, windows: &Windows<'_>) -> Found {
        let mut seen = 0;
        let evaluate = range_function(name).unwrap().evaluate;
        let bits = (0..windows.grid.steps()).map(|step| {
            let end_ms = windows.grid.time_ms(step);
            let until = advance(windows.timestamps, 0, end_ms);
            let from = advance(windows.timestamps, 0, end_ms - windows.range_ms);
            seen += (until - from) as u64;
            let samples = Samples {
                timestamps: &windows.timestamps[from..until],
                values: &windows.values[from..until],
                start_ms: end_ms - windows.range_ms,
                end_ms,
                time_ms: end_ms,
            };
            let found = (from < until).then(|| evaluate(&samples, &[])).flatten();
            found.map(f64::to_bits)
        });
        (bits.collect(), seen)
    }
}

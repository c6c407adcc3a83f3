//! `rate`, `increase` and `delta` over all windows of a series: bit for bit what they give window by window. Falls
//! are looked for once, and as long as windows lie to their samples alike they are extrapolated alike.

use std::ops::Range;

use super::range::seconds_of;
use super::rate::{Extrapolation, factor};
use super::sweep::{Alike, Cells, Windows};

pub(super) fn rate(windows: &Windows<'_>, cells: &mut Cells) -> u64 {
    extrapolated::<true>(windows, Some(seconds_of(windows.range_ms)), cells)
}

pub(super) fn increase(windows: &Windows<'_>, cells: &mut Cells) -> u64 {
    extrapolated::<true>(windows, None, cells)
}

pub(super) fn delta(windows: &Windows<'_>, cells: &mut Cells) -> u64 {
    extrapolated::<false>(windows, None, cells)
}

/// More than rounding can make of a product and a quotient of values that are not as small as this.
const SURELY: f64 = 1.000_001;
const SMALL: f64 = 1e-290;

fn extrapolated<const COUNTER: bool>(
    windows: &Windows<'_>,
    range_seconds: Option<f64>,
    cells: &mut Cells,
) -> u64 {
    let mut falls = if COUNTER {
        Falls::of(windows.values)
    } else {
        Falls::none()
    };
    let mut series = Series {
        windows,
        range_seconds,
        last: Extrapolated::default(),
    };
    let alike = windows.alike().filter(|alike| alike.first.len() > 1);
    let Some(alike) = alike.filter(|_| falls.places.is_empty()) else {
        return windows.sweep(cells, |from, until, end_ms| {
            let falls = falls.inside(from, until);
            series.compute::<COUNTER>(from..until, end_ms, falls)
        });
    };
    windows.begin(cells);
    let (before, after) = (0..alike.steps.start, alike.steps.end..windows.grid.steps());
    let mut compute = |from, until, end_ms| series.compute::<COUNTER>(from..until, end_ms, &[]);
    let mut seen = windows.sweep_steps(before, cells, &mut compute);
    seen += windows.sweep_steps(after, cells, &mut compute);
    seen + series.alike::<COUNTER>(&alike, cells)
}

/// A series on the way.
struct Series<'a> {
    windows: &'a Windows<'a>,
    range_seconds: Option<f64>,
    last: Extrapolated,
}

impl Series<'_> {
    fn window(&self, samples: Range<usize>, end_ms: i64) -> Extrapolation {
        let timestamps = &self.windows.timestamps[samples];
        Extrapolation {
            first_ms: timestamps[0],
            last_ms: timestamps[timestamps.len() - 1],
            gaps: timestamps.len() - 1,
            start_ms: end_ms.saturating_sub(self.windows.range_ms),
            end_ms,
            begun_ms: None,
            share_before_first: None,
            range_seconds: self.range_seconds,
        }
    }

    #[inline]
    fn compute<const COUNTER: bool>(
        &mut self,
        samples: Range<usize>,
        end_ms: i64,
        falls: &[usize],
    ) -> Option<f64> {
        if samples.len() < 2 {
            return None;
        }
        let values = self.windows.values;
        let (first, newest) = (values[samples.start], values[samples.end - 1]);
        let mut result = newest - first;
        for &place in falls {
            result += values[place - 1];
        }
        let window = self.window(samples, end_ms);
        if self.last.place != window.place() {
            self.last = Extrapolated::of(&window);
        }
        if COUNTER && self.last.zero_decides(first, result) {
            return Some(from_zero(result, first, &window));
        }
        Some(result * self.last.factor)
    }

    /// The windows that are alike, of values that do not fall.
    fn alike<const COUNTER: bool>(&self, alike: &Alike, cells: &mut Cells) -> u64 {
        let (values, first) = (self.windows.values, &alike.first);
        let window = self.window(first.clone(), self.windows.grid.time_ms(alike.steps.start));
        let known = Extrapolated::of(&window);
        let firsts = values[first.start..].iter().step_by(alike.stride);
        let newest = values[first.end - 1..].iter().step_by(alike.stride);
        let slots = cells.values[alike.steps.clone()].iter_mut();
        for ((slot, &first), &newest) in slots.zip(firsts).zip(newest) {
            let result = newest - first;
            *slot = if COUNTER && known.zero_decides(first, result) {
                from_zero(result, first, &window)
            } else {
                result * known.factor
            };
        }
        (alike.steps.len() * first.len()) as u64
    }
}

#[cold]
fn from_zero(result: f64, first: f64, window: &Extrapolation) -> f64 {
    let share_before_first = Some(first / result);
    result
        * factor(&Extrapolation {
            share_before_first,
            ..*window
        })
}

/// How a window was extrapolated without a look at zero.
#[derive(Debug, Clone, Copy, Default)]
struct Extrapolated {
    /// Where the samples lay, see [`Extrapolation::place`]; at first where none can.
    place: (i64, i64, i64, usize),
    to_start: f64,
    sampled: f64,
    factor: f64,
}

impl Extrapolated {
    #[cold]
    fn of(window: &Extrapolation) -> Self {
        let (to_start, _, sampled) = window.seconds();
        Self {
            place: window.place(),
            to_start,
            sampled,
            factor: factor(window),
        }
    }
}

impl Extrapolated {
    /// Whether the way to zero may be shorter than the way to the edge of the window. It is
    /// `sampled * (first / result)`; where it is surely longer, no division is needed to see that.
    #[inline]
    fn zero_decides(&self, first: f64, result: f64) -> bool {
        let surely_not = first > SMALL && self.sampled * first > self.to_start * result * SURELY;
        result > 0.0 && first >= 0.0 && !surely_not
    }
}

/// Places at which the value is below the one before it.
#[derive(Debug)]
struct Falls {
    places: Vec<usize>,
    /// Those of them that are inside the window, each with its predecessor.
    window: Range<usize>,
}

impl Falls {
    fn none() -> Self {
        Self {
            places: Vec::new(),
            window: 0..0,
        }
    }

    fn of(values: &[f64]) -> Self {
        let falls = |pair: &[f64]| pair[1] < pair[0];
        // Counted first, which takes a quarter of the time: most counters never fall.
        let count: usize = values.windows(2).map(|pair| usize::from(falls(pair))).sum();
        if count == 0 {
            return Self::none();
        }
        let mut places = Vec::with_capacity(count);
        places.extend((1..values.len()).filter(|&place| falls(&values[place - 1..=place])));
        Self { places, window: 0..0 }
    }

    /// Those in the window of the samples `from..until`, which never goes back.
    fn inside(&mut self, from: usize, until: usize) -> &[usize] {
        let before = |places: &[usize], end: usize| places.iter().take_while(|&&place| place < end).count();
        self.window.end += before(&self.places[self.window.end..], until);
        self.window.start += before(&self.places[self.window.clone()], from + 1);
        &self.places[self.window.clone()]
    }
}

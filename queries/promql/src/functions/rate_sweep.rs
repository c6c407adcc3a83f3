//! `rate`, `increase` and `delta` over all windows of a series: bit for bit what they give window by window. Falls
//! are looked for once, and as long as windows lie to their samples alike they are extrapolated alike.

use std::ops::Range;

use super::range::seconds_of;
use super::rate::{Extrapolation, factor};
use super::sweep::{Cells, Windows};

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
    let Windows {
        timestamps, values, ..
    } = *windows;
    let mut falls = if COUNTER { Falls::of(values) } else { Falls::none() };
    let mut last = Extrapolated::default();
    windows.sweep(cells, |from, until, end_ms| {
        let gaps = until - from - 1;
        if gaps == 0 {
            return None;
        }
        let (first, newest) = (values[from], values[until - 1]);
        let (first_ms, last_ms) = (timestamps[from], timestamps[until - 1]);
        let mut result = newest - first;
        if COUNTER && !falls.places.is_empty() {
            for &place in falls.inside(from, until) {
                result += values[place - 1];
            }
        }
        let window = Extrapolation {
            first_ms,
            last_ms,
            gaps,
            start_ms: end_ms.saturating_sub(windows.range_ms),
            end_ms,
            begun_ms: None,
            share_before_first: None,
            range_seconds,
        };
        if last.place != window.place() {
            last = Extrapolated::of(&window);
        }
        // The way to zero is `sampled * (first / result)`; where it is surely longer than the way to the edge it
        // decides nothing, and no division is needed to see that.
        let zero_decides = COUNTER
            && result > 0.0
            && first >= 0.0
            && !(first > SMALL && last.sampled * first > last.to_start * result * SURELY);
        if zero_decides {
            return Some(from_zero(result, first, window));
        }
        Some(result * last.factor)
    })
}

#[cold]
fn from_zero(result: f64, first: f64, window: Extrapolation) -> f64 {
    let share_before_first = Some(first / result);
    result
        * factor(&Extrapolation {
            share_before_first,
            ..window
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

//! `anchored` and `smoothed`: functions that look beyond the edges of their window. Anchored takes the last
//! sample at or before the left edge for the value there; smoothed interpolates at both edges.

use super::range::Samples;
use super::rate;

/// How the values at the edges of a window come about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EdgeRule {
    /// The last sample at or before the left edge stands there.
    Anchored,
    /// The value on the line between the neighbours of the edge.
    Smoothed,
}

/// Which samples of a window count, and the values at its edges.
#[derive(Debug, Clone, Copy)]
struct Edges {
    left: f64,
    right: f64,
    /// First and one past the last sample strictly between the edges.
    inside: (usize, usize),
}

pub(super) fn anchored_rate(samples: &Samples<'_>, _: &[f64]) -> Option<f64> {
    Some(increase(samples, EdgeRule::Anchored, true)? / samples.range_seconds())
}

pub(super) fn anchored_increase(samples: &Samples<'_>, _: &[f64]) -> Option<f64> {
    increase(samples, EdgeRule::Anchored, true)
}

pub(super) fn anchored_delta(samples: &Samples<'_>, _: &[f64]) -> Option<f64> {
    increase(samples, EdgeRule::Anchored, false)
}

pub(super) fn smoothed_rate(samples: &Samples<'_>, _: &[f64]) -> Option<f64> {
    Some(increase(samples, EdgeRule::Smoothed, true)? / samples.range_seconds())
}

pub(super) fn smoothed_increase(samples: &Samples<'_>, _: &[f64]) -> Option<f64> {
    increase(samples, EdgeRule::Smoothed, true)
}

pub(super) fn smoothed_delta(samples: &Samples<'_>, _: &[f64]) -> Option<f64> {
    increase(samples, EdgeRule::Smoothed, false)
}

pub(super) fn anchored_changes(samples: &Samples<'_>, parameters: &[f64]) -> Option<f64> {
    rate::changes(&from_anchor(samples)?, parameters)
}

pub(super) fn anchored_resets(samples: &Samples<'_>, parameters: &[f64]) -> Option<f64> {
    rate::resets(&from_anchor(samples)?, parameters)
}

/// The samples from the anchor on; nothing when all are at or before the left edge.
fn from_anchor<'a>(samples: &Samples<'a>) -> Option<Samples<'a>> {
    let before = samples.timestamps.partition_point(|&t| t <= samples.start_ms);
    let anchor = before.saturating_sub(1);
    (before < samples.len()).then(|| Samples {
        timestamps: &samples.timestamps[anchor..],
        values: &samples.values[anchor..],
        ..*samples
    })
}

fn increase(samples: &Samples<'_>, rule: EdgeRule, counter: bool) -> Option<f64> {
    let edges = edges(samples, rule, counter)?;
    let result = edges.right - edges.left;
    if !counter {
        return Some(result);
    }
    let (from, until) = edges.inside;
    let mut previous = edges.left;
    let mut correction = 0.0;
    let inside = samples.values[from..until.max(from)].iter().copied();
    for value in inside.chain([edges.right]) {
        if value < previous {
            correction += previous;
        }
        previous = value;
    }
    Some(result + correction)
}

/// Nothing when no sample says what happened inside the window.
fn edges(samples: &Samples<'_>, rule: EdgeRule, counter: bool) -> Option<Edges> {
    let (timestamps, values) = (samples.timestamps, samples.values);
    let newest = timestamps.len().checked_sub(1)?;
    let first = timestamps[..newest]
        .partition_point(|&t| t <= samples.start_ms)
        .saturating_sub(1);
    let last = match rule {
        EdgeRule::Anchored => newest,
        EdgeRule::Smoothed => timestamps[..newest].partition_point(|&t| t < samples.end_ms),
    };
    if timestamps[last] <= samples.start_ms {
        return None;
    }
    let smoothed = rule == EdgeRule::Smoothed;
    if smoothed && timestamps[first] > samples.end_ms {
        return None;
    }
    let between = |i: usize, at_ms: i64| {
        let ends = [(timestamps[i], values[i]), (timestamps[i + 1], values[i + 1])];
        interpolate(ends, at_ms, counter)
    };
    let left = if smoothed && timestamps[first] < samples.start_ms {
        between(first, samples.start_ms)
    } else {
        values[first]
    };
    let right = if smoothed && last > 0 && timestamps[last] > samples.end_ms {
        between(last - 1, samples.end_ms)
    } else {
        values[last]
    };
    let from = first + usize::from(timestamps[first] <= samples.start_ms);
    let until = last + usize::from(timestamps[last] < samples.end_ms);
    Some(Edges {
        left,
        right,
        inside: (from, until),
    })
}

/// The value at `at_ms` on the line between two samples; a counter that was reset between them counts from 0.
fn interpolate([(from_ms, from), (to_ms, to)]: [(i64, f64); 2], at_ms: i64, counter: bool) -> f64 {
    let from = if counter && to < from { 0.0 } else { from };
    from + (to - from) * (at_ms - from_ms) as f64 / (to_ms - from_ms) as f64
}

/// The smoothed value at an instant: the sample there, else on the line between its neighbours, else the
/// one before; nothing when there is only a later one.
pub(crate) fn value_at(timestamps: &[i64], values: &[f64], at_ms: i64) -> Option<f64> {
    let next = timestamps.partition_point(|&t| t < at_ms);
    if timestamps.get(next) == Some(&at_ms) {
        return Some(values[next]);
    }
    let previous = next.checked_sub(1)?;
    Some(match timestamps.get(next) {
        Some(&next_ms) => {
            let ends = [(timestamps[previous], values[previous]), (next_ms, values[next])];
            interpolate(ends, at_ms, false)
        }
        None => values[previous],
    })
}

/// The samples of a window with a value at each of its edges, as an instant query shows a range selector.
pub(crate) fn with_edges(samples: &Samples<'_>, rule: EdgeRule) -> Vec<(i64, f64)> {
    let Some(edges) = edges(samples, rule, false) else {
        return Vec::new();
    };
    let (from, until) = edges.inside;
    let inside = from..until.max(from);
    let between = samples.timestamps[inside.clone()]
        .iter()
        .copied()
        .zip(samples.values[inside].iter().copied());
    std::iter::once((samples.start_ms, edges.left))
        .chain(between)
        .chain([(samples.end_ms, edges.right)])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window<'a>(timestamps: &'a [i64], values: &'a [f64]) -> Samples<'a> {
        Samples {
            timestamps,
            values,
            start_ms: 10_000,
            end_ms: 30_000,
            time_ms: 30_000,
        }
    }

    #[test]
    fn edges_of_a_counter() {
        let counter = window(&[0, 20_000, 40_000], &[0.0, 20.0, 60.0]);
        assert_eq!(smoothed_increase(&counter, &[]), Some(30.0), "from 10 to 40");
        assert_eq!(smoothed_rate(&counter, &[]), Some(1.5));
        let anchored = window(&[0, 20_000, 30_000], &[3.0, 20.0, 5.0]);
        assert_eq!(anchored_increase(&anchored, &[]), Some(22.0), "with a reset");
        assert_eq!(anchored_delta(&anchored, &[]), Some(2.0));
        assert_eq!(anchored_changes(&anchored, &[]), Some(2.0));
        assert_eq!(anchored_resets(&anchored, &[]), Some(1.0));
        let before = window(&[0, 10_000], &[1.0, 2.0]);
        assert_eq!(anchored_increase(&before, &[]), None);
        assert_eq!(anchored_changes(&before, &[]), None);
        let reset_at_edge = window(&[0, 20_000], &[100.0, 10.0]);
        assert_eq!(smoothed_increase(&reset_at_edge, &[]), Some(5.0), "from 5 to 10");
    }

    #[test]
    fn instants_and_ranges() {
        let (timestamps, values) = ([0, 20_000, 40_000], [0.0, 20.0, 60.0]);
        assert_eq!(value_at(&timestamps, &values, 30_000), Some(40.0));
        assert_eq!(value_at(&timestamps, &values, 20_000), Some(20.0));
        assert_eq!(value_at(&timestamps, &values, 50_000), Some(60.0));
        assert_eq!(value_at(&timestamps, &values, -1), None);
        assert_eq!(
            with_edges(&window(&timestamps, &values), EdgeRule::Smoothed),
            [(10_000, 10.0), (20_000, 20.0), (30_000, 40.0)]
        );
    }
}

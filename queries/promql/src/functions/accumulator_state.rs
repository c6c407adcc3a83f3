//! States of aggregations as numbers, so that parts of a group can be added up apart and put together.

use super::accumulator::{Accumulator, AccumulatorKind};
use super::compensated::{CompensatedMean, CompensatedSum};

/// How many numbers a state of `kind` is; `None` where it matters in which order values were added, to the last
/// bit or for the whole result.
pub(crate) fn state_numbers(kind: AccumulatorKind) -> Option<usize> {
    match kind {
        AccumulatorKind::Sum => Some(2),
        AccumulatorKind::Avg => Some(4),
        AccumulatorKind::Count | AccumulatorKind::Min | AccumulatorKind::Max | AccumulatorKind::Group => {
            Some(1)
        }
        AccumulatorKind::Stddev | AccumulatorKind::Stdvar | AccumulatorKind::Quantile => None,
    }
}

/// The numbers of a state, the first [`state_numbers`] of them; `None` of an empty one, and of states that are no
/// few numbers.
pub(crate) fn to_numbers(state: &Accumulator) -> Option<[f64; 4]> {
    let one = |number: f64| Some([number, 0.0, 0.0, 0.0]);
    match state {
        Accumulator::Empty(_) | Accumulator::Spread { .. } | Accumulator::Values(_) => None,
        Accumulator::Sum(CompensatedSum { sum, compensation }) => Some([*sum, *compensation, 0.0, 0.0]),
        Accumulator::Avg(mean) => Some(mean.to_numbers()),
        Accumulator::Count(count) => one(*count as f64),
        Accumulator::Min(value) | Accumulator::Max(value) => one(*value),
        Accumulator::Group => one(1.0),
    }
}

/// Adds to `state` what another of its kind has added up, whose numbers are `numbers`.
pub(crate) fn absorb(state: &mut Accumulator, numbers: [f64; 4]) {
    let [first, second, ..] = numbers;
    match state {
        Accumulator::Empty(kind) => *state = of_numbers(*kind, numbers),
        Accumulator::Sum(sum) => *sum = sum.with(CompensatedSum::new(first, second)),
        Accumulator::Avg(mean) => *mean = mean.with(CompensatedMean::of_numbers(numbers)),
        Accumulator::Count(count) => *count += first as u64,
        // The least of the least: a value like any other.
        Accumulator::Min(_) | Accumulator::Max(_) => state.add(first),
        Accumulator::Group | Accumulator::Spread { .. } | Accumulator::Values(_) => {}
    }
}

fn of_numbers(kind: AccumulatorKind, numbers: [f64; 4]) -> Accumulator {
    let [first, second, ..] = numbers;
    match kind {
        AccumulatorKind::Sum => Accumulator::Sum(CompensatedSum::new(first, second)),
        AccumulatorKind::Avg => Accumulator::Avg(CompensatedMean::of_numbers(numbers)),
        AccumulatorKind::Count => Accumulator::Count(first as u64),
        AccumulatorKind::Min => Accumulator::Min(first),
        AccumulatorKind::Max => Accumulator::Max(first),
        AccumulatorKind::Group => Accumulator::Group,
        AccumulatorKind::Stddev | AccumulatorKind::Stdvar | AccumulatorKind::Quantile => {
            Accumulator::Empty(kind)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_in_parts_is_the_group() {
        let values = [3.5, f64::NAN, -1.0, 7.25, 0.0, -0.0, 2.0];
        for kind in [
            AccumulatorKind::Sum,
            AccumulatorKind::Avg,
            AccumulatorKind::Count,
            AccumulatorKind::Min,
            AccumulatorKind::Max,
            AccumulatorKind::Group,
        ] {
            for values in [&values[2..], &values[..2], &values[..]] {
                let mut whole = Accumulator::new(kind);
                values.iter().for_each(|&v| whole.add(v));
                for parts in 1..=values.len() {
                    let mut together = Accumulator::new(kind);
                    for part in values.chunks(parts) {
                        let mut state = Accumulator::new(kind);
                        part.iter().for_each(|&v| state.add(v));
                        absorb(&mut together, to_numbers(&state).unwrap());
                    }
                    let results = [whole.clone(), together].map(|state| state.finish(f64::NAN).unwrap());
                    assert_eq!(
                        results[0].to_bits(),
                        results[1].to_bits(),
                        "{kind:?} {values:?} {parts}"
                    );
                }
            }
        }
        assert!(to_numbers(&Accumulator::new(AccumulatorKind::Sum)).is_none());
    }
}

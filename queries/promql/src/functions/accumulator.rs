//! Aggregation states: what one group holds at one step.

use super::compensated::{CompensatedMean, CompensatedSum};
use super::over_time::quantile;

/// Which aggregation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccumulatorKind {
    /// `sum`
    Sum,
    /// `avg`
    Avg,
    /// `count`
    Count,
    /// `min`
    Min,
    /// `max`
    Max,
    /// `group`
    Group,
    /// `stddev`
    Stddev,
    /// `stdvar`
    Stdvar,
    /// `quantile`, with the quantile as parameter.
    Quantile,
}

impl AccumulatorKind {
    /// The operator as it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sum => "sum",
            Self::Avg => "avg",
            Self::Count => "count",
            Self::Min => "min",
            Self::Max => "max",
            Self::Group => "group",
            Self::Stddev => "stddev",
            Self::Stdvar => "stdvar",
            Self::Quantile => "quantile",
        }
    }
}

/// The state of one group at one step.
#[derive(Debug, Clone)]
pub enum Accumulator {
    /// Nothing was added.
    Empty(AccumulatorKind),
    /// `sum`
    Sum(CompensatedSum),
    /// `avg`
    Avg(CompensatedMean),
    /// `count`
    Count(u64),
    /// `min`; NaN only when all are.
    Min(f64),
    /// `max`; NaN only when all are.
    Max(f64),
    /// `group`
    Group,
    /// `stddev` and `stdvar` by Welford's method: `root` asks for the deviation.
    Spread {
        /// Number of values.
        count: f64,
        /// Their mean.
        mean: f64,
        /// Sum of squared distances from the mean.
        squares: f64,
        /// Whether the square root is asked for.
        root: bool,
    },
    /// `quantile`: all values.
    Values(Vec<f64>),
}

impl Accumulator {
    /// The state before anything was added.
    pub fn new(kind: AccumulatorKind) -> Self {
        Self::Empty(kind)
    }

    /// Whether nothing was added.
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Empty(_))
    }

    /// Adds a value; the order of calls is the order of Prometheus's additions.
    #[inline]
    pub fn add(&mut self, value: f64) {
        match self {
            Self::Sum(sum) => *sum = sum.plus(value),
            Self::Count(count) => *count += 1,
            _ => self.add_otherwise(value),
        }
    }

    fn add_otherwise(&mut self, value: f64) {
        match self {
            Self::Empty(kind) => *self = Self::first(*kind, value),
            Self::Sum(sum) => *sum = sum.plus(value),
            Self::Avg(mean) => mean.add(value),
            Self::Count(count) => *count += 1,
            Self::Min(least) => {
                if value < *least || least.is_nan() {
                    *least = value;
                }
            }
            Self::Max(most) => {
                if value > *most || most.is_nan() {
                    *most = value;
                }
            }
            Self::Group => {}
            Self::Spread {
                count, mean, squares, ..
            } => {
                *count += 1.0;
                let delta = value - *mean;
                *mean += delta / *count;
                *squares += delta * (value - *mean);
            }
            Self::Values(values) => values.push(value),
        }
    }

    fn first(kind: AccumulatorKind, value: f64) -> Self {
        match kind {
            AccumulatorKind::Sum => Self::Sum(CompensatedSum::new(value, 0.0)),
            AccumulatorKind::Avg => {
                let mut mean = CompensatedMean::default();
                mean.add(value);
                Self::Avg(mean)
            }
            AccumulatorKind::Count => Self::Count(1),
            AccumulatorKind::Min => Self::Min(value),
            AccumulatorKind::Max => Self::Max(value),
            AccumulatorKind::Group => Self::Group,
            AccumulatorKind::Stddev | AccumulatorKind::Stdvar => Self::Spread {
                count: 1.0,
                mean: value,
                squares: if value.is_finite() { 0.0 } else { f64::NAN },
                root: kind == AccumulatorKind::Stddev,
            },
            AccumulatorKind::Quantile => Self::Values(vec![value]),
        }
    }

    /// The result, `None` when nothing was added.
    pub fn finish(self, parameter: f64) -> Option<f64> {
        Some(match self {
            Self::Empty(_) => return None,
            Self::Sum(sum) => sum.value(),
            Self::Avg(mean) => mean.value(),
            Self::Count(count) => count as f64,
            Self::Min(value) | Self::Max(value) => value,
            Self::Group => 1.0,
            Self::Spread {
                count, squares, root, ..
            } => {
                let variance = squares / count;
                if root { variance.sqrt() } else { variance }
            }
            Self::Values(mut values) => quantile(parameter, &mut values),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(kind: AccumulatorKind, values: &[f64], parameter: f64) -> Option<f64> {
        let mut accumulator = Accumulator::new(kind);
        values.iter().for_each(|&v| accumulator.add(v));
        accumulator.finish(parameter)
    }

    #[test]
    fn tables() {
        use AccumulatorKind::*;
        let nan = f64::NAN;
        for (kind, values, expected) in [
            (Sum, &[1.0, 1e100, 1.0, -1e100][..], 2.0),
            (Avg, &[1.0, 2.0, 6.0], 3.0),
            (Count, &[nan, 1.0], 2.0),
            (Min, &[nan, 2.0, 1.0], 1.0),
            (Max, &[2.0, nan, 1.0], 2.0),
            (Group, &[7.0, 8.0], 1.0),
            (Stdvar, &[1.0, 3.0], 1.0),
            (Stddev, &[1.0, 5.0], 2.0),
        ] {
            assert_eq!(of(kind, values, nan), Some(expected), "{kind:?}");
        }
        assert_eq!(of(Quantile, &[0.0, 10.0], 0.25), Some(2.5));
        assert_eq!(of(Sum, &[], nan), None);
        assert!(of(Stddev, &[f64::INFINITY], nan).unwrap().is_nan());
    }
}

//! The instants at which an expression is evaluated.

use std::ops::Range;

/// Instants `start_ms`, `start_ms + step_ms`, … A range query has them up to and including its end, an
/// instant query has one, and with `@` all of them are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grid {
    /// First instant, ms.
    pub start_ms: i64,
    /// End of the query, ms: the last instant is here or less than a step before.
    pub end_ms: i64,
    /// Distance of instants, ms.
    pub step_ms: i64,
    steps: usize,
}

impl Grid {
    /// Instants from `start_ms` to `end_ms`, `step_ms` (> 0) apart; none when the end is before the start.
    pub fn range(start_ms: i64, end_ms: i64, step_ms: i64) -> Self {
        let steps = if end_ms < start_ms {
            0
        } else {
            ((end_ms - start_ms) / step_ms) as usize + 1
        };
        Self {
            start_ms,
            end_ms,
            step_ms,
            steps,
        }
    }

    /// The grid of one instant.
    pub fn instant(at_ms: i64) -> Self {
        Self::fixed(at_ms, 1)
    }

    /// The same instant `steps` times.
    pub fn fixed(at_ms: i64, steps: usize) -> Self {
        Self {
            start_ms: at_ms,
            end_ms: at_ms,
            step_ms: 0,
            steps,
        }
    }

    /// A grid as another process made it; `None` when its instants are beyond the range of times.
    pub(crate) fn of_parts(start_ms: i64, end_ms: i64, step_ms: i64, steps: usize) -> Option<Self> {
        let length = step_ms.checked_mul(i64::try_from(steps).ok()?)?;
        start_ms.checked_add(length)?;
        Some(Self {
            start_ms,
            end_ms,
            step_ms,
            steps,
        })
    }

    /// The instants of `steps`, which are some of this grid's; the last of them is the end unless it is this grid's.
    #[must_use]
    pub(crate) fn slice(self, steps: Range<usize>) -> Self {
        let end_ms = if steps.end == self.steps {
            self.end_ms
        } else {
            self.time_ms(steps.end.saturating_sub(1))
        };
        Self {
            start_ms: self.time_ms(steps.start),
            end_ms,
            step_ms: self.step_ms,
            steps: steps.len(),
        }
    }

    /// The same number of instants, each `by_ms` earlier.
    #[must_use]
    pub fn earlier(self, by_ms: i64) -> Self {
        Self {
            start_ms: self.start_ms - by_ms,
            end_ms: self.end_ms - by_ms,
            ..self
        }
    }

    /// Number of instants.
    pub fn steps(&self) -> usize {
        self.steps
    }

    /// The instant of a step, ms.
    #[inline]
    pub fn time_ms(&self, step: usize) -> i64 {
        self.start_ms + step as i64 * self.step_ms
    }

    /// The last instant, ms.
    pub fn last_ms(&self) -> i64 {
        self.time_ms(self.steps().saturating_sub(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_steps() {
        let grid = Grid::range(0, 100, 30);
        assert_eq!((grid.steps(), grid.last_ms()), (4, 90));
        assert_eq!(Grid::instant(7).steps(), 1);
        let slice = grid.slice(1..3);
        assert_eq!((slice.start_ms, slice.end_ms, slice.steps()), (30, 60, 2));
        assert_eq!(grid.slice(2..4).end_ms, 100);
        assert_eq!(Grid::of_parts(0, 100, 30, 4), Some(grid));
        assert_eq!(Grid::of_parts(0, 0, i64::MAX, 2), None);
    }
}

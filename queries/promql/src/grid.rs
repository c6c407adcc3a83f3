//! The instants at which an expression is evaluated.

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
    }
}

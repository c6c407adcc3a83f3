//! Manners of long computations: they rest now and then, so that a query that was cancelled or timed
//! out stops soon, and they take what they allocate from the query's budget.

use std::sync::Arc;

use datafusion::error::Result;
use queries_tables::SampleBudget;

/// Work between two rests: a sample that a cheap function looks at is a unit, so this is 1 to 50 ms.
const UNITS_PER_TURN: usize = 1 << 20;

/// Counts work until the next rest.
#[derive(Debug)]
pub(crate) struct Pace {
    left: usize,
}

impl Pace {
    pub(crate) fn new() -> Self {
        Self { left: UNITS_PER_TURN }
    }

    /// Counts work; true when it is time to rest.
    #[inline]
    pub(crate) fn tires(&mut self, units: usize) -> bool {
        let left = self.left.checked_sub(units);
        self.left = left.unwrap_or(UNITS_PER_TURN);
        left.is_none()
    }

    /// Counts work, and rests when it is time. An aborted query ends here.
    pub(crate) async fn spend(&mut self, units: usize) {
        if self.tires(units) {
            tokio::task::yield_now().await;
        }
    }
}

/// Cells that are held, given back when this is dropped.
#[derive(Debug)]
pub(crate) struct Reservation {
    budget: Arc<SampleBudget>,
    cells: usize,
}

impl Reservation {
    /// Nothing held yet.
    pub(crate) fn new(budget: &Arc<SampleBudget>) -> Self {
        Self {
            budget: Arc::clone(budget),
            cells: 0,
        }
    }

    /// Holds more, or fails in Prometheus's words before anything is allocated.
    pub(crate) fn grow(&mut self, cells: usize) -> Result<()> {
        self.cells = self.cells.saturating_add(cells);
        self.budget.take(cells)
    }

    /// Holds less again.
    pub(crate) fn shrink(&mut self, cells: usize) {
        self.cells -= cells;
        self.budget.give_back(cells);
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.budget.give_back(self.cells);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_comes_back() {
        let budget = Arc::new(SampleBudget::new(10));
        let mut reservation = Reservation::new(&budget);
        reservation.grow(8).unwrap();
        reservation.grow(8).unwrap_err();
        drop(reservation);
        assert_eq!(budget.held(), 0);
    }

    #[test]
    fn work_tires() {
        let mut pace = Pace::new();
        assert!(!pace.tires(UNITS_PER_TURN));
        assert!(pace.tires(1));
        assert!(!pace.tires(1));
    }
}

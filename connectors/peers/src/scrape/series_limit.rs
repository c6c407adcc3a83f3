//! How many series a job may have at once: those beyond are not taken, those that it has go on.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The limit of one job, shared by its targets.
#[derive(Debug, Default)]
pub struct SeriesLimit {
    /// 0 means none.
    max: AtomicU64,
    used: AtomicU64,
}

impl SeriesLimit {
    /// Takes the limit of a new configuration; 0 means none. What is above it stays until it vanishes.
    pub(super) fn set_max(&self, max: u64) {
        self.max.store(max, Ordering::Relaxed);
    }

    /// Most series; 0 means any number.
    pub fn max(&self) -> u64 {
        self.max.load(Ordering::Relaxed)
    }

    /// Series that the job has now.
    pub fn used(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }

    /// Whether another series fits.
    pub(super) fn has_room(&self) -> bool {
        let max = self.max();
        max == 0 || self.used() < max
    }

    fn take(&self) -> bool {
        let max = self.max();
        let more = |used: u64| (max == 0 || used < max).then_some(used + 1);
        self.used
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, more)
            .is_ok()
    }
}

/// What one target has of its job's limit; given back when it is dropped.
#[derive(Debug)]
pub(super) struct SeriesShare {
    limit: Arc<SeriesLimit>,
    held: u64,
}

impl SeriesShare {
    pub(super) fn new(limit: Arc<SeriesLimit>) -> Self {
        Self { limit, held: 0 }
    }

    /// The job's limit.
    pub(super) fn limit(&self) -> &SeriesLimit {
        &self.limit
    }

    /// Takes room for a series; false when there is none.
    pub(super) fn take(&mut self) -> bool {
        let taken = self.limit.take();
        self.held += u64::from(taken);
        taken
    }

    /// Gives back the room of `count` series.
    pub(super) fn give_back(&mut self, count: usize) {
        let count = (count as u64).min(self.held);
        self.held -= count;
        self.limit.used.fetch_sub(count, Ordering::Relaxed);
    }
}

impl Drop for SeriesShare {
    fn drop(&mut self) {
        self.give_back(usize::MAX);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_share_the_room() {
        let limit = Arc::new(SeriesLimit::default());
        let mut first = SeriesShare::new(Arc::clone(&limit));
        let mut second = SeriesShare::new(Arc::clone(&limit));
        assert!((0..5).all(|_| first.take()), "without a limit there is room");
        limit.set_max(6);
        assert!(second.take() && !second.take() && !first.take());
        first.give_back(2);
        assert_eq!((limit.used(), limit.has_room()), (4, true));
        assert!(second.take() && second.take() && !limit.has_room());
        drop(first);
        assert_eq!(limit.used(), 3);
        second.give_back(10);
        assert_eq!(limit.used(), 0);
    }
}

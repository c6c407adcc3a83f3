//! How many samples one query may hold in memory, and all queries together.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use datafusion::error::DataFusionError;
use parking_lot::Mutex;

use crate::memory_pool::{QueryMemory, TooMuchMemory};

/// Samples that a query takes from the memory of all queries at a time: 1 MiB, so that queries seldom meet there.
const GRANT_SAMPLES: usize = 1 << 16;

/// The query would hold more samples than it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("query processing would load too many samples into memory in query execution")]
pub struct TooManySamples;

/// Counts the samples of one query against its limits. Shared by all nodes of the query's plan.
#[derive(Debug)]
pub struct SampleBudget {
    samples_max: usize,
    samples: AtomicUsize,
    peak: AtomicUsize,
    /// Samples that steps looked at; one that several steps see counts for each.
    looked_at: AtomicU64,
    /// Samples that scans read.
    read: AtomicU64,
    /// Whether each window counts what its steps look at.
    counts_looks: bool,
    memory: Option<Grant>,
}

/// What a query has from the memory of all queries.
#[derive(Debug)]
struct Grant {
    memory: Arc<QueryMemory>,
    samples: AtomicUsize,
    /// Held while more is asked for.
    asking: Mutex<()>,
}

impl SampleBudget {
    /// A budget of `samples_max` samples.
    pub fn new(samples_max: usize) -> Self {
        Self {
            samples_max,
            samples: AtomicUsize::new(0),
            peak: AtomicUsize::new(0),
            looked_at: AtomicU64::new(0),
            read: AtomicU64::new(0),
            counts_looks: false,
            memory: None,
        }
    }

    /// The same, within the limits of `memory` too. What is held of it comes back when the budget is dropped.
    #[must_use]
    pub fn within(self, memory: &Arc<QueryMemory>) -> Self {
        let grant = Grant {
            memory: Arc::clone(memory),
            samples: AtomicUsize::new(0),
            asking: Mutex::new(()),
        };
        Self {
            memory: Some(grant),
            ..self
        }
    }

    /// The same; each window also counts what its steps look at.
    #[must_use]
    pub fn counting_looks(self, counts_looks: bool) -> Self {
        Self { counts_looks, ..self }
    }

    /// Whether each window counts what its steps look at.
    pub fn counts_looks(&self) -> bool {
        self.counts_looks
    }

    /// Takes `samples` from the budget.
    pub fn take(&self, samples: usize) -> Result<(), DataFusionError> {
        let before = self.samples.fetch_add(samples, Ordering::Relaxed);
        let held = before.saturating_add(samples);
        self.peak.fetch_max(held, Ordering::Relaxed);
        if held > self.samples_max {
            return Err(DataFusionError::External(Box::new(TooManySamples)));
        }
        match &self.memory {
            Some(grant) => grant
                .cover(held)
                .map_err(|error| DataFusionError::External(Box::new(error))),
            None => Ok(()),
        }
    }

    /// Gives back what [`Self::take`] took.
    pub fn give_back(&self, samples: usize) {
        self.samples.fetch_sub(samples, Ordering::Relaxed);
    }

    /// Samples that are held now.
    pub fn held(&self) -> usize {
        self.samples.load(Ordering::Relaxed)
    }

    /// Most samples that were held at a time.
    pub fn peak(&self) -> usize {
        self.peak.load(Ordering::Relaxed)
    }

    /// Counts samples that a scan read.
    pub fn read(&self, samples: usize) {
        self.read.fetch_add(samples as u64, Ordering::Relaxed);
    }

    /// Samples that scans read.
    pub fn samples_read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    /// Counts samples that steps looked at.
    pub fn look_at(&self, samples: u64) {
        self.looked_at.fetch_add(samples, Ordering::Relaxed);
    }

    /// Samples that steps looked at.
    pub fn looked_at(&self) -> u64 {
        self.looked_at.load(Ordering::Relaxed)
    }
}

impl Grant {
    fn cover(&self, held: usize) -> Result<(), TooMuchMemory> {
        if held <= self.samples.load(Ordering::Relaxed) {
            return Ok(());
        }
        let _asking = self.asking.lock();
        let granted = self.samples.load(Ordering::Relaxed);
        let Some(missing) = held.checked_sub(granted).filter(|&missing| missing > 0) else {
            return Ok(());
        };
        self.memory.check_query(held)?;
        let more = missing.max(GRANT_SAMPLES);
        self.memory.take(more)?;
        self.samples.store(granted + more, Ordering::Relaxed);
        Ok(())
    }
}

impl Drop for Grant {
    fn drop(&mut self) {
        self.memory.give_back(*self.samples.get_mut());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory_pool::SAMPLE_BYTES;

    #[test]
    fn refuses_what_does_not_fit() {
        let budget = SampleBudget::new(10);
        budget.take(10).unwrap();
        let error = budget.take(1).unwrap_err();
        assert!(error.to_string().contains("too many samples"), "{error}");
        budget.give_back(5);
        assert_eq!(budget.held(), 6);
        assert_eq!(budget.peak(), 11);
    }

    #[test]
    fn all_queries_share_what_there_is() {
        let bytes = (3 * GRANT_SAMPLES * SAMPLE_BYTES) as u64;
        let memory = Arc::new(QueryMemory::new(2 * bytes / 3, bytes));
        let budget = || SampleBudget::new(usize::MAX).within(&memory);
        let (first, second) = (budget(), budget());
        first.take(2 * GRANT_SAMPLES).unwrap();
        let own = first.take(1).unwrap_err().to_string();
        assert!(own.ends_with("raise --query.max-memory"), "{own}");
        second.take(1).unwrap();
        let all = second.take(GRANT_SAMPLES).unwrap_err().to_string();
        assert!(all.contains("--query.max-memory-total"), "{all}");
        assert_eq!(memory.held_bytes(), bytes);
        // A query that failed gives everything back when it goes.
        drop(first);
        second.take(1).unwrap();
        drop(second);
        assert_eq!(memory.held_bytes(), 0);
    }
}

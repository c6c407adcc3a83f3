//! How many samples one query may hold in memory.

use std::sync::atomic::{AtomicUsize, Ordering};

use datafusion::error::DataFusionError;

/// The query would hold more samples than it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("query processing would load too many samples into memory in query execution")]
pub struct TooManySamples;

/// Counts the samples of one query against its limit. Shared by all nodes of the query's plan.
#[derive(Debug)]
pub struct SampleBudget {
    samples_max: usize,
    samples: AtomicUsize,
}

impl SampleBudget {
    /// A budget of `samples_max` samples.
    pub fn new(samples_max: usize) -> Self {
        Self {
            samples_max,
            samples: AtomicUsize::new(0),
        }
    }

    /// Takes `samples` from the budget.
    pub fn take(&self, samples: usize) -> Result<(), DataFusionError> {
        let before = self.samples.fetch_add(samples, Ordering::Relaxed);
        if before.saturating_add(samples) > self.samples_max {
            return Err(DataFusionError::External(Box::new(TooManySamples)));
        }
        Ok(())
    }

    /// Gives back what [`Self::take`] took.
    pub fn give_back(&self, samples: usize) {
        self.samples.fetch_sub(samples, Ordering::Relaxed);
    }

    /// Samples that are held now.
    pub fn held(&self) -> usize {
        self.samples.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_does_not_fit() {
        let budget = SampleBudget::new(10);
        budget.take(10).unwrap();
        let error = budget.take(1).unwrap_err();
        assert!(error.to_string().contains("too many samples"), "{error}");
        budget.give_back(5);
        assert_eq!(budget.held(), 6);
    }
}

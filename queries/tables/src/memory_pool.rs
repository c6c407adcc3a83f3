//! The memory that queries share: one may not take more than its part, all not more than there is, so that what
//! else the process does goes on.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Memory that a sample is counted with, bytes: its time and its value.
pub const SAMPLE_BYTES: usize = 16;

/// A query asked for more memory than it may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TooMuchMemory {
    /// The query alone is too large.
    #[error(
        "query would hold more than {bytes_max} bytes in memory: select fewer series, a shorter range or a larger step, or raise --query.max-memory"
    )]
    Query {
        /// What it may hold.
        bytes_max: u64,
    },
    /// All queries together are.
    #[error(
        "queries together would hold more than {bytes_max} bytes in memory: try again when fewer run, ask for less, or raise --query.max-memory-total"
    )]
    Total {
        /// What all may hold.
        bytes_max: u64,
    },
}

/// Limits on the memory of queries. One a process.
#[derive(Debug)]
pub struct QueryMemory {
    query_bytes_max: u64,
    total_bytes_max: u64,
    /// Samples that all queries hold.
    samples: AtomicUsize,
}

impl QueryMemory {
    /// At most `query_bytes_max` bytes for one query and `total_bytes_max` for all.
    pub fn new(query_bytes_max: u64, total_bytes_max: u64) -> Self {
        Self {
            query_bytes_max,
            total_bytes_max,
            samples: AtomicUsize::new(0),
        }
    }

    /// Bytes that queries hold now.
    pub fn held_bytes(&self) -> u64 {
        bytes(self.samples.load(Ordering::Relaxed))
    }

    /// Bytes that all queries may hold.
    pub fn total_bytes_max(&self) -> u64 {
        self.total_bytes_max
    }

    /// Bytes that one query may hold.
    pub fn query_bytes_max(&self) -> u64 {
        self.query_bytes_max
    }

    pub(crate) fn check_query(&self, samples: usize) -> Result<(), TooMuchMemory> {
        match bytes(samples) <= self.query_bytes_max {
            true => Ok(()),
            false => Err(TooMuchMemory::Query {
                bytes_max: self.query_bytes_max,
            }),
        }
    }

    pub(crate) fn take(&self, samples: usize) -> Result<(), TooMuchMemory> {
        let before = self.samples.fetch_add(samples, Ordering::Relaxed);
        if bytes(before.saturating_add(samples)) > self.total_bytes_max {
            self.give_back(samples);
            return Err(TooMuchMemory::Total {
                bytes_max: self.total_bytes_max,
            });
        }
        Ok(())
    }

    /// Takes what cannot be done without, also beyond the limit.
    pub(crate) fn take_anyway(&self, samples: usize) {
        self.samples.fetch_add(samples, Ordering::Relaxed);
    }

    pub(crate) fn give_back(&self, samples: usize) {
        self.samples.fetch_sub(samples, Ordering::Relaxed);
    }
}

fn bytes(samples: usize) -> u64 {
    (samples as u64).saturating_mul(SAMPLE_BYTES as u64)
}

//! The memory of one SQL query as DataFusion asks for it, out of the memory of all queries.

use std::fmt;
use std::sync::Arc;

use datafusion::error::{DataFusionError, Result};
use datafusion::execution::memory_pool::{MemoryLimit, MemoryPool, MemoryReservation};
use parking_lot::Mutex;

use crate::memory_pool::{QueryMemory, SAMPLE_BYTES};

/// Samples' worth of memory that is taken at a time, and kept when less is needed: 1 MiB, so that queries seldom meet.
const GRANT_SAMPLES: usize = 1 << 16;

/// One query's part of the memory of all. What it holds comes back when it is dropped.
#[derive(Debug)]
pub struct QueryPool {
    memory: Arc<QueryMemory>,
    held: Mutex<Held>,
}

/// What operators have reserved, and what was taken of all for it.
#[derive(Debug, Default)]
struct Held {
    bytes: usize,
    samples: usize,
}

impl QueryPool {
    /// A part of `memory`, empty at first.
    pub fn new(memory: Arc<QueryMemory>) -> Self {
        Self {
            memory,
            held: Mutex::default(),
        }
    }
}

impl fmt::Display for QueryPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "query({} bytes)", self.reserved())
    }
}

fn samples(bytes: usize) -> usize {
    bytes.div_ceil(SAMPLE_BYTES)
}

impl MemoryPool for QueryPool {
    fn name(&self) -> &str {
        "query"
    }

    /// Operators call it for what they cannot do without; it is counted, also beyond the limits.
    fn grow(&self, _reservation: &MemoryReservation, additional: usize) {
        let mut held = self.held.lock();
        held.bytes += additional;
        let missing = samples(held.bytes).saturating_sub(held.samples);
        self.memory.take_anyway(missing);
        held.samples += missing;
    }

    fn shrink(&self, _reservation: &MemoryReservation, shrink: usize) {
        let mut held = self.held.lock();
        held.bytes = held.bytes.saturating_sub(shrink);
        let spare = held.samples - samples(held.bytes).min(held.samples);
        if spare > 2 * GRANT_SAMPLES {
            let back = spare - GRANT_SAMPLES;
            self.memory.give_back(back);
            held.samples -= back;
        }
    }

    fn try_grow(&self, _reservation: &MemoryReservation, additional: usize) -> Result<()> {
        let mut held = self.held.lock();
        let bytes = held.bytes.saturating_add(additional);
        let exhausted = |error: crate::memory_pool::TooMuchMemory| {
            // Operators know what to do about this kind of error.
            DataFusionError::ResourcesExhausted(error.to_string())
        };
        self.memory.check_query(samples(bytes)).map_err(exhausted)?;
        if let Some(missing) = samples(bytes).checked_sub(held.samples).filter(|&n| n > 0) {
            let mut more = missing.max(GRANT_SAMPLES);
            if self.memory.take(more).is_err() {
                // The last of it, in smaller pieces.
                more = missing;
                self.memory.take(more).map_err(exhausted)?;
            }
            held.samples += more;
        }
        held.bytes = bytes;
        Ok(())
    }

    fn reserved(&self) -> usize {
        self.held.lock().bytes
    }

    fn memory_limit(&self) -> MemoryLimit {
        MemoryLimit::Finite(usize::try_from(self.memory.query_bytes_max()).unwrap_or(usize::MAX))
    }
}

impl Drop for QueryPool {
    fn drop(&mut self) {
        self.memory.give_back(self.held.get_mut().samples);
    }
}

#[cfg(test)]
mod tests {
    use datafusion::execution::memory_pool::MemoryConsumer;

    use super::*;

    #[test]
    fn a_query_and_all_queries_have_a_limit() {
        const MIB: u64 = 1 << 20;
        let memory = Arc::new(QueryMemory::new(8 * MIB, 12 * MIB));
        let pool = || Arc::new(QueryPool::new(Arc::clone(&memory))) as Arc<dyn MemoryPool>;
        let (first, second) = (pool(), pool());
        let reserve = |pool: &Arc<dyn MemoryPool>| MemoryConsumer::new("test").register(pool);
        let one = reserve(&first);
        one.try_grow(8 << 20).unwrap();
        let own = one.try_grow(1).unwrap_err().to_string();
        assert!(
            own.contains("raise --query.max-memory:") || own.ends_with("raise --query.max-memory"),
            "{own}"
        );
        let other = reserve(&second);
        other.try_grow(4 << 20).unwrap();
        let all = other.try_grow(1).unwrap_err().to_string();
        assert!(all.contains("--query.max-memory-total"), "{all}");
        assert_eq!(memory.held_bytes(), 12 * MIB);
        // What an operator frees, others can have.
        one.shrink(6 << 20);
        other.try_grow(4 << 20).unwrap();
        drop(one);
        drop(first);
        drop(other);
        drop(second);
        assert_eq!(memory.held_bytes(), 0);
    }
}

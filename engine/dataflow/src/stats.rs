//! The statistics of one edge: counters that whoever moves the data updates without locking.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

/// Counters of an edge since it was made.
#[derive(Debug)]
pub struct EdgeStats {
    batches: AtomicU64,
    samples: AtomicU64,
    depth: AtomicUsize,
    capacity: AtomicUsize,
    blocked: Mutex<Blocked>,
    epoch: Instant,
}

/// Senders that wait are counted while they wait: `finished + waiting × now − Σ start`.
#[derive(Debug, Default)]
struct Blocked {
    finished: Duration,
    waiting: u32,
    /// Sum of the start times of those that wait, since the epoch of the edge.
    started_sum: Duration,
}

/// One reading of an edge's counters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EdgeReading {
    /// Batches that entered the edge.
    pub batches: u64,
    /// Samples in those batches (alerts, on an edge that carries alerts).
    pub samples: u64,
    /// Batches that wait in the edge now.
    pub depth: usize,
    /// Most batches that may wait.
    pub capacity: usize,
    /// Time that senders waited for room, summed over senders.
    pub blocked: Duration,
}

impl EdgeStats {
    /// Counters at zero for an edge that holds at most `capacity` batches.
    pub fn new(capacity: usize) -> Arc<Self> {
        Arc::new(Self {
            batches: AtomicU64::new(0),
            samples: AtomicU64::new(0),
            depth: AtomicUsize::new(0),
            capacity: AtomicUsize::new(capacity),
            blocked: Mutex::new(Blocked::default()),
            epoch: Instant::now(),
        })
    }

    /// A batch of `samples` entered the edge and waits in it.
    pub fn entered(&self, samples: usize) {
        self.passed(samples);
        self.depth.fetch_add(1, Relaxed);
    }

    /// A batch left the edge.
    pub fn left(&self) {
        self.depth.fetch_sub(1, Relaxed);
    }

    /// A batch of `samples` moved along without waiting in the edge, as a tap reads it from a ring.
    pub fn passed(&self, samples: usize) {
        self.batches.fetch_add(1, Relaxed);
        self.samples.fetch_add(samples as u64, Relaxed);
    }

    /// How far a reader is behind, in batches, for an edge whose queue is not ours to count.
    pub fn set_depth(&self, batches: usize) {
        self.depth.store(batches, Relaxed);
    }

    /// Starts to count blocked time, until the guard is dropped.
    pub fn block(&self) -> BlockedGuard<'_> {
        let started = self.epoch.elapsed();
        let mut blocked = self.blocked.lock();
        blocked.waiting += 1;
        blocked.started_sum += started;
        BlockedGuard { stats: self, started }
    }

    /// All counters now.
    pub fn read(&self) -> EdgeReading {
        EdgeReading {
            batches: self.batches.load(Relaxed),
            samples: self.samples.load(Relaxed),
            depth: self.depth.load(Relaxed),
            capacity: self.capacity.load(Relaxed),
            blocked: {
                let blocked = self.blocked.lock();
                let waiting = self.epoch.elapsed() * blocked.waiting;
                blocked.finished + waiting.saturating_sub(blocked.started_sum)
            },
        }
    }
}

/// Counts the time until it is dropped as blocked.
#[derive(Debug)]
pub struct BlockedGuard<'a> {
    stats: &'a EdgeStats,
    started: Duration,
}

impl Drop for BlockedGuard<'_> {
    fn drop(&mut self) {
        let now = self.stats.epoch.elapsed();
        let mut blocked = self.stats.blocked.lock();
        blocked.waiting -= 1;
        blocked.started_sum -= self.started;
        blocked.finished += now.saturating_sub(self.started);
    }
}

//! Memory for requests under way. Whoever finds no place waits a while at the door and is then told to come
//! again: a flood of writes costs the senders time, not this process memory.

use std::sync::Arc;
use std::time::Duration;

use connectors_formats::remote_write::DECODED_BYTES_MAX;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// One permit stands for this many bytes; smaller requests count as one of it.
const PERMIT_BYTES: usize = 64 << 10;
/// Compressed bodies that are being received or wait to be decoded: four of the largest, or 2,400 small ones.
const BODY_PERMITS: usize = 4 * (DECODED_BYTES_MAX + DECODED_BYTES_MAX / 6) / PERMIT_BYTES;
/// Decompressed requests that may be in flight: eight of the largest, or 4,096 small ones. A request takes
/// some times its size until it is committed.
const DECODED_PERMITS: usize = 8 * DECODED_BYTES_MAX / PERMIT_BYTES;
/// Longest wait at the door. Senders give up after 30 seconds, and should hear of the reason before.
const PATIENCE: Duration = Duration::from_secs(10);

/// Stands for memory until it is dropped.
#[derive(Debug)]
pub(super) struct Permit {
    _permit: OwnedSemaphorePermit,
}

/// The memory that requests may take.
#[derive(Debug)]
pub(super) struct Budget {
    bodies: Arc<Semaphore>,
    decoded: Arc<Semaphore>,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            bodies: Arc::new(Semaphore::new(BODY_PERMITS)),
            decoded: Arc::new(Semaphore::new(DECODED_PERMITS)),
        }
    }
}

impl Budget {
    /// Waits for the place of a body.
    pub(super) async fn body(&self, bytes: usize) -> Result<Permit, String> {
        place(&self.bodies, BODY_PERMITS, bytes).await
    }

    /// Waits for the place of a decompressed request.
    pub(super) async fn decoded(&self, bytes: usize) -> Result<Permit, String> {
        place(&self.decoded, DECODED_PERMITS, bytes).await
    }
}

async fn place(permits: &Arc<Semaphore>, all: usize, bytes: usize) -> Result<Permit, String> {
    let wanted = bytes.div_ceil(PERMIT_BYTES).clamp(1, all) as u32;
    let acquired = tokio::time::timeout(PATIENCE, Arc::clone(permits).acquire_many_owned(wanted)).await;
    match acquired {
        Ok(Ok(permit)) => Ok(Permit { _permit: permit }),
        Ok(Err(_)) => Err("the receiver is closed".to_owned()),
        Err(_) => Err("too many write requests are under way; send again later".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn whoever_finds_no_place_is_told_after_a_while() {
        let budget = Budget::default();
        let mut held = Vec::new();
        for _ in 0..8 {
            held.push(budget.decoded(DECODED_BYTES_MAX).await.expect("a place"));
        }
        let started = tokio::time::Instant::now();
        let refused = budget.decoded(1).await.map(drop);
        assert_eq!(
            refused,
            Err("too many write requests are under way; send again later".to_owned())
        );
        assert_eq!(started.elapsed(), PATIENCE);
        held.pop();
        assert!(budget.decoded(1).await.is_ok() && budget.body(usize::MAX).await.is_ok());
    }
}

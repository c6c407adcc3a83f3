//! `limit`: refuses batches that are too large to be one commit.

use crate::message::{Delivery, DeliveryError};
use crate::operator::{Emit, Operator};
use crate::source::NodeError;

/// Refuses batches of more than `samples_max` samples. A batch is one log record and lies in memory
/// whole, so a sender must not choose its size freely.
#[derive(Debug, Clone, Copy)]
pub struct Limit {
    samples_max: usize,
}

impl Limit {
    /// Lets batches of up to `samples_max` samples pass.
    pub fn new(samples_max: usize) -> Self {
        Self { samples_max }
    }
}

impl Operator for Limit {
    fn process(&mut self, delivery: Delivery, out: &mut Emit) -> Result<(), NodeError> {
        let samples = delivery.batch.len();
        if samples > self.samples_max {
            delivery.acknowledge(Err(DeliveryError::TooLarge {
                samples,
                samples_max: self.samples_max,
            }));
        } else {
            out.emit(delivery);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::harness;

    #[tokio::test]
    async fn refuses_only_larger_batches() {
        let (small, _small_receipt) = harness::delivery(2);
        let (large, large_receipt) = harness::delivery(3);
        let passed = harness::run_operator(&mut Limit::new(2), vec![small, large]).unwrap();
        assert_eq!(passed.iter().map(|d| d.batch.len()).collect::<Vec<_>>(), [2]);
        let refused = DeliveryError::TooLarge {
            samples: 3,
            samples_max: 2,
        };
        assert_eq!(large_receipt.await, Err(refused));
    }
}

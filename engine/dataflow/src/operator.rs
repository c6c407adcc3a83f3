//! An operator changes, sheds or passes on batches, one at a time and without waiting.

use crate::message::Delivery;
use crate::source::NodeError;

/// Stands between two edges.
pub trait Operator: Send {
    /// Handles one delivery: emits it (changed or not), or ends it with [`Delivery::acknowledge`].
    ///
    /// # Errors
    /// An error, like a panic, fails the whole graph: use it when no later batch could be handled.
    fn process(&mut self, delivery: Delivery, out: &mut Emit) -> Result<(), NodeError>;
}

/// Collects what an operator emits while it handles one delivery.
#[derive(Debug, Default)]
pub struct Emit {
    deliveries: Vec<Delivery>,
}

impl Emit {
    /// Sends `delivery` on, after those emitted before it.
    pub fn emit(&mut self, delivery: Delivery) {
        self.deliveries.push(delivery);
    }

    /// Takes what was emitted so far, in order.
    pub fn take(&mut self) -> Vec<Delivery> {
        std::mem::take(&mut self.deliveries)
    }
}

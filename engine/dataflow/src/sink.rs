//! A sink ends deliveries: it commits or refuses them, and acknowledges each.

use async_trait::async_trait;

use crate::message::Delivery;
use crate::source::NodeError;

/// Takes batches out of the graph.
#[async_trait]
pub trait Sink: Send {
    /// Handles what is queued, oldest first: at least one delivery and at most
    /// [`Sink::batches_max`], so that a group shares one commit and one fsync. Every delivery is
    /// acknowledged, also those that are refused; a temporary failure is acknowledged as
    /// [`crate::DeliveryError::Unavailable`] and is no error of the sink.
    ///
    /// # Errors
    /// An error, like a panic, fails the whole graph: use it when no later batch could be handled,
    /// for example once a log is poisoned.
    async fn write(&mut self, deliveries: Vec<Delivery>) -> Result<(), NodeError>;

    /// Most deliveries in one call. 64 amortise an fsync to a few per cent of its cost while the
    /// first waiter of a group still waits for one group only.
    fn batches_max(&self) -> usize {
        64
    }
}

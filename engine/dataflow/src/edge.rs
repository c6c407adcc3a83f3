//! A bounded edge: batches in order, a full edge makes its senders wait, and every wait is counted.
//! The edge ends when its upstream node is done, also for clones of the output that still live.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use thiserror::Error;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError as ChannelError;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use crate::message::{CommitReceipt, Delivery, DeliveryError, DeliveryOptions};
use crate::stats::EdgeStats;
use engine_model::SampleBatch;

/// The sending end of a node's edge. Clones send to the same edge.
#[derive(Debug, Clone)]
pub struct Output {
    sender: mpsc::Sender<Delivery>,
    stats: Arc<EdgeStats>,
}

/// The edge does not take batches any more; the delivery comes back.
#[derive(Debug, Error)]
#[error("the edge is closed")]
pub struct SendError(pub Delivery);

/// Why [`Output::try_send`] did not take the delivery, which comes back.
#[derive(Debug, Error)]
pub enum TrySendError {
    /// No room: shed the delivery or wait with [`Output::send`].
    #[error("the edge is full")]
    Full(Delivery),
    /// The edge does not take batches any more.
    #[error("the edge is closed")]
    Closed(Delivery),
}

impl Output {
    /// Sends, waiting while the edge is full; the wait is counted. Safe to cancel: the delivery is
    /// dropped then, which its waiter hears.
    ///
    /// # Errors
    /// Gives the delivery back when the edge is closed.
    pub async fn send(&self, delivery: Delivery) -> Result<(), SendError> {
        let permit = match self.sender.try_reserve() {
            Ok(permit) => permit,
            Err(ChannelError::Closed(())) => return Err(SendError(delivery)),
            Err(ChannelError::Full(())) => {
                let _blocked = self.stats.block();
                match self.sender.reserve().await {
                    Ok(permit) => permit,
                    Err(_) => return Err(SendError(delivery)),
                }
            }
        };
        self.stats.entered(delivery.batch.len());
        permit.send(delivery);
        Ok(())
    }

    /// Sends if there is room now.
    ///
    /// # Errors
    /// Gives the delivery back when the edge is full or closed.
    pub fn try_send(&self, delivery: Delivery) -> Result<(), TrySendError> {
        match self.sender.try_reserve() {
            Ok(permit) => {
                self.stats.entered(delivery.batch.len());
                permit.send(delivery);
                Ok(())
            }
            Err(ChannelError::Full(())) => Err(TrySendError::Full(delivery)),
            Err(ChannelError::Closed(())) => Err(TrySendError::Closed(delivery)),
        }
    }

    /// Sends a batch and waits for its commit.
    ///
    /// # Errors
    /// Whatever kept the batch from being committed.
    pub async fn commit(
        &self,
        batch: SampleBatch,
        options: DeliveryOptions,
    ) -> Result<CommitReceipt, DeliveryError> {
        let (delivery, receipt) = Delivery::with_receipt(batch, options);
        self.send(delivery).await.map_err(|_| DeliveryError::Closed)?;
        receipt.await
    }

    /// Whether the edge does not take batches any more.
    pub fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }

    /// The edge's counters.
    pub fn stats(&self) -> &Arc<EdgeStats> {
        &self.stats
    }
}

/// The receiving end of one edge.
#[derive(Debug)]
pub(crate) struct EdgeReceiver {
    receiver: mpsc::Receiver<Delivery>,
    stats: Arc<EdgeStats>,
    /// Ready once the upstream node is done; `None` after that.
    upstream_done: Option<Pin<Box<WaitForCancellationFutureOwned>>>,
    /// Cancelled when nothing will ever come out of the edge again.
    ended: CancellationToken,
}

/// What the runtime keeps of an edge to end it and to see it end.
#[derive(Debug, Clone)]
pub(crate) struct EdgeControl {
    pub(crate) stats: Arc<EdgeStats>,
    /// Cancel to take no more batches; those in the edge are still read.
    pub(crate) upstream_done: CancellationToken,
    /// Cancelled when the edge is empty after that, or its reader is gone.
    pub(crate) ended: CancellationToken,
}

/// An edge that holds at most `capacity` batches (at least 1).
pub(crate) fn edge(capacity: usize) -> (Output, EdgeReceiver, EdgeControl) {
    let (sender, receiver) = mpsc::channel(capacity);
    let stats = EdgeStats::new(capacity);
    let control = EdgeControl {
        stats: Arc::clone(&stats),
        upstream_done: CancellationToken::new(),
        ended: CancellationToken::new(),
    };
    let output = Output {
        sender,
        stats: Arc::clone(&stats),
    };
    let receiver = EdgeReceiver {
        receiver,
        stats,
        upstream_done: Some(Box::pin(control.upstream_done.clone().cancelled_owned())),
        ended: control.ended.clone(),
    };
    (output, receiver, control)
}

impl EdgeReceiver {
    /// The next delivery, or `None` when the edge has ended and is empty.
    pub(crate) fn poll_recv(&mut self, context: &mut Context<'_>) -> Poll<Option<Delivery>> {
        if let Some(done) = &mut self.upstream_done
            && done.as_mut().poll(context).is_ready()
        {
            self.upstream_done = None;
            self.receiver.close();
        }
        let polled = self.receiver.poll_recv(context);
        if let Poll::Ready(Some(_)) = &polled {
            self.stats.left();
        }
        polled
    }
}

impl Drop for EdgeReceiver {
    fn drop(&mut self) {
        // Whatever is still queued is dropped with the channel; senders fail from here on.
        self.receiver.close();
        while self.receiver.try_recv().is_ok() {
            self.stats.left();
        }
        self.ended.cancel();
    }
}

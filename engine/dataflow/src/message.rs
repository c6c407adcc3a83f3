//! What flows along an edge: a delivery is a batch, how it wants to be committed, and who waits for
//! the outcome. The wait travels with the batch, so a delivery that is lost anywhere is noticed.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use engine_model::SampleBatch;
use thiserror::Error;
use tokio::sync::oneshot;

/// What a node reads from its inputs.
#[derive(Debug)]
pub enum Message {
    /// A batch to handle.
    Batch(Delivery),
    /// Nothing more will come: every edge into the node has ended and is empty.
    End,
}

/// What to do with a batch when the store refuses some of its samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RejectPolicy {
    /// Commit the others; the receipt counts what was refused.
    DropSamples,
    /// Commit nothing; the outcome is [`DeliveryError::Rejected`].
    RollBack,
}

/// How a batch wants to be committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryOptions {
    /// Whether the batch is on disk (fsync) before it is acknowledged.
    pub durable: bool,
    /// What to do when some samples are refused.
    pub on_reject: RejectPolicy,
    /// Where the batch comes from, for logs and counters, such as `scrape/node`.
    pub origin: Arc<str>,
}

impl DeliveryOptions {
    /// Pulled data that can be pulled again: not fsynced first, refused samples are dropped.
    pub fn pulled(origin: impl Into<Arc<str>>) -> Self {
        Self {
            durable: false,
            on_reject: RejectPolicy::DropSamples,
            origin: origin.into(),
        }
    }

    /// Pushed data whose sender forgets it once it is acknowledged: fsynced first, refused samples
    /// are dropped and counted.
    pub fn pushed(origin: impl Into<Arc<str>>) -> Self {
        Self {
            durable: true,
            on_reject: RejectPolicy::DropSamples,
            origin: origin.into(),
        }
    }
}

/// A batch on its way to the store.
#[derive(Debug)]
pub struct Delivery {
    /// The samples.
    pub batch: SampleBatch,
    /// How to commit them.
    pub options: DeliveryOptions,
    /// Who waits for the outcome.
    pub acknowledgement: Acknowledgement,
}

impl Delivery {
    /// A delivery whose outcome nobody waits for.
    pub fn new(batch: SampleBatch, options: DeliveryOptions) -> Self {
        Self {
            batch,
            options,
            acknowledgement: Acknowledgement(None),
        }
    }

    /// A delivery and the receipt to wait for.
    pub fn with_receipt(batch: SampleBatch, options: DeliveryOptions) -> (Self, Receipt) {
        let (sender, receiver) = oneshot::channel();
        let delivery = Self {
            batch,
            options,
            acknowledgement: Acknowledgement(Some(sender)),
        };
        (delivery, Receipt(receiver))
    }

    /// Ends the delivery with `outcome`. One that is dropped instead ends as [`DeliveryError::Dropped`].
    pub fn acknowledge(self, outcome: Result<CommitReceipt, DeliveryError>) {
        self.acknowledgement.complete(outcome);
    }
}

/// The sending half of a receipt; dropping it tells the waiter [`DeliveryError::Dropped`].
#[derive(Debug)]
pub struct Acknowledgement(Option<oneshot::Sender<Result<CommitReceipt, DeliveryError>>>);

impl Acknowledgement {
    /// Tells the waiter, if there is one and it still waits.
    pub fn complete(self, outcome: Result<CommitReceipt, DeliveryError>) {
        if let Some(sender) = self.0 {
            // A waiter that went away, such as a closed connection, is no failure of the commit.
            drop(sender.send(outcome));
        }
    }
}

/// Resolves to the outcome of one delivery.
#[derive(Debug)]
pub struct Receipt(oneshot::Receiver<Result<CommitReceipt, DeliveryError>>);

impl Future for Receipt {
    type Output = Result<CommitReceipt, DeliveryError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0)
            .poll(context)
            .map(|outcome| outcome.unwrap_or(Err(DeliveryError::Dropped)))
    }
}

/// A batch was committed, perhaps without some of its samples.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CommitReceipt {
    /// The commit number under which readers see the batch.
    pub commit: u64,
    /// Float samples that were stored.
    pub accepted: usize,
    /// Native histograms that were stored.
    pub histograms: usize,
    /// Exemplars that were kept.
    pub exemplars: usize,
    /// Samples that were refused.
    pub rejected: Rejections,
}

/// Why the store refuses a sample. The reasons are Prometheus's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RejectReason {
    /// Older than the newest sample of its series.
    OutOfOrder,
    /// Same time as a stored sample of its series, but another value.
    Duplicate,
    /// Older than what the head accepts.
    OutOfBounds,
    /// Older than the out-of-order window.
    TooOld,
    /// Its series would be a new one, and the store has as many as are allowed.
    SeriesLimit,
}

/// Refused samples by reason, and the first of them for the message to the sender.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rejections {
    /// Count of [`RejectReason::OutOfOrder`].
    pub out_of_order: usize,
    /// Count of [`RejectReason::Duplicate`].
    pub duplicate: usize,
    /// Count of [`RejectReason::OutOfBounds`].
    pub out_of_bounds: usize,
    /// Count of [`RejectReason::TooOld`].
    pub too_old: usize,
    /// Count of [`RejectReason::SeriesLimit`].
    pub series_limit: usize,
    /// Row of the batch that was refused first, and why.
    pub first: Option<(usize, RejectReason)>,
}

impl Rejections {
    /// Counts the sample in row `row` of the batch.
    pub fn add(&mut self, row: usize, reason: RejectReason) {
        match reason {
            RejectReason::OutOfOrder => self.out_of_order += 1,
            RejectReason::Duplicate => self.duplicate += 1,
            RejectReason::OutOfBounds => self.out_of_bounds += 1,
            RejectReason::TooOld => self.too_old += 1,
            RejectReason::SeriesLimit => self.series_limit += 1,
        }
        self.first.get_or_insert((row, reason));
    }

    /// Refused samples of all reasons.
    pub fn total(&self) -> usize {
        self.out_of_order + self.duplicate + self.out_of_bounds + self.too_old + self.series_limit
    }

    /// Whether nothing was refused.
    pub fn is_empty(&self) -> bool {
        self.total() == 0
    }
}

/// Why a delivery was not committed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DeliveryError {
    /// The data is at fault and [`RejectPolicy::RollBack`] was asked for: do not send it again.
    #[error("{} samples were refused and the batch was rolled back", .0.total())]
    Rejected(Rejections),
    /// A limit refused the batch: send less.
    #[error("batch of {samples} samples is over the limit of {samples_max}")]
    TooLarge {
        /// Samples in the batch.
        samples: usize,
        /// The limit.
        samples_max: usize,
    },
    /// The store cannot write at the moment, for example for want of disk space: try again later.
    #[error("storage is unavailable: {0}")]
    Unavailable(Arc<str>),
    /// The graph is shutting down or the node was removed: the batch was not taken.
    #[error("the graph does not take batches any more")]
    Closed,
    /// The delivery was lost on the way, because a node failed or a drain ran out of time.
    #[error("the batch was dropped before it was committed")]
    Dropped,
}

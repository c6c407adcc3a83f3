//! The store: opened off the runtime, fed by the graph's one sink, and kept in order by a task.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use engine_dataflow::{
    CommitReceipt, Delivery, DeliveryError, NodeError, RejectPolicy, RejectReason, Rejections, Sink,
};
use engine_storage::{
    AppendError, AppendOptions, AppendOutcome, OnReject, RejectReason as StoreReason, Store, StoreConfig,
    StoreError, WalError,
};
use futures::future::join_all;
use tokio_util::sync::CancellationToken;

/// Opens the store and replays its log.
pub(super) async fn open(path: &Path) -> anyhow::Result<Store> {
    let config = StoreConfig::new(path);
    let opened = tokio::task::spawn_blocking(move || Store::open(config)).await;
    Ok(opened.map_err(|_| StoreError::Closed)??)
}

/// Name of the graph's sink.
pub(super) const APPEND_NODE: &str = "append";

/// Commits what arrives: each delivery is one batch and one commit.
pub(super) struct AppendSink {
    store: Store,
}

impl AppendSink {
    pub(super) fn new(store: Store) -> Self {
        Self { store }
    }
}

#[async_trait]
impl Sink for AppendSink {
    async fn write(&mut self, deliveries: Vec<Delivery>) -> Result<(), NodeError> {
        // All at once, so that one fsync serves them all; the store takes them in this order.
        let commits = deliveries.into_iter().map(|delivery| {
            let options = AppendOptions {
                durable: delivery.options.durable,
                on_reject: match delivery.options.on_reject {
                    RejectPolicy::DropSamples => OnReject::Drop,
                    RejectPolicy::RollBack => OnReject::RollBack,
                },
            };
            let append = self.store.append(delivery.batch, options);
            async move {
                let result = append.await;
                let poisoned = matches!(result, Err(AppendError::Log(WalError::Poisoned)));
                delivery.acknowledgement.complete(outcome(result));
                poisoned
            }
        });
        if join_all(commits).await.contains(&true) {
            return Err(
                "the write-ahead log is poisoned by a failed fsync; check the disk and restart".into(),
            );
        }
        Ok(())
    }
}

fn outcome(result: Result<AppendOutcome, AppendError>) -> Result<CommitReceipt, DeliveryError> {
    match result {
        Ok(done) => Ok(CommitReceipt {
            commit: done.commit,
            accepted: done.accepted,
            histograms: done.histograms,
            exemplars: done.exemplars,
            rejected: rejections(
                &done.rejected,
                done.first_rejected.map(|first| (first.row, first.reason)),
            ),
        }),
        Err(AppendError::Rejected { counts, first }) => Err(DeliveryError::Rejected(rejections(
            &counts,
            Some((first.row, first.reason)),
        ))),
        Err(AppendError::Closed) => Err(DeliveryError::Closed),
        // The sender interns its labels again when it sends again; series may end until then.
        Err(
            error @ (AppendError::Log(_) | AppendError::UnknownSeries(_) | AppendError::TooManySeries { .. }),
        ) => Err(DeliveryError::Unavailable(Arc::from(format!(
            "{:#}",
            anyhow::Error::new(error)
        )))),
    }
}

fn rejections(counts: &[(StoreReason, usize)], first: Option<(usize, StoreReason)>) -> Rejections {
    let mut rejections = Rejections::default();
    for &(reason, count) in counts {
        match reason {
            StoreReason::OutOfOrder => rejections.out_of_order += count,
            StoreReason::DuplicateTimestamp => rejections.duplicate += count,
            StoreReason::OutOfBounds => rejections.out_of_bounds += count,
            StoreReason::TooOld => rejections.too_old += count,
            // An append with unknown references fails as a whole.
            StoreReason::UnknownSeries => {}
        }
    }
    rejections.first = first.and_then(|(row, reason)| {
        let reason = match reason {
            StoreReason::OutOfOrder => RejectReason::OutOfOrder,
            StoreReason::DuplicateTimestamp => RejectReason::Duplicate,
            StoreReason::OutOfBounds => RejectReason::OutOfBounds,
            StoreReason::TooOld => RejectReason::TooOld,
            StoreReason::UnknownSeries => return None,
        };
        Some((row, reason))
    });
    rejections
}

/// How often it is looked whether a cut or a compaction is due.
const MAINTENANCE_INTERVAL: Duration = Duration::from_secs(60);

/// Cuts and compacts what is due until `stop`.
pub(super) async fn maintain(store: Store, stop: CancellationToken) {
    let mut ticks = tokio::time::interval(MAINTENANCE_INTERVAL);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = ticks.tick() => {}
        }
        let now_ms = engine_model::time::now_ms();
        if let Err(error) = store.cut_due(now_ms).await {
            tracing::error!(error = %format!("{:#}", anyhow::Error::new(error)), "cutting the head failed; it is tried again in a minute");
            continue;
        }
        if let Err(error) = store.compact(now_ms).await {
            tracing::error!(error = %format!("{:#}", anyhow::Error::new(error)), "compaction failed; it is tried again in a minute");
        }
    }
}

//! The store: opened off the runtime, fed by the graph's one sink, and kept in order by a task.

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

use super::features::Features;
use crate::cli::RunOptions;
use crate::config::{RetentionFlags, StorageConfig};

/// Opens the store as command line and configuration say. It accepts batches from then on; its log is replayed
/// meanwhile.
pub(super) async fn open(
    options: &RunOptions,
    features: Features,
    storage: &StorageConfig,
) -> anyhow::Result<Store> {
    let defaults = StoreConfig::new(&options.storage_path);
    let weir = &storage.weir;
    let config = StoreConfig {
        fsync: weir.fsync.unwrap_or(defaults.fsync),
        out_of_order_window_ms: storage.tsdb.out_of_order_window_ms,
        exemplars_max: storage.exemplars_max.unwrap_or(defaults.exemplars_max),
        series_max: weir.series_limit,
        head_bytes_max: usize::try_from(weir.head_memory).unwrap_or(usize::MAX),
        retention: storage.retention(retention_flags(options)),
        page_cache_bytes: weir.page_cache.unwrap_or(defaults.page_cache_bytes),
        reads_starts: features.use_start_timestamps,
        compaction_share: weir.compaction_share.unwrap_or(defaults.compaction_share),
        ..defaults
    };
    let opened = tokio::task::spawn_blocking(move || Store::start(config)).await;
    Ok(opened.map_err(|_| StoreError::Closed)??)
}

fn retention_flags(options: &RunOptions) -> RetentionFlags {
    let time = options.retention_time;
    RetentionFlags {
        time_ms: time.map(|time| i64::try_from(time.as_millis()).unwrap_or(i64::MAX)),
        bytes: options.retention_bytes,
    }
}

/// Gives a running store what it can take of a changed configuration, and says what it cannot.
pub(super) fn reload(store: &Store, options: &RunOptions, old: &StorageConfig, new: &StorageConfig) {
    store.set_retention(new.retention(retention_flags(options)));
    let waiting = old.needs_restart(new);
    if !waiting.is_empty() {
        tracing::warn!(
            keys = waiting.join(", "),
            "these keys of the configuration take effect with the next start"
        );
    }
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
        Err(error @ (AppendError::Log(_) | AppendError::UnknownSeries(_))) => Err(
            DeliveryError::Unavailable(Arc::from(format!("{:#}", anyhow::Error::new(error)))),
        ),
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
            StoreReason::SeriesLimit => rejections.series_limit += count,
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
            StoreReason::SeriesLimit => RejectReason::SeriesLimit,
            StoreReason::UnknownSeries => return None,
        };
        Some((row, reason))
    });
    rejections
}

/// How often it is looked whether a cut or a compaction is due.
const MAINTENANCE_INTERVAL: Duration = Duration::from_secs(60);

/// Cuts, compacts and drops what is due until `stop`. Compactions rest between pieces of work, so that they
/// never take more than their share of a core; see `weir_storage.compaction_share`.
pub(super) async fn maintain(store: Store, stop: CancellationToken) {
    tokio::select! {
        () = stop.cancelled() => return,
        ready = store.ready() => {
            // The server says so, and ends.
            if ready.is_err() {
                return;
            }
        }
    }
    let mut ticks = tokio::time::interval(MAINTENANCE_INTERVAL);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = ticks.tick() => {}
        }
        let now_ms = engine_model::time::now_ms();
        if let Err(error) = store.cut_due(now_ms).await {
            tracing::error!(error = %chain(error), "cutting the head failed; it is tried again in a minute");
            continue;
        }
        // Before the compaction, which then need not touch what goes anyway; it also makes room for it.
        if let Err(error) = store.retain(now_ms).await {
            tracing::error!(error = %chain(error), "retention failed; it is tried again in a minute");
        }
        if let Err(error) = store.compact(now_ms).await {
            tracing::error!(error = %chain(error), "compaction failed; it is tried again in a minute");
        }
    }
}

/// Resolves when the log of the last run turns out to be unreadable, with the reason: what was acknowledged
/// would be missing from every answer, so the process ends and somebody looks.
pub(super) async fn unreadable(store: &Store) -> anyhow::Error {
    match store.ready().await {
        Err(error) => anyhow::Error::new(error).context(
            "stopping: what was acknowledged before this start cannot all be read; repair the log or move its file away",
        ),
        Ok(()) => std::future::pending().await,
    }
}

fn chain(error: StoreError) -> String {
    format!("{:#}", anyhow::Error::new(error))
}

//! What receives: the graph's inlet, the series table, a budget for requests in flight.

use std::sync::Arc;

use bytes::Bytes;
use connectors_formats::remote_write::{DECODED_BYTES_MAX, decompress, decompressed_bytes};
use engine_dataflow::{DeliveryOptions, Inlet, InletHandle, RejectPolicy};
use engine_model::SeriesTable;
use tokio::sync::Semaphore;
use tracing::warn;

use super::metrics::RemoteWriteMetrics;
use super::outcome::Outcome;
use super::request::Request;
use crate::counter::Counter;
use engine_model::WallClock;

/// The source's name in the graph.
pub const NODE_NAME: &str = "remote_write";

/// One permit stands for this many decompressed bytes.
const PERMIT_BYTES: usize = 1 << 20;
/// Decompressed requests that may be in flight, in permits: eight of the largest, or 256 small ones.
/// A request takes several times its size until it is committed; others wait at the door.
const PERMITS: usize = 8 * DECODED_BYTES_MAX / PERMIT_BYTES;
/// Messages above this are decoded beside the threads that serve requests: it takes milliseconds.
const INLINE_BYTES_MAX: usize = 256 << 10;

/// Receives write requests and commits them through the graph.
#[derive(Debug)]
pub struct RemoteWrite {
    inlet: InletHandle,
    table: Arc<SeriesTable>,
    clock: WallClock,
    budget: Semaphore,
    metrics: Arc<RemoteWriteMetrics>,
}

impl RemoteWrite {
    /// The source for the graph, under [`NODE_NAME`], and what serves requests.
    pub fn new(table: Arc<SeriesTable>, clock: WallClock) -> (Inlet, Arc<Self>) {
        let (inlet, handle) = Inlet::new();
        let receiver = Self {
            inlet: handle,
            table,
            clock,
            budget: Semaphore::new(PERMITS),
            metrics: Arc::default(),
        };
        (inlet, Arc::new(receiver))
    }

    /// What came in so far.
    pub fn metrics(&self) -> &Arc<RemoteWriteMetrics> {
        &self.metrics
    }

    /// Stores a snappy-compressed request of version 1.0.
    pub(super) async fn store(&self, body: Bytes) -> Outcome {
        let outcome = self.decode_and_commit(body).await;
        let counter = match &outcome {
            Outcome::Stored => &self.metrics.requests,
            Outcome::Refused(_) => &self.metrics.requests_refused,
            Outcome::Unavailable(_) => &self.metrics.requests_unavailable,
        };
        counter.add(1);
        outcome
    }

    async fn decode_and_commit(&self, body: Bytes) -> Outcome {
        let decoded_bytes = match decompressed_bytes(&body) {
            Ok(decoded_bytes) => decoded_bytes,
            Err(error) => return Outcome::Refused(error.to_string()),
        };
        let permits = decoded_bytes.div_ceil(PERMIT_BYTES).max(1) as u32;
        let Ok(_permit) = self.budget.acquire_many(permits).await else {
            return Outcome::Unavailable("the receiver is closed".to_owned());
        };
        let now_ms = self.clock.now_ms();
        let decoded = if decoded_bytes > INLINE_BYTES_MAX {
            let task = tokio::task::spawn_blocking(move || decode(&body, now_ms));
            task.await.unwrap_or_else(|error| Err(error.to_string()))
        } else {
            decode(&body, now_ms)
        };
        let request = match decoded {
            Ok(request) => request,
            Err(error) => return Outcome::Refused(error),
        };
        self.count(&request);
        let batch = request.into_batch(&self.table);
        if batch.is_empty() {
            return Outcome::Stored;
        }
        let options = DeliveryOptions {
            durable: true,
            on_reject: RejectPolicy::RollBack,
            origin: NODE_NAME.into(),
        };
        match self.inlet.commit(batch.clone(), options).await {
            Ok(receipt) => {
                self.metrics.samples.add(receipt.accepted);
                Outcome::Stored
            }
            Err(error) => Outcome::of(&error, &batch),
        }
    }

    fn count(&self, request: &Request) {
        let metrics = &self.metrics;
        metrics.invalid_labels_samples.add(request.invalid_labels_samples);
        if request.invalid_labels_samples > 0 {
            warn!(
                samples = request.invalid_labels_samples,
                "skipped samples of series with invalid labels"
            );
        }
        let not_stored = request.not_stored;
        metrics.exemplars_not_stored.add(not_stored.exemplars);
        metrics.metadata_not_stored.add(not_stored.metadata);
        count_first(&metrics.histograms_not_stored, not_stored.histograms, || {
            warn!("native histograms are not supported by this version and are not stored; told once");
        });
    }
}

fn decode(body: &[u8], now_ms: i64) -> Result<Request, String> {
    let message = decompress(body).map_err(|error| error.to_string())?;
    Request::decode(&message, now_ms).map_err(|error| error.to_string())
}

/// Counts, and tells when the counter leaves 0.
fn count_first(counter: &Counter, count: usize, tell: impl FnOnce()) {
    if count > 0 && counter.get() == 0 {
        tell();
    }
    counter.add(count);
}

//! What receives: the graph's inlet, the series table and its cache, a budget for requests in flight.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use connectors_formats::remote_write::{decompress_into, decompressed_bytes};
use engine_dataflow::{CommitReceipt, DeliveryError, DeliveryOptions, Inlet, InletHandle, RejectPolicy};
use engine_model::{SampleBatch, SeriesTable, WallClock};
use parking_lot::Mutex;
use tracing::warn;

use super::budget::{Budget, Permit};
use super::content::Version;
use super::faults::Faults;
use super::metadata::PushedMetadata;
use super::metrics::RemoteWriteMetrics;
use super::outcome::{Outcome, Written};
use super::request::Request;
use super::series_cache::SeriesCache;
use super::starts::{Starts, Zeros};
use crate::IngestFeatures;
use crate::refusal::refusal;
use crate::seldom::Seldom;

/// The source's name in the graph.
pub const NODE_NAME: &str = "remote_write";
/// Where the zeros of start timestamps come from, in logs and counters.
const ZEROS_ORIGIN: &str = "remote_write/starts";

/// Messages above this are decoded beside the threads that serve requests: it takes a millisecond and more. A
/// sender's usual two thousand samples are below it, and handing them over and back costs as much as a tenth of
/// their decoding.
const INLINE_BYTES_MAX: usize = 512 << 10;
/// Message buffers that are kept for the next requests: as many as decode at once on most machines.
const BUFFERS_MAX: usize = 8;
/// Largest buffer that is kept; requests of Prometheus's senders are far smaller.
const BUFFER_BYTES_MAX: usize = 2 << 20;

/// Receives write requests and commits them through the graph.
#[derive(Debug)]
pub struct RemoteWrite {
    inlet: InletHandle,
    clock: WallClock,
    budget: Budget,
    metrics: Arc<RemoteWriteMetrics>,
    metadata: Arc<PushedMetadata>,
    decoder: Arc<Decoder>,
    shed_lines: Seldom,
    unavailable_lines: Seldom,
    invalid_lines: Seldom,
}

/// What decoding needs, on whichever thread it runs.
#[derive(Debug)]
struct Decoder {
    table: Arc<SeriesTable>,
    cache: SeriesCache,
    buffers: Mutex<Vec<Vec<u8>>>,
    features: IngestFeatures,
    starts: Starts,
}

/// A request that is ready to be committed.
struct Decoded {
    zeros: Option<Zeros>,
    batch: SampleBatch,
    faults: Faults,
    sent: Written,
}

impl RemoteWrite {
    /// The source for the graph, under [`NODE_NAME`], and what serves requests. `features` say what is done with the
    /// start timestamps, types and units of version 2.0.
    pub fn new(table: Arc<SeriesTable>, clock: WallClock, features: IngestFeatures) -> (Inlet, Arc<Self>) {
        let (inlet, handle) = Inlet::new();
        let receiver = Self {
            inlet: handle,
            clock,
            budget: Budget::default(),
            metrics: Arc::default(),
            metadata: Arc::default(),
            shed_lines: Seldom::default(),
            unavailable_lines: Seldom::default(),
            invalid_lines: Seldom::default(),
            decoder: Arc::new(Decoder {
                cache: SeriesCache::new(Arc::clone(&table)),
                table,
                buffers: Mutex::default(),
                features,
                starts: Starts::default(),
            }),
        };
        (inlet, Arc::new(receiver))
    }

    /// What came in so far.
    pub fn metrics(&self) -> &Arc<RemoteWriteMetrics> {
        &self.metrics
    }

    /// What senders said of their metrics.
    pub fn metadata(&self) -> &Arc<PushedMetadata> {
        &self.metadata
    }

    /// Number of series whose labels need not be read when they come again.
    pub fn cached_series(&self) -> usize {
        self.decoder.cache.len()
    }

    pub(super) fn budget(&self) -> &Budget {
        &self.budget
    }

    /// Stores a snappy-compressed request, whose body holds `permit` until it is decoded.
    pub(super) async fn store(&self, version: Version, body: Bytes, permit: Permit) -> Outcome {
        let outcome = self.decode_and_commit(version, body, permit).await;
        self.tell(&outcome);
        let counter = match &outcome {
            Outcome::Stored(_) => &self.metrics.requests,
            Outcome::StoredInPart(..) => &self.metrics.requests_in_part,
            Outcome::Refused(_) => &self.metrics.requests_refused,
            Outcome::Unavailable(_) => &self.metrics.requests_unavailable,
            // Counted where it was decided.
            Outcome::Shed(_) => return outcome,
        };
        counter.add(1);
        let written = outcome.written();
        self.metrics.samples.add(written.samples);
        self.metrics.histograms.add(written.histograms);
        self.metrics.exemplars.add(written.exemplars);
        outcome
    }

    /// Sends a request away for which there is no place.
    pub(super) fn shed(&self, why: String) -> Outcome {
        self.metrics.requests_shed.add(1);
        if let Some(times) = self.shed_lines.count(Instant::now()) {
            warn!(times, why, "remote write requests were sent away");
        }
        Outcome::Shed(why)
    }

    /// Says that senders must come again, and why, however many they are.
    fn tell(&self, outcome: &Outcome) {
        if let Outcome::Unavailable(why) = outcome
            && let Some(times) = self.unavailable_lines.count(Instant::now())
        {
            warn!(times, why, "remote write requests could not be stored");
        }
    }

    async fn decode_and_commit(&self, version: Version, body: Bytes, permit: Permit) -> Outcome {
        let decoded_bytes = match decompressed_bytes(&body) {
            Ok(decoded_bytes) => decoded_bytes,
            Err(error) => return Outcome::Refused(error.to_string()),
        };
        let _permit = match self.budget.decoded(decoded_bytes).await {
            Ok(permit) => permit,
            Err(busy) => return self.shed(busy),
        };
        let now_ms = self.clock.now_ms();
        let decoder = Arc::clone(&self.decoder);
        let metadata = Arc::clone(&self.metadata);
        let decode = move || decoder.decode(version, &body, now_ms, &metadata);
        let decoded = if decoded_bytes > INLINE_BYTES_MAX {
            let task = tokio::task::spawn_blocking(decode);
            task.await.unwrap_or_else(|error| Err(error.to_string()))
        } else {
            decode()
        };
        drop(permit);
        match decoded {
            Ok(decoded) => self.commit(version, decoded).await,
            Err(error) => Outcome::Refused(error),
        }
    }

    async fn commit(&self, version: Version, decoded: Decoded) -> Outcome {
        let Decoded {
            zeros,
            batch,
            faults,
            sent,
        } = decoded;
        self.count(&faults);
        if let Some(zeros) = zeros
            && let Err(error) = self.commit_zeros(zeros).await
        {
            return Outcome::of(&error, &batch);
        }
        if batch.is_empty() {
            return outcome(version, Written::default(), &faults);
        }
        let options = DeliveryOptions {
            durable: true,
            on_reject: match version {
                Version::V1 => RejectPolicy::RollBack,
                Version::V2 => RejectPolicy::DropSamples,
            },
            origin: NODE_NAME.into(),
        };
        match self.inlet.commit(batch.clone(), options).await {
            Ok(receipt) => {
                let mut faults = faults;
                if let Some((row, reason)) = receipt.rejected.first {
                    faults.add_many(receipt.rejected.total(), || {
                        refusal(&batch, row, reason).unwrap_or_else(|| "a sample was refused".to_owned())
                    });
                }
                let written = written(sent, &receipt);
                match faults.text() {
                    // Whatever the version: somebody has to raise the limit, or to send less.
                    Some(text) if receipt.rejected.series_limit > 0 => Outcome::StoredInPart(written, text),
                    _ => outcome(version, written, &faults),
                }
            }
            Err(error) => Outcome::of(&error, &batch),
        }
    }

    /// Offers zeros to the store, which refuses those that it has or that are behind their series. They are durable
    /// with the batch that follows them in the log.
    async fn commit_zeros(&self, zeros: Zeros) -> Result<(), DeliveryError> {
        let options = DeliveryOptions::pulled(ZEROS_ORIGIN);
        self.inlet.commit(zeros.batch.clone(), options).await?;
        self.decoder.starts.remember(zeros);
        Ok(())
    }

    fn count(&self, faults: &Faults) {
        self.metrics
            .invalid_labels_samples
            .add(faults.invalid_labels_samples);
        self.metrics.exemplars_invalid.add(faults.exemplars);
        if faults.invalid_labels_samples > 0
            && let Some(times) = self.invalid_lines.count(Instant::now())
        {
            let samples = faults.invalid_labels_samples;
            warn!(times, samples, "skipped samples of series with invalid labels");
        }
    }
}

/// Version 1.0 does not tell of what was skipped.
fn outcome(version: Version, written: Written, faults: &Faults) -> Outcome {
    match faults.text() {
        Some(text) if version == Version::V2 => Outcome::StoredInPart(written, text),
        _ => Outcome::Stored(written),
    }
}

/// What the store has of what was `sent`: samples that it had already count, refused ones do not.
fn written(sent: Written, receipt: &CommitReceipt) -> Written {
    let refused = receipt.rejected.total();
    let histograms = match refused {
        0 => sent.histograms,
        _ => receipt.histograms,
    };
    Written {
        samples: (sent.samples + sent.histograms).saturating_sub(refused + histograms),
        histograms,
        exemplars: receipt.exemplars,
    }
}

impl Decoder {
    fn decode(
        &self,
        version: Version,
        body: &[u8],
        now_ms: i64,
        metadata: &PushedMetadata,
    ) -> Result<Decoded, String> {
        let mut message = self.buffers.lock().pop().unwrap_or_default();
        let request = decompress_into(body, &mut message)
            .map_err(|error| error.to_string())
            .and_then(|()| {
                Request::decode(version, &message, now_ms, self.features, &self.cache)
                    .map_err(|error| error.to_string())
            });
        self.give_back(message);
        let mut request = request?;
        metadata.remember(std::mem::take(&mut request.metadata));
        let faults = std::mem::take(&mut request.faults);
        let sent = Written {
            samples: request.samples(),
            histograms: request.histograms(),
            exemplars: 0,
        };
        let (zeros, batch) = request.into_batches(&self.table, &self.cache, &self.starts);
        Ok(Decoded {
            zeros,
            batch,
            faults,
            sent,
        })
    }

    fn give_back(&self, message: Vec<u8>) {
        let mut buffers = self.buffers.lock();
        if buffers.len() < BUFFERS_MAX && message.capacity() <= BUFFER_BYTES_MAX {
            buffers.push(message);
        }
    }
}

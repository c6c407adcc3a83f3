//! Tests any node alone: feed batches into an operator or a sink, run a source under a paused clock
//! and collect what comes out. Also the smallest source and sink to build test graphs from.
//! Use it in `#[tokio::test(start_paused = true)]`; other crates enable the feature `harness`.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use engine_model::{Labels, SampleBatch, SampleBatchBuilder, SeriesTable};
use parking_lot::Mutex;
use tokio::time::{Instant, sleep, timeout_at};
use tokio_util::sync::CancellationToken;

use crate::context::SourceContext;
use crate::edge::{Output, edge};
use crate::inputs::Inputs;
use crate::message::{CommitReceipt, Delivery, DeliveryError, DeliveryOptions, Message, Receipt};
use crate::operator::{Emit, Operator};
use crate::plan::NodeId;
use crate::sink::Sink;
use crate::source::{NodeError, Source};

/// A batch of the named metrics: `(metric name, timestamp in ms, value)`, in a table of its own.
pub fn batch(samples: &[(&str, i64, f64)]) -> SampleBatch {
    let table = Arc::new(SeriesTable::new());
    let mut builder = SampleBatchBuilder::with_capacity(samples.len());
    for (name, timestamp_ms, value) in samples {
        let series = table.intern(&Labels::from_pairs([("__name__", *name)]));
        builder.push(series, *timestamp_ms, *value);
    }
    builder.finish(&table)
}

/// A pushed delivery of `samples` samples of one series, and its receipt.
pub fn delivery(samples: usize) -> (Delivery, Receipt) {
    let rows: Vec<_> = (0..samples).map(|i| ("m", i as i64, i as f64)).collect();
    Delivery::with_receipt(batch(&rows), DeliveryOptions::pushed("test"))
}

/// Feeds deliveries through an operator and returns what it emitted, in order.
///
/// # Errors
/// The operator's own.
pub fn run_operator(
    operator: &mut dyn Operator,
    deliveries: Vec<Delivery>,
) -> Result<Vec<Delivery>, NodeError> {
    let mut emit = Emit::default();
    for delivery in deliveries {
        operator.process(delivery, &mut emit)?;
    }
    Ok(emit.take())
}

/// Feeds batches to a sink as the runtime does, in groups of its size, and returns each outcome.
///
/// # Errors
/// The sink's own.
pub async fn run_sink(
    sink: &mut dyn Sink,
    batches: Vec<(SampleBatch, DeliveryOptions)>,
) -> Result<Vec<Result<CommitReceipt, DeliveryError>>, NodeError> {
    let mut outcomes = Vec::new();
    let mut batches = batches.into_iter().peekable();
    while batches.peek().is_some() {
        let group = batches.by_ref().take(sink.batches_max().max(1));
        let (group, receipts): (Vec<_>, Vec<_>) = group
            .map(|(batch, options)| Delivery::with_receipt(batch, options))
            .unzip();
        sink.write(group).await?;
        for receipt in receipts {
            outcomes.push(receipt.await);
        }
    }
    Ok(outcomes)
}

/// What a source did during a run of the harness.
#[derive(Debug)]
pub struct SourceRun {
    /// When each batch came, since the start, and the batch. All were acknowledged as committed
    /// whole, with commit numbers from 1.
    pub batches: Vec<(Duration, SampleBatch, DeliveryOptions)>,
    /// How the source ended.
    pub result: Result<(), NodeError>,
}

/// Runs a source for `time`, then stops it and collects what it still finishes.
pub async fn run_source(mut source: Box<dyn Source>, time: Duration) -> SourceRun {
    let started = Instant::now();
    let shutdown = CancellationToken::new();
    let context = SourceContext {
        node: NodeId::from("source"),
        shutdown: shutdown.clone(),
    };
    let (output, receiver, control) = edge(1);
    let (mut inputs, adder) = Inputs::new();
    inputs.join(receiver);
    drop(adder);
    let task = tokio::spawn(async move {
        let _done = control.upstream_done.drop_guard();
        source.run(context, output).await
    });
    let mut batches = Vec::new();
    loop {
        let message = if shutdown.is_cancelled() {
            inputs.recv().await
        } else {
            match timeout_at(started + time, inputs.recv()).await {
                Ok(message) => message,
                Err(_) => {
                    shutdown.cancel();
                    continue;
                }
            }
        };
        let Message::Batch(delivery) = message else { break };
        batches.push((
            started.elapsed(),
            delivery.batch.clone(),
            delivery.options.clone(),
        ));
        let receipt = CommitReceipt {
            commit: batches.len() as u64,
            accepted: delivery.batch.len(),
            ..CommitReceipt::default()
        };
        delivery.acknowledge(Ok(receipt));
    }
    let result = task.await.unwrap_or_else(|error| Err(error.into()));
    SourceRun { batches, result }
}

/// Sends the deliveries that it is given, one after the other, and is exhausted then.
#[derive(Debug, Default)]
pub struct ListSource {
    deliveries: Vec<Delivery>,
}

impl ListSource {
    /// Will send `deliveries` in order.
    pub fn new(deliveries: Vec<Delivery>) -> Self {
        Self { deliveries }
    }
}

#[async_trait]
impl Source for ListSource {
    async fn run(&mut self, _context: SourceContext, output: Output) -> Result<(), NodeError> {
        for delivery in std::mem::take(&mut self.deliveries) {
            output.send(delivery).await?;
        }
        Ok(())
    }
}

/// Keeps and acknowledges every batch, each group after a delay.
#[derive(Debug, Default)]
pub struct CollectSink {
    delay: Duration,
    collected: Collected,
}

/// What a [`CollectSink`] has so far: the groups in order, each with its batches.
pub type Collected = Arc<Mutex<Vec<Vec<SampleBatch>>>>;

impl CollectSink {
    /// A sink whose groups take `delay` each, and what it collects.
    pub fn new(delay: Duration) -> (Self, Collected) {
        let sink = Self {
            delay,
            ..Self::default()
        };
        let collected = Arc::clone(&sink.collected);
        (sink, collected)
    }
}

#[async_trait]
impl Sink for CollectSink {
    async fn write(&mut self, deliveries: Vec<Delivery>) -> Result<(), NodeError> {
        sleep(self.delay).await;
        let batches = deliveries.iter().map(|delivery| delivery.batch.clone()).collect();
        let commit = {
            let mut collected = self.collected.lock();
            collected.push(batches);
            collected.len() as u64
        };
        for delivery in deliveries {
            let accepted = delivery.batch.len();
            delivery.acknowledge(Ok(CommitReceipt {
                commit,
                accepted,
                ..CommitReceipt::default()
            }));
        }
        Ok(())
    }
}

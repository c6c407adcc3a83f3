//! Nodes that the tests build graphs from.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::Mutex;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::harness;
use crate::{Delivery, NodeError, Output, Receipt, Sink, Source, SourceContext};

/// Sends a batch of ten samples a second; when it is stopped, it sends one more.
#[derive(Default)]
pub(super) struct Ticker {
    pub(super) receipts: Arc<Mutex<Vec<Receipt>>>,
}

impl Ticker {
    async fn send(&self, output: &Output) -> Result<(), NodeError> {
        let (delivery, receipt) = harness::delivery(10);
        output.send(delivery).await?;
        self.receipts.lock().push(receipt);
        Ok(())
    }
}

#[async_trait]
impl Source for Ticker {
    async fn run(&mut self, context: SourceContext, output: Output) -> Result<(), NodeError> {
        while !context.shutdown.is_cancelled() {
            self.send(&output).await?;
            tokio::select! {
                () = sleep(Duration::from_secs(1)) => {}
                () = context.shutdown.cancelled() => {}
            }
        }
        self.send(&output).await
    }
}

/// Sends single samples as fast as the edge takes them, from several tasks, until it is stopped.
#[derive(Default)]
pub(super) struct Flood {
    pub(super) receipts: Arc<Mutex<Vec<Receipt>>>,
}

#[async_trait]
impl Source for Flood {
    async fn run(&mut self, context: SourceContext, output: Output) -> Result<(), NodeError> {
        let mut tasks = JoinSet::new();
        for _ in 0..4 {
            let (output, receipts) = (output.clone(), Arc::clone(&self.receipts));
            let shutdown = context.shutdown.clone();
            tasks.spawn(async move {
                while !shutdown.is_cancelled() {
                    let (delivery, receipt) = harness::delivery(1);
                    output
                        .send(delivery)
                        .await
                        .expect("the edge is open while the source runs");
                    receipts.lock().push(receipt);
                }
            });
        }
        while let Some(task) = tasks.join_next().await {
            task?;
        }
        Ok(())
    }
}

/// What a [`Faulty`] node does the next time.
#[derive(Clone, Copy)]
pub(super) enum Fault {
    Error,
    Panic,
    Hang,
}

impl Fault {
    async fn happen(self) -> Result<(), NodeError> {
        match self {
            Self::Error => Err("no luck".into()),
            Self::Panic => panic!("no luck at all"),
            Self::Hang => std::future::pending().await,
        }
    }
}

/// A source or sink with a list of faults, one a call; after them it waits for its stop, or
/// acknowledges nothing.
pub(super) struct Faulty(pub(super) Vec<Fault>);

#[async_trait]
impl Source for Faulty {
    async fn run(&mut self, context: SourceContext, _output: Output) -> Result<(), NodeError> {
        if !self.0.is_empty() {
            return self.0.remove(0).happen().await;
        }
        context.shutdown.cancelled().await;
        Ok(())
    }
}

#[async_trait]
impl Sink for Faulty {
    async fn write(&mut self, _deliveries: Vec<Delivery>) -> Result<(), NodeError> {
        if !self.0.is_empty() {
            return self.0.remove(0).happen().await;
        }
        Ok(())
    }
}

//! The life of each node's task: sources are run again after a failure, the failure of an operator
//! or a sink ends the graph.

use std::any::Any;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::context::SourceContext;
use crate::edge::{Output, SendError};
use crate::inputs::Inputs;
use crate::message::{DeliveryError, Message};
use crate::operator::{Emit, Operator};
use crate::plan::NodeId;
use crate::registry::Shared;
use crate::sink::Sink;
use crate::source::{NodeError, Source};
use crate::status::NodeState;

/// First delay before a failed source is run again: long enough not to spin, short enough that one
/// hiccup costs less than a scrape interval.
const RESTART_DELAY_MIN: Duration = Duration::from_secs(1);
/// Longest delay; a source whose cause has passed is back within half a minute. Attempts are not
/// bounded, since nobody would start the source again.
const RESTART_DELAY_MAX: Duration = Duration::from_secs(30);
/// A run this long was a good one: the next failure starts from the first delay again.
const SETTLED: Duration = Duration::from_secs(60);

/// Doubles with each failure in a row, within the bounds.
fn restart_delay(failures: u32) -> Duration {
    let doublings = failures.saturating_sub(1).min(16);
    (RESTART_DELAY_MIN * 2_u32.pow(doublings)).min(RESTART_DELAY_MAX)
}

/// Runs a source until it stops or is exhausted.
pub(crate) async fn run_source(
    shared: Arc<Shared>,
    id: NodeId,
    mut source: Box<dyn Source>,
    output: Output,
    stop: CancellationToken,
) {
    let mut failures = 0;
    loop {
        shared.set_state(&id, NodeState::Running);
        let context = SourceContext {
            node: id.clone(),
            shutdown: stop.clone(),
        };
        let started = Instant::now();
        let Err(error) = caught(source.run(context, output.clone())).await else {
            shared.set_state(&id, NodeState::Finished);
            return;
        };
        if stop.is_cancelled() {
            tracing::error!(node = %id, error, "source failed while it stopped");
            shared.set_state(&id, NodeState::Failed { error });
            return;
        }
        failures = if started.elapsed() >= SETTLED {
            1
        } else {
            failures + 1
        };
        let delay = restart_delay(failures);
        let delay_ms = delay.as_millis();
        tracing::warn!(node = %id, error, failures, delay_ms, "source failed, it is run again");
        shared.set_state(&id, NodeState::Restarting { error, failures });
        tokio::select! {
            () = sleep(delay) => {}
            () = stop.cancelled() => {
                shared.set_state(&id, NodeState::Finished);
                return;
            }
        }
    }
}

/// Runs an operator until its inputs end.
pub(crate) async fn run_operator(
    shared: Arc<Shared>,
    id: NodeId,
    operator: Box<dyn Operator>,
    inputs: Inputs,
    output: Output,
) {
    match caught(operate(operator, inputs, output)).await {
        Ok(()) => shared.set_state(&id, NodeState::Finished),
        Err(error) => shared.fail(&id, error),
    }
}

/// Runs a sink until its inputs end.
pub(crate) async fn run_sink(shared: Arc<Shared>, id: NodeId, sink: Box<dyn Sink>, inputs: Inputs) {
    match caught(swallow(sink, inputs)).await {
        Ok(()) => shared.set_state(&id, NodeState::Finished),
        Err(error) => shared.fail(&id, error),
    }
}

async fn operate(
    mut operator: Box<dyn Operator>,
    mut inputs: Inputs,
    output: Output,
) -> Result<(), NodeError> {
    let mut emit = Emit::default();
    while let Message::Batch(delivery) = inputs.recv().await {
        operator.process(delivery, &mut emit)?;
        for delivery in emit.take() {
            if let Err(SendError(delivery)) = output.send(delivery).await {
                delivery.acknowledge(Err(DeliveryError::Closed));
                return Err("the node downstream takes no more batches".into());
            }
        }
    }
    Ok(())
}

async fn swallow(mut sink: Box<dyn Sink>, mut inputs: Inputs) -> Result<(), NodeError> {
    let batches_max = sink.batches_max().max(1);
    loop {
        let group = inputs.recv_group(batches_max).await;
        if group.is_empty() {
            return Ok(());
        }
        sink.write(group).await?;
    }
}

/// Runs `future`; an error with its causes, or a panic, becomes text.
async fn caught(future: impl Future<Output = Result<(), NodeError>>) -> Result<(), String> {
    match AssertUnwindSafe(future).catch_unwind().await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(with_causes(error.as_ref())),
        Err(panic) => Err(format!("panic: {}", panic_text(panic.as_ref()))),
    }
}

fn with_causes(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without a message")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn restart_delays_double_up_to_the_bound() {
        for (failures, want_seconds) in [(1, 1), (2, 2), (3, 4), (5, 16), (6, 30), (1000, 30)] {
            assert_eq!(restart_delay(failures), Duration::from_secs(want_seconds));
        }
    }
}

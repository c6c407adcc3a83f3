//! The stream of a plan node under observation: its rows, bytes and time are counted, and it rests now and then, so
//! that a query whose client left ends soon however busy its leaves are.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use arrow::array::RecordBatch;
use datafusion::common::instant::Instant;
use datafusion::error::Result;
use datafusion::physical_plan::metrics::{BaselineMetrics, RecordOutput};
use futures::{Stream, StreamExt};

use crate::operation::BatchStream;

/// Longest turn of a node that always has another batch: a tenth of what a cancelled query may take to stop.
const TURN: Duration = Duration::from_millis(10);

/// Counts what comes out of a node.
pub(crate) struct Observed {
    stream: BatchStream,
    metrics: BaselineMetrics,
    /// When the node began to work without a rest.
    since: Option<Instant>,
}

impl Observed {
    pub(crate) fn new(stream: BatchStream, metrics: BaselineMetrics) -> Self {
        Self {
            stream,
            metrics,
            since: None,
        }
    }
}

impl Stream for Observed {
    type Item = Result<RecordBatch>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let started = Instant::now();
        let since = *self.since.get_or_insert(started);
        if started.duration_since(since) > TURN {
            self.since = None;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let polled = self.stream.poll_next_unpin(context);
        self.metrics.elapsed_compute().add_elapsed(started);
        match polled {
            Poll::Pending => {
                self.since = None;
                Poll::Pending
            }
            Poll::Ready(None) => {
                self.metrics.done();
                Poll::Ready(None)
            }
            Poll::Ready(Some(batch)) => Poll::Ready(Some(batch.record_output(&self.metrics))),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use arrow::datatypes::Schema;
    use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;

    use super::*;

    #[tokio::test]
    async fn a_busy_node_lets_others_in() {
        let batch = RecordBatch::new_empty(Arc::new(Schema::empty()));
        let busy = futures::stream::repeat_with(move || {
            std::thread::sleep(Duration::from_millis(3));
            Ok(batch.clone())
        });
        let metrics = ExecutionPlanMetricsSet::new();
        let mut observed = Observed::new(busy.boxed(), BaselineMetrics::new(&metrics, 0));
        let others = Arc::new(AtomicUsize::new(0));
        let turns = Arc::clone(&others);
        tokio::spawn(async move {
            loop {
                turns.fetch_add(1, Ordering::Relaxed);
                tokio::task::yield_now().await;
            }
        });
        for _ in 0..20 {
            observed
                .next()
                .await
                .expect("it never ends")
                .expect("it never fails");
        }
        assert!(others.load(Ordering::Relaxed) >= 2, "{others:?}");
        let metrics = metrics.clone_inner();
        assert_eq!(metrics.output_rows(), Some(0));
        assert!(metrics.elapsed_compute() >= Some(40_000_000), "{metrics}");
    }
}

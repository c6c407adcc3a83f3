//! The stream of a plan node under observation: its rows, bytes and time are counted, and it rests now and then, so
//! that a query whose client left ends soon however busy its leaves are.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use arrow::array::{Array, RecordBatch};
use datafusion::common::instant::Instant;
use datafusion::error::Result;
use datafusion::physical_plan::metrics::{Count, Metric, MetricValue, MetricsSet, Time};
use futures::{Stream, StreamExt};

use crate::operation::BatchStream;

/// Longest turn of a node that always has another batch: a tenth of what a cancelled query may take to stop.
const TURN: Duration = Duration::from_millis(10);

/// What a node did so far, in all its partitions. DataFusion's own counters cost a small query more than its samples.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    rows: AtomicUsize,
    bytes: AtomicUsize,
    batches: AtomicUsize,
    nanoseconds: AtomicUsize,
}

impl Counters {
    fn worked(&self, since: Instant) {
        let nanoseconds = usize::try_from(since.elapsed().as_nanos()).unwrap_or(usize::MAX);
        self.nanoseconds.fetch_add(nanoseconds, Ordering::Relaxed);
    }

    /// Bytes are those of the columns' buffers; columns that are null throughout, as histograms mostly are, share theirs.
    fn count(&self, batch: &RecordBatch) {
        let columns = batch.columns().iter();
        let bytes = columns
            .filter(|column| column.null_count() < column.len())
            .map(|column| column.get_buffer_memory_size())
            .sum();
        self.rows.fetch_add(batch.num_rows(), Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.batches.fetch_add(1, Ordering::Relaxed);
    }

    /// The same under DataFusion's names.
    pub(crate) fn metrics(&self) -> MetricsSet {
        let count = |number: &AtomicUsize| {
            let count = Count::new();
            count.add(number.load(Ordering::Relaxed));
            count
        };
        let time = Time::new();
        time.add_duration(Duration::from_nanos(
            self.nanoseconds.load(Ordering::Relaxed) as u64
        ));
        let mut metrics = MetricsSet::new();
        for value in [
            MetricValue::OutputRows(count(&self.rows)),
            MetricValue::ElapsedCompute(time),
            MetricValue::OutputBytes(count(&self.bytes)),
            MetricValue::OutputBatches(count(&self.batches)),
        ] {
            metrics.push(Arc::new(Metric::new(value, None)));
        }
        metrics
    }
}

/// Counts what comes out of a node.
pub(crate) struct Observed {
    stream: BatchStream,
    counters: Arc<Counters>,
    /// When the node began to work without a rest.
    since: Option<Instant>,
}

impl Observed {
    pub(crate) fn new(stream: BatchStream, counters: Arc<Counters>) -> Self {
        Self {
            stream,
            counters,
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
        self.counters.worked(started);
        match &polled {
            Poll::Pending => self.since = None,
            Poll::Ready(Some(Ok(batch))) => self.counters.count(batch),
            Poll::Ready(_) => {}
        }
        polled
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{ArrayRef, Int64Array, new_null_array};
    use arrow::datatypes::{DataType, Schema};

    use super::*;

    #[tokio::test]
    async fn a_busy_node_lets_others_in() {
        let batch = RecordBatch::new_empty(Arc::new(Schema::empty()));
        let busy = futures::stream::repeat_with(move || {
            std::thread::sleep(Duration::from_millis(3));
            Ok(batch.clone())
        });
        let counters = Arc::new(Counters::default());
        let mut observed = Observed::new(busy.boxed(), Arc::clone(&counters));
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
        let metrics = counters.metrics();
        assert_eq!(metrics.output_rows(), Some(0));
        assert!(metrics.elapsed_compute() >= Some(40_000_000), "{metrics}");
    }

    #[test]
    fn rows_and_bytes_are_counted() {
        let columns: [(&str, ArrayRef); 2] = [
            ("a", Arc::new(Int64Array::from(vec![1, 2, 3]))),
            ("b", new_null_array(&DataType::Int64, 3)),
        ];
        let batch = RecordBatch::try_from_iter(columns).expect("columns are of a length");
        let counters = Counters::default();
        counters.count(&batch);
        counters.count(&batch);
        let metrics = counters.metrics();
        assert_eq!(metrics.output_rows(), Some(6));
        let bytes = metrics.sum(|metric| matches!(metric.value(), MetricValue::OutputBytes(_)));
        assert_eq!(bytes.map(|bytes| bytes.as_usize()), Some(48));
    }
}

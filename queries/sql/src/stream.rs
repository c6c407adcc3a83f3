//! A result on its way: batches come as the query makes them and the reader takes them, a few at a time.

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::error::DataFusionError;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use tokio::sync::mpsc;

use crate::error::SqlError;
use crate::result::SqlResult;

/// Batches that wait for their reader: one that is sent and one that is made, of at most 8,192 rows each.
pub(crate) const BATCHES_WAITING_MAX: usize = 2;

/// A query ends when whoever waits for it goes.
#[derive(Debug)]
pub(crate) struct AbortOnDrop<T>(pub(crate) tokio::task::JoinHandle<T>);

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The rows of a query while it runs. Dropping it ends the query.
#[derive(Debug)]
pub struct SqlStream {
    schema: SchemaRef,
    batches: mpsc::Receiver<Result<RecordBatch, SqlError>>,
    /// Counts what is kept of the result against the memory of the query.
    held: MemoryReservation,
    running: AbortOnDrop<()>,
    /// How the query ended was said.
    ended: bool,
}

impl SqlStream {
    pub(crate) fn new(
        schema: SchemaRef,
        batches: mpsc::Receiver<Result<RecordBatch, SqlError>>,
        pool: &std::sync::Arc<dyn datafusion::execution::memory_pool::MemoryPool>,
        running: AbortOnDrop<()>,
    ) -> Self {
        Self {
            schema,
            batches,
            held: MemoryConsumer::new("result").register(pool),
            running,
            ended: false,
        }
    }

    /// The columns as Arrow has them.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// The next rows; an error is the last that comes.
    pub async fn next(&mut self) -> Option<Result<RecordBatch, SqlError>> {
        if let Some(batch) = self.batches.recv().await {
            return Some(batch);
        }
        // The sender is gone: at the end of the rows, or because the task died.
        if self.ended {
            return None;
        }
        self.ended = true;
        match (&mut self.running.0).await {
            Ok(()) => None,
            Err(failure) if failure.is_panic() => {
                tracing::error!("SQL query panicked");
                Some(Err(SqlError::Internal("the query panicked".to_owned())))
            }
            Err(_) => Some(Err(SqlError::Canceled)),
        }
    }

    /// All rows, if they are at most `rows_max` and fit in the memory of the query.
    pub(crate) async fn collect(mut self, rows_max: usize) -> Result<SqlResult, SqlError> {
        let batches = self.keep(rows_max).await?;
        Ok(SqlResult::new(&self.schema, batches))
    }

    /// The same, counted in the memory of the query until the stream is dropped.
    pub(crate) async fn keep(&mut self, rows_max: usize) -> Result<Vec<RecordBatch>, SqlError> {
        let mut batches = Vec::new();
        let mut rows = 0;
        while let Some(batch) = self.batches_next().await? {
            rows += batch.num_rows();
            if rows > rows_max {
                return Err(SqlError::TooLarge(format!(
                    "the result has more than {rows_max} rows; add a LIMIT, a narrower WHERE or a GROUP BY, or ask for CSV or Arrow, which have no such limit"
                )));
            }
            self.held.try_grow(bytes_of(&batch)?)?;
            batches.push(batch);
        }
        Ok(batches)
    }

    async fn batches_next(&mut self) -> Result<Option<RecordBatch>, SqlError> {
        self.next().await.transpose()
    }
}

/// Bytes of the rows of `batch`; what it shares with others of which it is a slice is not counted twice.
fn bytes_of(batch: &RecordBatch) -> Result<usize, DataFusionError> {
    let mut bytes = 0;
    for column in batch.columns() {
        bytes += column.to_data().get_slice_memory_size()?;
    }
    Ok(bytes)
}

//! Series of a snapshot as rows, one a series.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::SendableRecordBatchStream;
use engine_model::Matcher;
use futures::StreamExt;

use super::columns::Columns;
use super::rows::{Run, Samples, batch};
use crate::operation::{BatchStream, Operation, RunAt};
use crate::snapshot::{SeriesSet, Snapshot};

/// Rows of a batch: their labels are some 200 KiB.
const SERIES_PER_BATCH: usize = 1024;

/// Lists the series that satisfy `matchers`.
#[derive(Debug)]
pub(super) struct SeriesRows {
    pub(super) snapshot: Arc<dyn Snapshot>,
    pub(super) matchers: Vec<Matcher>,
    pub(super) columns: Columns,
}

impl Operation for SeriesRows {
    fn name(&self) -> &'static str {
        "SeriesRows"
    }

    fn describe(&self) -> String {
        let matchers: Vec<String> = self.matchers.iter().map(ToString::to_string).collect();
        format!(
            "matchers={{{}}} columns=[{}]",
            matchers.join(","),
            self.columns.listed()
        )
    }

    fn schema(&self) -> SchemaRef {
        Arc::clone(self.columns.schema())
    }

    fn run(self: Arc<Self>, _inputs: Vec<SendableRecordBatchStream>, _at: RunAt<'_>) -> Result<BatchStream> {
        let select = futures::stream::once(async move {
            self.snapshot
                .select(&self.matchers, i64::MIN, i64::MAX)
                .map(|set| (self.columns.clone(), set))
                .map_err(DataFusionError::from)
        });
        let batches = select.flat_map(|selected| match selected {
            Ok((columns, set)) => batches(columns, set),
            Err(error) => futures::stream::once(async { Err(error) }).boxed(),
        });
        Ok(batches.boxed())
    }
}

fn batches(columns: Columns, set: Arc<dyn SeriesSet>) -> BatchStream {
    let starts = (0..set.len()).step_by(SERIES_PER_BATCH);
    let batches = futures::stream::iter(starts).then(move |start| {
        let end = (start + SERIES_PER_BATCH).min(set.len());
        let runs: Vec<Run<'_>> = (start..end)
            .map(|position| Run {
                labels: set.labels(position),
                rows: 1,
            })
            .collect();
        let made = batch(&columns, &runs, &Samples::none());
        async move {
            tokio::task::yield_now().await;
            made
        }
    });
    batches.boxed()
}

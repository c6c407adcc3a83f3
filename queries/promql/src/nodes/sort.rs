//! Sort: the elements of an instant vector in order of their values or of the values of labels.

use std::cmp::Ordering;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::error::Result;
use datafusion::execution::SendableRecordBatchStream;
use engine_model::Labels;
use futures::StreamExt;
use queries_tables::operation::{BatchStream, RunAt};
use queries_tables::{Operation, SampleBudget};

use super::step_vectors::{Cell, StepVectorsBuilder, collect, step_schema};
use crate::functions::natural;

/// What rows are sorted by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SortKey {
    /// The value; NaN comes last either way.
    Value,
    /// The values of these labels, numbers in them as numbers; then all labels.
    Labels(Vec<String>),
}

/// Sorts rows of one step.
#[derive(Debug)]
pub struct Sort {
    /// What by.
    pub key: SortKey,
    /// Largest first.
    pub descending: bool,
    /// Limit on what the query holds.
    pub budget: Arc<SampleBudget>,
}

impl Operation for Sort {
    fn name(&self) -> &'static str {
        "Sort"
    }

    fn describe(&self) -> String {
        let direction = if self.descending {
            "descending"
        } else {
            "ascending"
        };
        match &self.key {
            SortKey::Value => direction.to_owned(),
            SortKey::Labels(labels) => format!("{direction} by {}", labels.join(", ")),
        }
    }

    fn schema(&self) -> SchemaRef {
        step_schema(1)
    }

    fn run(
        self: Arc<Self>,
        mut inputs: Vec<SendableRecordBatchStream>,
        _at: RunAt<'_>,
    ) -> Result<BatchStream> {
        let input = inputs.remove(0);
        Ok(futures::stream::once(async move { self.sorted(input).await }).boxed())
    }
}

struct Element<'a> {
    cell: Cell<'a>,
    labels: Labels,
    drop_name: bool,
}

impl Element<'_> {
    fn number(&self) -> f64 {
        match self.cell {
            Cell::Float(value) => value,
            Cell::Histogram(_) => f64::NAN,
        }
    }
}

impl Sort {
    async fn sorted(&self, input: SendableRecordBatchStream) -> Result<RecordBatch> {
        let gathered = collect(input, &self.budget).await?;
        let mut elements: Vec<Element<'_>> = Vec::new();
        for batch in &gathered.batches {
            elements.extend((0..batch.len()).filter_map(|row| {
                Some(Element {
                    cell: batch.cell(row, 0)?,
                    labels: batch.labels(row),
                    drop_name: batch.drops_name(row),
                })
            }));
        }
        match &self.key {
            SortKey::Value => {
                // Native histograms have no order.
                elements.retain(|element| matches!(element.cell, Cell::Float(_)));
                elements.sort_by(|a, b| self.by_value(a.number(), b.number()));
            }
            SortKey::Labels(names) => elements.sort_by(|a, b| self.by_labels(names, &a.labels, &b.labels)),
        }
        let mut builder = StepVectorsBuilder::new(1, &self.budget);
        for element in elements {
            builder.push_cell(element.labels.encoded(), element.drop_name, element.cell)?;
        }
        Ok(builder.finish())
    }

    fn by_value(&self, a: f64, b: f64) -> Ordering {
        match a.partial_cmp(&b) {
            Some(order) if self.descending => order.reverse(),
            Some(order) => order,
            None => a.is_nan().cmp(&b.is_nan()),
        }
    }

    fn by_labels(&self, names: &[String], a: &Labels, b: &Labels) -> Ordering {
        let by_name = names
            .iter()
            .map(|name| natural::compare(a.value(name), b.value(name)))
            .find(|order| order.is_ne());
        let order = by_name.unwrap_or_else(|| a.cmp(b));
        if self.descending { order.reverse() } else { order }
    }
}

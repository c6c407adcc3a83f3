//! HistogramQuantile: buckets of classic histograms are gathered by their labels without `le`.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::error::Result;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use engine_model::labels::Quoted;
use engine_model::{Labels, METRIC_NAME};
use futures::StreamExt;
use queries_tables::Operation;
use queries_tables::operation::BatchStream;

use super::step_vectors::{StepBatch, StepVectorsBuilder, collect, collect_scalar, step_schema};
use crate::annotations::Annotations;
use crate::functions::classic_quantile::{Bucket, Fixed, bucket_quantile};
use crate::grid::Grid;
use crate::parser::Span;

/// Label that holds a bucket's upper bound.
const BUCKET_LABEL: &str = "le";

/// Computes quantiles. Inputs: the buckets, then the quantile.
#[derive(Debug)]
pub struct HistogramQuantile {
    /// Instants of the query.
    pub grid: Grid,
    /// Whether the metric name stays until the end of the query.
    pub delayed_name_removal: bool,
    /// Where annotations go.
    pub annotations: Arc<Annotations>,
    /// Place of the first argument in the query.
    pub quantile_span: Span,
    /// Place of the second argument in the query.
    pub vector_span: Span,
}

impl Operation for HistogramQuantile {
    fn name(&self) -> &'static str {
        "HistogramQuantile"
    }

    fn describe(&self) -> String {
        "classic".to_owned()
    }

    fn schema(&self) -> SchemaRef {
        step_schema(self.grid.steps())
    }

    fn run(
        self: Arc<Self>,
        inputs: Vec<SendableRecordBatchStream>,
        _context: &TaskContext,
    ) -> Result<BatchStream> {
        Ok(futures::stream::once(async move { self.evaluate(inputs).await }).boxed())
    }
}

/// The buckets of one histogram: upper bound, and where its samples are.
struct Histogram {
    labels: Labels,
    buckets: Vec<(f64, usize, usize)>,
}

impl HistogramQuantile {
    async fn evaluate(&self, inputs: Vec<SendableRecordBatchStream>) -> Result<RecordBatch> {
        let mut inputs = inputs.into_iter();
        let batches = collect(inputs.next().expect("the buckets are an input")).await?;
        let quantiles = collect_scalar(
            inputs.next().expect("the quantile is an input"),
            self.grid.steps(),
        )
        .await?;
        for &q in &quantiles {
            if !batches.is_empty() && (q.is_nan() || !(0.0..=1.0).contains(&q)) {
                let q = engine_model::number::format_go_value(q);
                let text = format!("quantile value should be between 0 and 1, got {q}");
                self.annotations.warn(&text, self.quantile_span);
            }
        }
        let histograms = self.gather(&batches);
        let mut builder = StepVectorsBuilder::new(self.grid.steps());
        let mut buckets = Vec::new();
        for histogram in &histograms {
            let cells: Vec<Option<f64>> = (0..self.grid.steps())
                .map(|step| {
                    buckets.clear();
                    buckets.extend(histogram.buckets.iter().filter_map(|&(upper_bound, batch, row)| {
                        Some(Bucket {
                            upper_bound,
                            count: batches[batch].value(row, step)?,
                        })
                    }));
                    if buckets.is_empty() {
                        return None;
                    }
                    let quantile = bucket_quantile(quantiles[step], &mut buckets);
                    if let Some(fixed) = quantile.fixed {
                        self.annotate_fixed(&histogram.labels, fixed, step);
                    }
                    Some(quantile.value)
                })
                .collect();
            let labels = if self.delayed_name_removal {
                histogram.labels.clone()
            } else {
                histogram.labels.without(&[METRIC_NAME])
            };
            builder.push_row(labels.encoded(), self.delayed_name_removal, cells);
        }
        Ok(builder.finish())
    }

    fn gather(&self, batches: &[StepBatch]) -> Vec<Histogram> {
        let mut histograms: Vec<Histogram> = Vec::new();
        let mut by_labels: HashMap<Labels, usize, foldhash::fast::RandomState> = HashMap::default();
        for (b, batch) in batches.iter().enumerate() {
            for row in 0..batch.len() {
                let labels = batch.labels(row);
                let bound = labels.value(BUCKET_LABEL);
                let Some(upper_bound) = engine_model::number::parse_float(bound) else {
                    let text = format!(
                        "bucket label \"le\" is missing or has a malformed value of {}{}",
                        Quoted(bound),
                        self.for_metric(&labels)
                    );
                    self.annotations.warn(&text, self.vector_span);
                    continue;
                };
                let rest = labels.without(&[BUCKET_LABEL]);
                let position = *by_labels.entry(rest.without(&[METRIC_NAME])).or_insert_with(|| {
                    histograms.push(Histogram {
                        labels: rest,
                        buckets: Vec::new(),
                    });
                    histograms.len() - 1
                });
                histograms[position].buckets.push((upper_bound, b, row));
            }
        }
        histograms
    }

    /// The tail of an annotation; the name is gone already when names are dropped at once.
    fn for_metric(&self, labels: &Labels) -> String {
        match labels.metric_name() {
            "" => String::new(),
            name => format!(" for metric name {}", Quoted(name)),
        }
    }

    fn annotate_fixed(&self, labels: &Labels, fixed: Fixed, step: usize) {
        let number = engine_model::number::format_go_value;
        let text = format!(
            "input to histogram_quantile needed to be fixed for monotonicity (see \
             https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile){}, from buckets \
             {} to {}, with a max diff of {}, over 1 samples from {} to {}",
            self.for_metric(labels),
            number(fixed.min_bucket),
            number(fixed.max_bucket),
            number(fixed.max_diff),
            engine_model::time::format_rfc3339_ms(self.grid.time_ms(step)),
            engine_model::time::format_rfc3339_ms(self.grid.time_ms(step)),
        );
        self.annotations.info(&text, self.vector_span);
    }
}

//! ClassicHistogram: buckets of classic histograms are gathered by their labels without `le`, and each
//! histogram becomes its quantiles or the share of its observations between two bounds, as native ones do.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::error::Result;
use datafusion::execution::SendableRecordBatchStream;
use engine_model::Labels;
use engine_model::labels::Quoted;
use engine_model::number::{format_go_value, parse_float};
use futures::{StreamExt, TryStreamExt};
use queries_tables::operation::{BatchStream, RunAt};
use queries_tables::{Operation, SampleBudget};

use super::names::NameHandling;
use super::native_histogram::{NativeSeries, fraction, quantile};
use super::pace::Pace;
use super::range_notes::quantile_warning;
use super::step_vectors::{Gathered, StepBatch, StepVectorsBuilder, collect, collect_scalar, step_schema};
use crate::annotations::Annotations;
use crate::functions::classic_fraction::bucket_fraction;
use crate::functions::classic_quantile::{Bucket, bucket_quantile};
use crate::functions::label::METADATA_LABELS;
use crate::grid::Grid;
use crate::histogram_notes::HistogramNotes;
use crate::parser::Span;

/// Label that holds a bucket's upper bound.
const BUCKET_LABEL: &str = "le";

/// What is asked of each histogram.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HistogramQuestion {
    /// `histogram_quantile`: the parameter is the quantile.
    Quantile,
    /// `histogram_quantiles`: each parameter is a quantile, written into this label of its result.
    Quantiles(String),
    /// `histogram_fraction`: the parameters are the bounds.
    Fraction,
}

/// Answers a question about histograms. Inputs: the buckets, then the parameters.
#[derive(Debug, Clone)]
pub struct ClassicHistogram {
    /// What is asked.
    pub question: HistogramQuestion,
    /// Instants of the query.
    pub grid: Grid,
    /// What happens to the metric name.
    pub name: NameHandling,
    /// Where annotations go.
    pub annotations: Arc<Annotations>,
    /// Places of the parameters in the query.
    pub parameter_spans: Vec<Span>,
    /// Place of the vector in the query.
    pub vector_span: Span,
    /// Limit on what the query holds.
    pub budget: Arc<SampleBudget>,
}

impl Operation for ClassicHistogram {
    fn name(&self) -> &'static str {
        "ClassicHistogram"
    }

    fn describe(&self) -> String {
        match &self.question {
            HistogramQuestion::Quantile => "quantile".to_owned(),
            HistogramQuestion::Quantiles(label) => format!("quantiles by {label}"),
            HistogramQuestion::Fraction => "fraction".to_owned(),
        }
    }

    fn schema(&self) -> SchemaRef {
        step_schema(self.grid.steps())
    }

    fn run(self: Arc<Self>, inputs: Vec<SendableRecordBatchStream>, _at: RunAt<'_>) -> Result<BatchStream> {
        Ok(futures::stream::once(async move { self.evaluate(inputs).await }).boxed())
    }
}

/// The buckets of one histogram: upper bound, and where its samples are.
struct Histogram<'a> {
    labels: Labels,
    buckets: Vec<(f64, &'a StepBatch, usize)>,
    /// Steps at which a native histogram is in the way; empty when there are none.
    hidden: Vec<bool>,
}

impl Histogram<'_> {
    /// The buckets that have a sample at `step`.
    fn at(&self, step: usize, buckets: &mut Vec<Bucket>) {
        buckets.clear();
        if self.hidden.get(step).copied().unwrap_or_default() {
            return;
        }
        buckets.extend(self.buckets.iter().filter_map(|&(upper_bound, batch, row)| {
            let count = batch.value(row, step)?;
            Some(Bucket { upper_bound, count })
        }));
    }
}

/// Results of one histogram for one quantile: label value and cells. The quantile may change by step.
type Answers = Vec<(String, Vec<Option<f64>>)>;

impl ClassicHistogram {
    async fn evaluate(&self, inputs: Vec<SendableRecordBatchStream>) -> Result<RecordBatch> {
        let steps = self.grid.steps();
        let mut inputs = inputs.into_iter();
        let gathered = collect(inputs.next().expect("the buckets are an input"), &self.budget).await?;
        let parameters = futures::stream::iter(inputs).then(|input| collect_scalar(input, steps));
        let parameters: Vec<Vec<f64>> = parameters.try_collect().await?;
        if self.question != HistogramQuestion::Fraction {
            self.check_quantiles(&parameters);
        }
        let (mut histograms, natives) = self.gather(&gathered);
        let mut builder = StepVectorsBuilder::new(steps, &self.budget);
        let mut pace = Pace::new();
        for native in &natives {
            pace.spend(steps).await;
            let hidden = self.conflicts(native, &mut histograms);
            self.push_native(native, &hidden, &parameters, &mut builder)?;
        }
        for histogram in &histograms {
            let units = histogram.buckets.len() * steps;
            match &self.question {
                HistogramQuestion::Fraction => {
                    pace.spend(units).await;
                    let cells = self.fractions(histogram, &parameters[0], &parameters[1]);
                    let labels = histogram.labels.encoded();
                    self.name.push_row(&mut builder, labels, false, cells)?;
                }
                HistogramQuestion::Quantile => {
                    pace.spend(units).await;
                    let cells = self.quantiles(histogram, &parameters[0]);
                    let labels = histogram.labels.encoded();
                    self.name.push_row(&mut builder, labels, false, cells)?;
                }
                HistogramQuestion::Quantiles(label) => {
                    for quantiles in &parameters {
                        pace.spend(units).await;
                        for (text, cells) in labelled(self.quantiles(histogram, quantiles), quantiles) {
                            self.push_labelled(&histogram.labels, (label, &text), cells, &mut builder)?;
                        }
                    }
                }
            }
        }
        Ok(builder.finish())
    }

    fn check_quantiles(&self, parameters: &[Vec<f64>]) {
        for (quantiles, span) in parameters.iter().zip(&self.parameter_spans) {
            let mut last = None;
            for &quantile in quantiles {
                if last == Some(quantile.to_bits()) {
                    continue;
                }
                last = Some(quantile.to_bits());
                if let Some(text) = quantile_warning(quantile) {
                    self.annotations.warn(&text, *span);
                }
            }
        }
    }

    /// Histograms by their labels without `le`, with the name: histograms of two names are two.
    fn gather<'a>(&self, gathered: &'a Gathered) -> (Vec<Histogram<'a>>, Vec<NativeSeries<'a>>) {
        let mut histograms: Vec<Histogram<'_>> = Vec::new();
        let mut natives = Vec::new();
        let mut by_labels: HashMap<Labels, usize, foldhash::fast::RandomState> = HashMap::default();
        for batch in &gathered.batches {
            for row in 0..batch.len() {
                if let Some(native) = NativeSeries::of(batch, row) {
                    natives.push(native);
                    if batch.row(row).flatten().next().is_none() {
                        continue;
                    }
                }
                let labels = batch.labels(row);
                let bound = labels.value(BUCKET_LABEL);
                let Some(upper_bound) = parse_float(bound) else {
                    self.complain_of_bound(&labels, bound);
                    continue;
                };
                let rest = labels.without(&[BUCKET_LABEL]);
                let position = *by_labels.entry(rest).or_insert_with_key(|rest| {
                    histograms.push(Histogram {
                        labels: rest.clone(),
                        buckets: Vec::new(),
                        hidden: Vec::new(),
                    });
                    histograms.len() - 1
                });
                histograms[position].buckets.push((upper_bound, batch, row));
            }
        }
        (histograms, natives)
    }

    /// The steps at which a native histogram stands beside classic buckets of its name and labels: neither
    /// counts there.
    fn conflicts(&self, native: &NativeSeries<'_>, histograms: &mut [Histogram<'_>]) -> Vec<bool> {
        let Some(classic) = histograms
            .iter_mut()
            .find(|classic| classic.labels == native.labels)
        else {
            return Vec::new();
        };
        let mut hidden = vec![false; self.grid.steps()];
        for step in native.steps() {
            let mut buckets = classic.buckets.iter();
            hidden[step] = buckets.any(|(_, batch, row)| batch.value(*row, step).is_some());
        }
        if hidden.contains(&true) {
            self.notes(&native.labels).mixed_classic_and_native();
        }
        classic.hidden.clone_from(&hidden);
        hidden
    }

    fn notes<'a>(&'a self, labels: &'a Labels) -> HistogramNotes<'a> {
        HistogramNotes {
            annotations: &self.annotations,
            span: self.vector_span,
            name: self.told_name(labels),
        }
    }

    fn push_native(
        &self,
        native: &NativeSeries<'_>,
        hidden: &[bool],
        parameters: &[Vec<f64>],
        builder: &mut StepVectorsBuilder,
    ) -> Result<()> {
        let steps = self.grid.steps();
        let notes = self.notes(&native.labels);
        let quantiles = |quantiles: &[f64]| {
            native.cells(steps, hidden, |histogram, step| {
                quantile(quantiles[step], histogram, &notes)
            })
        };
        match &self.question {
            HistogramQuestion::Fraction => {
                let (lower, upper) = (&parameters[0], &parameters[1]);
                let cells = native.cells(steps, hidden, |histogram, step| {
                    fraction(lower[step], upper[step], histogram, &notes)
                });
                self.name.push_row(builder, native.labels.encoded(), false, cells)
            }
            HistogramQuestion::Quantile => {
                let cells = quantiles(&parameters[0]);
                self.name.push_row(builder, native.labels.encoded(), false, cells)
            }
            HistogramQuestion::Quantiles(label) => {
                for asked in parameters {
                    for (text, cells) in labelled(quantiles(asked), asked) {
                        self.push_labelled(&native.labels, (label, &text), cells, builder)?;
                    }
                }
                Ok(())
            }
        }
    }

    fn push_labelled(
        &self,
        labels: &Labels,
        (label, text): (&str, &str),
        cells: Vec<Option<f64>>,
        builder: &mut StepVectorsBuilder,
    ) -> Result<()> {
        // The name goes first: the label may be the name.
        let labels = self.named(labels).with(label, text);
        builder.push_row(labels.encoded(), self.name == NameHandling::DropLater, cells)
    }

    fn complain_of_bound(&self, labels: &Labels, bound: &str) {
        let mut text = format!(
            "bucket label \"le\" is missing or has a malformed value of {}",
            Quoted(bound)
        );
        let name = self.told_name(labels);
        if !name.is_empty() {
            text.push_str(&format!(" for metric name {}", Quoted(name)));
        }
        self.annotations.warn(&text, self.vector_span);
    }

    /// The name that annotations tell: none where names are dropped at once.
    fn told_name<'l>(&self, labels: &'l Labels) -> &'l str {
        match self.name {
            NameHandling::DropLater => labels.metric_name(),
            NameHandling::Drop | NameHandling::Keep => "",
        }
    }

    fn named(&self, labels: &Labels) -> Labels {
        match self.name {
            NameHandling::Drop => labels.without(&METADATA_LABELS),
            NameHandling::Keep | NameHandling::DropLater => labels.clone(),
        }
    }

    fn quantiles(&self, histogram: &Histogram<'_>, quantiles: &[f64]) -> Vec<Option<f64>> {
        let mut buckets = Vec::new();
        let cells = quantiles.iter().enumerate().map(|(step, &quantile)| {
            histogram.at(step, &mut buckets);
            if buckets.is_empty() {
                return None;
            }
            let found = bucket_quantile(quantile, &mut buckets);
            if let Some(fixed) = found.fixed {
                let name = self.told_name(&histogram.labels);
                let at_ms = self.grid.time_ms(step);
                self.annotations
                    .mended_buckets(name, self.vector_span, at_ms, fixed);
            }
            Some(found.value)
        });
        cells.collect()
    }

    fn fractions(&self, histogram: &Histogram<'_>, lower: &[f64], upper: &[f64]) -> Vec<Option<f64>> {
        let mut buckets = Vec::new();
        let bounds = lower.iter().zip(upper).enumerate();
        let cells = bounds.map(|(step, (&lower, &upper))| {
            histogram.at(step, &mut buckets);
            (!buckets.is_empty()).then(|| bucket_fraction(lower, upper, &mut buckets))
        });
        cells.collect()
    }
}

/// Cells by the text of the quantile that they answer.
fn labelled(cells: Vec<Option<f64>>, quantiles: &[f64]) -> Answers {
    let mut answers: Answers = Vec::new();
    let mut last: Option<(u64, usize)> = None;
    for (step, (cell, &quantile)) in cells.into_iter().zip(quantiles).enumerate() {
        let bits = quantile.to_bits();
        let position = match last {
            Some((known, position)) if known == bits => position,
            _ => {
                let text = quantile_text(quantile);
                let known = answers.iter().position(|(other, _)| *other == text);
                known.unwrap_or_else(|| {
                    answers.push((text, vec![None; quantiles.len()]));
                    answers.len() - 1
                })
            }
        };
        last = Some((bits, position));
        answers[position].1[step] = cell;
    }
    answers
}

/// A quantile as OpenMetrics writes it in a label: with a point or an exponent.
fn quantile_text(quantile: f64) -> String {
    let mut text = format_go_value(quantile);
    if quantile.is_finite() && !text.contains(['.', 'e']) {
        text.push_str(".0");
    }
    text
}

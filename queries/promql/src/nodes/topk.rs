//! TopK: some elements of each group, chosen anew at each step: the k largest, smallest or first, or a share.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::error::Result;
use datafusion::execution::SendableRecordBatchStream;
use engine_model::Labels;
use engine_model::number::format_go_value;
use futures::StreamExt;
use queries_tables::histograms::HistogramAt;
use queries_tables::operation::{BatchStream, RunAt};
use queries_tables::{Operation, SampleBudget};

use super::aggregate::{Grouping, ParameterNotes, extremes};
use super::pace::{Pace, Reservation};
use super::step_vectors::{
    Cell, Gathered, StepBatch, StepVectorsBuilder, collect, collect_scalar, step_schema,
};
use crate::error::EvalError;
use crate::functions::heap::BestK;
use crate::histogram_notes::HistogramNotes;
use crate::parser::Span;

/// Bounds that Prometheus puts on k, inclusive: it becomes a 64-bit integer.
const K_MIN: f64 = i64::MIN as f64;
const K_MAX: f64 = 9_223_372_036_854_774_784.0;

/// Which elements are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TopKind {
    /// `topk`
    Largest,
    /// `bottomk`
    Smallest,
    /// `limitk`
    First,
    /// `limit_ratio`: by the hash of the labels.
    Share,
}

/// Keeps some elements of each group. Inputs: the vectors, then k or the share.
#[derive(Debug, Clone)]
pub struct TopK {
    /// Which elements are kept.
    pub kind: TopKind,
    /// How series are grouped.
    pub grouping: Grouping,
    /// Steps of the rows.
    pub steps: usize,
    /// What is said about the parameter.
    pub notes: ParameterNotes,
    /// Place of the whole expression in the query.
    pub span: Span,
    /// Limit on what the query holds.
    pub budget: Arc<SampleBudget>,
}

impl Operation for TopK {
    fn name(&self) -> &'static str {
        "TopK"
    }

    fn describe(&self) -> String {
        format!("{:?} by ({})", self.kind, self.grouping.labels.join(", "))
    }

    fn schema(&self) -> SchemaRef {
        step_schema(self.steps)
    }

    fn run(self: Arc<Self>, inputs: Vec<SendableRecordBatchStream>, _at: RunAt<'_>) -> Result<BatchStream> {
        Ok(futures::stream::once(async move { self.evaluate(inputs).await }).boxed())
    }
}

/// A series: its batch and row.
struct Place<'a> {
    batch: &'a StepBatch,
    row: usize,
    /// Where the hash of its labels lies between 0 and 1.
    offset: f64,
}

/// Floats by step, and native histograms.
type Kept = (Vec<Option<f64>>, Vec<HistogramAt>);

impl TopK {
    async fn evaluate(&self, inputs: Vec<SendableRecordBatchStream>) -> Result<RecordBatch> {
        let mut inputs = inputs.into_iter();
        let vectors = inputs.next().expect("the vectors are an input");
        let parameter = collect_scalar(inputs.next().expect("k is an input"), self.steps).await?;
        let gathered = collect(vectors, &self.budget).await?;
        let mut builder = StepVectorsBuilder::new(self.steps, &self.budget);
        if !self.check_parameter(&parameter)? {
            return Ok(builder.finish());
        }
        let groups = self.groups(&gathered);
        let mut pace = Pace::new();
        for group in &groups {
            if self.steps == 1 {
                pace.spend(group.len()).await;
                for i in self.chosen(group, 0, parameter[0]) {
                    let Place { batch, row, .. } = group[i];
                    if let Some(cell) = batch.cell(row, 0) {
                        builder.push_cell(batch.encoded_labels(row), batch.drops_name(row), cell)?;
                    }
                }
                continue;
            }
            self.push_range(group, &parameter, &mut builder, &mut pace)
                .await?;
        }
        Ok(builder.finish())
    }

    /// Whether anything can be kept at all; fails for parameters that make no sense.
    fn check_parameter(&self, parameter: &[f64]) -> Result<bool> {
        let (least, most) = extremes(parameter);
        let invalid = |text: String| Err(EvalError::Invalid(text).into());
        let nan = parameter.iter().any(|value| value.is_nan());
        if self.kind == TopKind::Share {
            if nan {
                return invalid("Ratio value is NaN".to_owned());
            }
            for (ratio, cap) in [(most, 1.0), (least, -1.0)] {
                if ratio.abs() > 1.0 && ratio.signum() == cap {
                    let (got, cap) = (format_go_value(ratio), format_go_value(cap));
                    let text = format!("ratio value should be between -1 and 1, got {got}, capping to {cap}");
                    self.notes.annotations.warn(&text, self.notes.span);
                }
            }
            return Ok(least != 0.0 || most != 0.0);
        }
        if most < 1.0 {
            return Ok(false);
        }
        if nan {
            return invalid("Parameter value is NaN".to_owned());
        }
        if least <= K_MIN {
            return invalid(format!(
                "Scalar value {} underflows int64",
                format_go_value(least)
            ));
        }
        if most >= K_MAX {
            return invalid(format!("Scalar value {} overflows int64", format_go_value(most)));
        }
        Ok(true)
    }

    fn groups<'a>(&self, gathered: &'a Gathered) -> Vec<Vec<Place<'a>>> {
        let mut groups: Vec<Vec<Place<'_>>> = Vec::new();
        let mut by_labels: HashMap<Labels, usize, foldhash::fast::RandomState> = HashMap::default();
        for batch in &gathered.batches {
            for row in 0..batch.len() {
                let labels = batch.labels(row);
                let number = *by_labels
                    .entry(self.grouping.group_of(&labels))
                    .or_insert_with(|| {
                        groups.push(Vec::new());
                        groups.len() - 1
                    });
                let offset = match self.kind {
                    TopKind::Share => labels.prometheus_hash() as f64 / u64::MAX as f64,
                    TopKind::Largest | TopKind::Smallest | TopKind::First => 0.0,
                };
                groups[number].push(Place { batch, row, offset });
            }
        }
        groups
    }

    /// Native histograms have no order.
    fn ignored(&self) {
        let notes = HistogramNotes {
            annotations: &self.notes.annotations,
            span: self.span,
            name: "",
        };
        notes.ignored_in_aggregation(match self.kind {
            TopKind::Smallest => "bottomk",
            TopKind::Largest | TopKind::First | TopKind::Share => "topk",
        });
    }

    async fn push_range(
        &self,
        group: &[Place<'_>],
        parameter: &[f64],
        builder: &mut StepVectorsBuilder,
        pace: &mut Pace,
    ) -> Result<()> {
        let mut held = Reservation::new(&self.budget);
        let mut kept: Vec<Option<Kept>> = Vec::new();
        kept.resize_with(group.len(), || None);
        for (step, &k) in parameter.iter().enumerate() {
            pace.spend(group.len()).await;
            for i in self.chosen(group, step, k) {
                if kept[i].is_none() {
                    held.grow(self.steps)?;
                }
                let row = kept[i].get_or_insert_with(|| (vec![None; self.steps], Vec::new()));
                match group[i].batch.cell(group[i].row, step) {
                    Some(Cell::Float(value)) => row.0[step] = Some(value),
                    Some(Cell::Histogram(histogram)) => row.1.push((step as i64, Arc::clone(histogram))),
                    None => {}
                }
            }
        }
        for (place, cells) in group.iter().zip(kept) {
            if let Some((cells, histograms)) = cells {
                let Place { batch, row, .. } = *place;
                let (labels, drop_name) = (batch.encoded_labels(row), batch.drops_name(row));
                builder.push_mixed(labels, drop_name, cells, &histograms)?;
                held.shrink(self.steps);
            }
        }
        Ok(())
    }

    /// Positions of the kept elements of one group at one step, best first.
    fn chosen(&self, group: &[Place<'_>], step: usize, parameter: f64) -> Vec<usize> {
        let cells = group.iter().enumerate();
        let present = cells.filter_map(|(i, place)| place.batch.cell(place.row, step).map(|cell| (cell, i)));
        // The conversion truncates, as Prometheus's does.
        let k = (parameter as i64).clamp(0, group.len() as i64) as usize;
        match self.kind {
            TopKind::Share => present
                .map(|(_, i)| i)
                .filter(|&i| belongs_to_share(group[i].offset, parameter))
                .collect(),
            _ if k == 0 => Vec::new(),
            TopKind::First => present.map(|(_, i)| i).take(k).collect(),
            TopKind::Largest | TopKind::Smallest => {
                let mut best = BestK::new(k, self.kind == TopKind::Largest);
                for (cell, i) in present {
                    match cell {
                        Cell::Float(value) => best.offer(value, i),
                        Cell::Histogram(_) => self.ignored(),
                    }
                }
                best.into_sorted().into_iter().map(|(_, i)| i).collect()
            }
        }
    }
}

/// Whether an element is in the share `ratio` of all; a negative share is the complement of a positive one.
fn belongs_to_share(offset: f64, ratio: f64) -> bool {
    let ratio = ratio.clamp(-1.0, 1.0);
    if ratio < 0.0 {
        offset >= 1.0 + ratio
    } else {
        offset < ratio
    }
}

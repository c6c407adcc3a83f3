//! One query on its way: its plan is built and run, and what comes out is gathered into a value.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use datafusion::error::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::ExecutionPlan;
use engine_model::Labels;
use engine_model::staleness::is_stale;
use futures::StreamExt;
use queries_tables::PlanNode;
use queries_tables::folded::FoldedBatch;
use queries_tables::histograms::HistogramAt;

use crate::codec::Surroundings;
use crate::division::{Distinct, Division, divide};
use crate::error::{EvalError, QueryError};
use crate::functions::extended::{EdgeRule, with_edges};
use crate::functions::label::METADATA_LABELS;
use crate::functions::range::Samples;
use crate::grid::Grid;
use crate::nodes::StepBatch;
use crate::nodes::labels_map::{LabelsKind, LabelsMap};
use crate::nodes::pace::{Pace, Reservation};
use crate::nodes::window::dropped_names;
use crate::parser::ast::{Edges, MatrixSelector, SubqueryExpr};
use crate::parser::{Expr, ValueType};
use crate::plan::{Planner, row_order};
use crate::statistics::PlanWatch;
use crate::value::{RangeSeries, Value, VectorElement};

/// One query on its way.
pub(crate) struct Evaluation {
    pub(crate) planner: Planner,
    pub(crate) expr: Expr,
    pub(crate) grid: Grid,
    /// Whether the query is about one instant; otherwise the result is a range even if it has one step.
    pub(crate) instant: bool,
    pub(crate) context: Arc<TaskContext>,
    /// Into how many parts the plan is divided.
    pub(crate) division: Division,
    pub(crate) watch: Arc<PlanWatch>,
}

impl Evaluation {
    pub(crate) async fn run(mut self) -> Result<Value, QueryError> {
        if self.instant && row_order::needs_stored_order(&self.expr) {
            self.planner.snapshot = Arc::new(row_order::ByLabels(Arc::clone(&self.planner.snapshot)));
        }
        let result = self.evaluate().await;
        let collided = |planner: &Planner| {
            let flag = planner.collision.as_ref();
            flag.is_some_and(|flag| flag.load(Ordering::Relaxed))
        };
        if result.is_err() && collided(&self.planner) {
            self.planner.collision = None;
            return self.evaluate().await;
        }
        result
    }

    async fn evaluate(&self) -> Result<Value, QueryError> {
        match (self.expr.value_type(), self.expr.unwrap_parens()) {
            (ValueType::String, Expr::String(literal)) => Ok(Value::String {
                at_ms: self.grid.start_ms,
                value: literal.value.clone(),
            }),
            (ValueType::Matrix, Expr::Matrix(matrix)) => self.samples(matrix).await,
            (ValueType::Matrix, Expr::Subquery(subquery)) => self.subquery(subquery).await,
            (ValueType::Scalar, _) => self.scalar().await,
            _ => self.vector().await,
        }
    }

    /// Samples as they are, staleness markers left out.
    async fn samples(&self, matrix: &MatrixSelector) -> Result<Value, QueryError> {
        let ends = self.planner.ends(&matrix.selector.modifiers, self.grid);
        let rule = match matrix.selector.edges {
            Edges::Plain => None,
            Edges::Anchored => Some(EdgeRule::Anchored),
            Edges::Smoothed => Some(EdgeRule::Smoothed),
        };
        let plan = self.planner.samples(matrix, ends);
        let modifier = rule.map(|rule| match rule {
            EdgeRule::Anchored => "anchored",
            EdgeRule::Smoothed => "smoothed",
        });
        let series = self
            .gather(plan, modifier, |timestamps, values| {
                let window = Samples {
                    timestamps,
                    values,
                    start_ms: ends.start_ms.saturating_sub(matrix.range_ms),
                    end_ms: ends.start_ms,
                    time_ms: self.grid.start_ms,
                };
                match rule {
                    Some(rule) => with_edges(&window, rule),
                    None => timestamps.iter().copied().zip(values.iter().copied()).collect(),
                }
            })
            .await?;
        Ok(Value::Matrix(series))
    }

    async fn subquery(&self, subquery: &SubqueryExpr) -> Result<Value, QueryError> {
        let ends = self.planner.ends(&subquery.modifiers, self.grid);
        let plan = self.planner.subquery_rows(subquery, ends)?;
        let series = self
            .gather(plan, None, |timestamps, values| {
                timestamps.iter().copied().zip(values.iter().copied()).collect()
            })
            .await?;
        if !self.planner.delayed_name_removal {
            return Ok(Value::Matrix(series));
        }
        merge_equal(series).map(Value::Matrix)
    }

    /// The rows of `plan`, which is divided where that is wanted.
    fn started(&self, plan: Arc<dyn ExecutionPlan>) -> Result<SendableRecordBatchStream, QueryError> {
        let divided = self.divided(Arc::clone(&plan))?;
        self.watch.planned(plan, &divided);
        Ok(divided.execute(0, Arc::clone(&self.context))?)
    }

    fn divided(&self, plan: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>, QueryError> {
        if self.division.is_whole() {
            return Ok(plan);
        }
        let planner = &self.planner;
        let around = Surroundings {
            snapshot: Arc::clone(&planner.snapshot),
            budget: Arc::clone(&planner.budget),
            annotations: Arc::clone(&planner.annotations),
            ledger: planner.ledger.clone(),
            collision: planner.collision.clone().unwrap_or_default(),
        };
        let distinct = Distinct::look(&plan).map_err(DataFusionError::from)?;
        let plan = divide(&plan, self.division, &distinct, &around);
        plan.map_err(|error| DataFusionError::from(error).into())
    }

    /// Folded rows as series, ordered by labels; `shape` makes points of the samples that are not stale.
    async fn gather(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        modifier: Option<&str>,
        shape: impl Fn(&[i64], &[f64]) -> Vec<(i64, f64)>,
    ) -> Result<Vec<RangeSeries>, QueryError> {
        let mut series = Vec::new();
        let mut held = Reservation::new(&self.planner.budget);
        let mut pace = Pace::new();
        let mut stream = self.started(plan)?;
        while let Some(batch) = stream.next().await {
            let batch = batch?;
            let folded = FoldedBatch::new(&batch);
            let dropped = dropped_names(&batch);
            for row in 0..folded.len() {
                let (timestamps, values) = folded.samples(row);
                pace.spend(values.len()).await;
                let fresh = timestamps.iter().zip(values).filter(|(_, v)| !is_stale(**v));
                let (timestamps, values): (Vec<i64>, Vec<f64>) = fresh.unzip();
                let histograms: Vec<HistogramAt> = folded
                    .histograms(row)
                    .iter()
                    .filter(|(_, histogram)| !is_stale(histogram.sum))
                    .cloned()
                    .collect();
                if !histograms.is_empty()
                    && let Some(modifier) = modifier
                {
                    return Err(QueryError::Execution(format!(
                        "{modifier} modifier is not supported with histograms"
                    )));
                }
                let samples = shape(&timestamps, &values);
                if samples.is_empty() && histograms.is_empty() {
                    continue;
                }
                held.grow(samples.len() + histograms.len())?;
                let mut labels = folded.labels(row);
                if dropped.is_some_and(|flags| flags.value(row)) {
                    labels = labels.without(&METADATA_LABELS);
                }
                series.push(RangeSeries {
                    labels,
                    samples,
                    histograms,
                });
            }
        }
        series.sort_by(|a, b| a.labels.cmp(&b.labels));
        Ok(series)
    }

    async fn scalar(&self) -> Result<Value, QueryError> {
        let mut series = self.series(self.planner.plan(&self.expr, self.grid)?).await?;
        let samples = series.pop().map(|one| one.samples).unwrap_or_default();
        if self.instant {
            return Ok(Value::Scalar {
                at_ms: self.grid.start_ms,
                value: samples.first().map_or(f64::NAN, |(_, value)| *value),
            });
        }
        Ok(Value::Matrix(vec![RangeSeries {
            labels: Labels::empty(),
            samples,
            histograms: Vec::new(),
        }]))
    }

    async fn vector(&self) -> Result<Value, QueryError> {
        let mut plan = self.planner.plan(&self.expr, self.grid)?;
        if self.planner.delayed_name_removal {
            let drop_names = LabelsMap {
                kind: LabelsKind::DropMarkedNames,
                steps: self.grid.steps(),
                budget: Arc::clone(&self.planner.budget),
            };
            plan = self
                .planner
                .unique(PlanNode::plan(drop_names, vec![plan]), self.grid);
        }
        let mut series = self.series(plan).await?;
        if !self.instant || !row_order::is_given(&self.expr) {
            series.sort_by(|a, b| a.labels.cmp(&b.labels));
        }
        if self.instant {
            let elements = series.into_iter().filter_map(|one| {
                let (at_ms, value, histogram) = match (one.samples.first(), one.histograms.first()) {
                    (Some(&(at_ms, value)), _) => (at_ms, value, None),
                    (None, Some((at_ms, histogram))) => (*at_ms, 0.0, Some(Arc::clone(histogram))),
                    (None, None) => return None,
                };
                Some(VectorElement {
                    labels: one.labels,
                    at_ms,
                    value,
                    histogram,
                })
            });
            return Ok(Value::Vector(elements.collect()));
        }
        Ok(Value::Matrix(series))
    }

    /// Step vectors as series, in the order in which they come.
    async fn series(&self, plan: Arc<dyn ExecutionPlan>) -> Result<Vec<RangeSeries>, QueryError> {
        let mut series = Vec::new();
        let mut held = Reservation::new(&self.planner.budget);
        let mut pace = Pace::new();
        let mut stream = self.started(plan)?;
        while let Some(batch) = stream.next().await {
            let batch = StepBatch::new(&batch?);
            for row in 0..batch.len() {
                pace.spend(self.grid.steps()).await;
                held.grow(batch.count(row))?;
                let cells = batch.row(row).enumerate();
                let samples = cells.filter_map(|(step, cell)| Some((self.grid.time_ms(step), cell?)));
                series.push(RangeSeries {
                    labels: batch.labels(row),
                    samples: samples.collect(),
                    histograms: batch
                        .histograms(row)
                        .iter()
                        .map(|(step, histogram)| (self.grid.time_ms(*step as usize), Arc::clone(histogram)))
                        .collect(),
                });
            }
        }
        Ok(series)
    }
}

/// Series whose labels became equal are one, unless they have samples at one instant.
fn merge_equal(series: Vec<RangeSeries>) -> Result<Vec<RangeSeries>, QueryError> {
    let mut merged: Vec<RangeSeries> = Vec::with_capacity(series.len());
    for one in series {
        match merged.last_mut() {
            Some(last) if last.labels == one.labels => {
                last.samples.extend(one.samples);
                last.samples.sort_by_key(|(at_ms, _)| *at_ms);
                last.histograms.extend(one.histograms);
                last.histograms.sort_by_key(|(at_ms, _)| *at_ms);
                let floats = last.samples.iter().map(|(at_ms, _)| *at_ms);
                let mut times: Vec<i64> = floats
                    .chain(last.histograms.iter().map(|(at_ms, _)| *at_ms))
                    .collect();
                times.sort_unstable();
                if times.windows(2).any(|pair| pair[0] == pair[1]) {
                    return Err(QueryError::Execution(EvalError::SameLabelset.to_string()));
                }
            }
            _ => merged.push(one),
        }
    }
    Ok(merged)
}

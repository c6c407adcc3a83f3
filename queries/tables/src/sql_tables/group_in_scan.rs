//! The rule that aggregates where samples are read: the first step of an aggregation over a scan of samples becomes part
//! of the scan, where it groups by labels, by functions of time, or not at all.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::datatypes::Field;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode, TreeNodeRecursion};
use datafusion::error::Result;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::Column as ColumnExpr;
use datafusion::physical_expr::utils::collect_columns;
use datafusion::physical_expr_common::physical_expr::is_volatile;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::aggregates::{AggregateExec, AggregateMode, aggregate_expressions};
use datafusion::physical_plan::filter::FilterExec;
use datafusion::physical_plan::projection::ProjectionExec;

use super::columns::Column;
use super::grouped_scan::{Aggregate, GroupedSamples, Key};
use super::samples_scan::SamplesScan;
use super::time_keys::{TimeKey, width};
use crate::operation::{Operation, PlanNode};

/// Puts aggregations into the scans of samples.
#[derive(Debug, Default)]
pub struct GroupInScan;

impl PhysicalOptimizerRule for GroupInScan {
    fn optimize(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        _config: &ConfigOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let put = |node: Arc<dyn ExecutionPlan>| {
            let grouped = match node.downcast_ref::<AggregateExec>() {
                Some(aggregate) => grouped(aggregate)?,
                None => None,
            };
            Ok(match grouped {
                Some(grouped) => Transformed::yes(grouped),
                None => Transformed::no(node),
            })
        };
        plan.transform_up(put).data()
    }

    fn name(&self) -> &str {
        "group_in_scan"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

/// A scan of samples with a condition over it, and what the columns of its rows are in terms of the scan's.
struct Rows<'a> {
    scan: &'a SamplesScan,
    condition: Option<Arc<dyn PhysicalExpr>>,
    columns: Vec<Arc<dyn PhysicalExpr>>,
}

impl<'a> Rows<'a> {
    fn of(plan: &'a Arc<dyn ExecutionPlan>) -> Result<Option<Self>> {
        if let Some(node) = plan.downcast_ref::<PlanNode<SamplesScan>>() {
            let schema = node.schema();
            let columns = schema.fields().iter().enumerate();
            let column = |(at, field): (usize, &Arc<Field>)| -> Arc<dyn PhysicalExpr> {
                Arc::new(ColumnExpr::new(field.name(), at))
            };
            return Ok(Some(Self {
                scan: node.operation(),
                condition: None,
                columns: columns.map(column).collect(),
            }));
        }
        if let Some(projection) = plan.downcast_ref::<ProjectionExec>() {
            let Some(rows) = Self::of(projection.input())? else {
                return Ok(None);
            };
            let columns = projection.expr().iter().map(|one| rows.over_scan(&one.expr));
            let columns: Vec<_> = columns.collect::<Result<_>>()?;
            // What is used twice is computed twice.
            let varies = columns.iter().any(is_volatile);
            return Ok((!varies).then_some(Self { columns, ..rows }));
        }
        let Some(filter) = plan
            .downcast_ref::<FilterExec>()
            .filter(|one| one.fetch().is_none())
        else {
            return Ok(None);
        };
        let Some(mut rows) = Self::of(filter.input())?.filter(|rows| rows.condition.is_none()) else {
            return Ok(None);
        };
        rows.condition = Some(rows.over_scan(filter.predicate())?);
        if let Some(places) = filter.projection().as_ref() {
            let kept = places.iter().map(|&at| Arc::clone(&rows.columns[at]));
            rows.columns = kept.collect();
        }
        Ok(Some(rows))
    }

    /// An expression over the rows as one over the scan.
    fn over_scan(&self, expression: &Arc<dyn PhysicalExpr>) -> Result<Arc<dyn PhysicalExpr>> {
        let step = |one: Arc<dyn PhysicalExpr>| {
            Ok(match one.downcast_ref::<ColumnExpr>() {
                // What takes its place is over the scan already.
                Some(column) => Transformed::new(
                    Arc::clone(&self.columns[column.index()]),
                    true,
                    TreeNodeRecursion::Jump,
                ),
                None => Transformed::no(one),
            })
        };
        Arc::clone(expression).transform_down(step).data()
    }
}

/// An expression whose columns are elsewhere.
fn moved(
    expression: &Arc<dyn PhysicalExpr>,
    place: impl Fn(usize) -> usize,
) -> Result<Arc<dyn PhysicalExpr>> {
    let step = |one: Arc<dyn PhysicalExpr>| {
        Ok(match one.downcast_ref::<ColumnExpr>() {
            Some(column) => {
                let moved = ColumnExpr::new(column.name(), place(column.index()));
                Transformed::yes(Arc::new(moved) as Arc<dyn PhysicalExpr>)
            }
            None => Transformed::no(one),
        })
    };
    Arc::clone(expression).transform(step).data()
}

/// Columns of a scan that expressions look at, ascending.
fn looked_at<'a>(expressions: impl Iterator<Item = &'a Arc<dyn PhysicalExpr>>) -> Vec<usize> {
    let columns: BTreeSet<usize> = expressions
        .flat_map(collect_columns)
        .map(|column| column.index())
        .collect();
    columns.into_iter().collect()
}

/// The same expression over only the columns at `kept`, all that it looks at.
fn narrowed(expression: &Arc<dyn PhysicalExpr>, kept: &[usize]) -> Result<Arc<dyn PhysicalExpr>> {
    moved(expression, |at| kept.partition_point(|&kept| kept < at))
}

/// The scan that does the work of `aggregate` too; `None` where it cannot.
fn grouped(aggregate: &AggregateExec) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    let states = match aggregate.mode() {
        AggregateMode::Partial => true,
        AggregateMode::Single => false,
        _ => return Ok(None),
    };
    let by = aggregate.group_expr();
    let no_groups = by.is_true_no_grouping();
    let plain = (by.is_single() || no_groups) && !by.has_grouping_set();
    let functions = aggregate.aggr_expr();
    let supported = no_groups || functions.iter().all(|one| one.groups_accumulator_supported());
    let Some(rows) = Rows::of(aggregate.input())? else {
        return Ok(None);
    };
    let whole = rows.scan.limit.is_none() && (states || rows.scan.partitions() == 1);
    if !plain || !supported || !whole || aggregate.limit_options().is_some() {
        return Ok(None);
    }
    let Some(keys) = Keys::of(aggregate, &rows)? else {
        return Ok(None);
    };
    let arguments = aggregate_expressions(functions, aggregate.mode(), 0)?;
    let mut aggregates = Vec::with_capacity(functions.len());
    for ((function, arguments), filter) in functions.iter().zip(&arguments).zip(aggregate.filter_expr()) {
        let arguments: Result<Vec<_>> = arguments.iter().map(|one| rows.over_scan(one)).collect();
        aggregates.push(Aggregate {
            function: Arc::clone(function),
            arguments: arguments?,
            filter: filter.as_ref().map(|filter| rows.over_scan(filter)).transpose()?,
        });
    }
    node(aggregate, &rows, keys, aggregates, states).map(Some)
}

/// What rows are grouped by, as expressions over the scan.
struct Keys {
    order: Vec<Key>,
    labels: Vec<Arc<dyn PhysicalExpr>>,
    times: Vec<Arc<dyn PhysicalExpr>>,
}

impl Keys {
    /// `None` where an expression looks at values, at labels and time, or at time as it is.
    fn of(aggregate: &AggregateExec, rows: &Rows<'_>) -> Result<Option<Self>> {
        let columns: Vec<&Column> = rows.scan.columns.iter().collect();
        let schema = rows.scan.columns.schema();
        let mut keys = Self {
            order: Vec::new(),
            labels: Vec::new(),
            times: Vec::new(),
        };
        for (expression, _) in aggregate.group_expr().expr() {
            let expression = rows.over_scan(expression)?;
            let looked_at = looked_at(std::iter::once(&expression));
            let of_labels = |&at: &usize| matches!(columns[at], Column::Labels | Column::Label(_));
            if looked_at.iter().all(of_labels) {
                keys.order.push(Key::Labels(keys.labels.len()));
                keys.labels.push(expression);
                continue;
            }
            let of_time = looked_at.iter().all(|&at| *columns[at] == Column::Timestamp);
            // Each row would be a run of its own.
            let as_it_is = expression.downcast_ref::<ColumnExpr>().is_some();
            if !of_time || as_it_is || width(&expression.data_type(schema)?).is_none() {
                return Ok(None);
            }
            keys.order.push(Key::Time(keys.times.len()));
            keys.times.push(expression);
        }
        Ok(Some(keys))
    }
}

fn node(
    aggregate: &AggregateExec,
    rows: &Rows<'_>,
    keys: Keys,
    mut aggregates: Vec<Aggregate>,
    states: bool,
) -> Result<Arc<dyn ExecutionPlan>> {
    let of_series = looked_at(keys.labels.iter());
    let of_aggregates = aggregates
        .iter()
        .flat_map(|one| one.arguments.iter().chain(&one.filter));
    let of_samples = looked_at(rows.condition.iter().chain(of_aggregates));
    let of_times = looked_at(keys.times.iter());
    let narrow = |all: &[Arc<dyn PhysicalExpr>], kept: &[usize]| -> Result<Vec<_>> {
        all.iter().map(|one| narrowed(one, kept)).collect()
    };
    let labels = narrow(&keys.labels, &of_series)?;
    let times = narrow(&keys.times, &of_times)?;
    let condition = rows.condition.as_ref().map(|one| narrowed(one, &of_samples));
    for one in &mut aggregates {
        one.arguments = narrow(&one.arguments, &of_samples)?;
        one.filter = one
            .filter
            .as_ref()
            .map(|one| narrowed(one, &of_samples))
            .transpose()?;
    }
    let operation = GroupedSamples {
        scan: rows.scan.again(),
        keys: keys.order,
        series_columns: rows.scan.columns.project(Some(&of_series)),
        labels,
        sample_columns: rows.scan.columns.project(Some(&of_samples)),
        time_columns: rows.scan.columns.project(Some(&of_times)),
        times: times.into_iter().map(TimeKey::new).collect(),
        condition: condition.transpose()?,
        aggregates,
        states,
        schema: aggregate.schema(),
    };
    Ok(PlanNode::plan(operation, Vec::new()))
}

//! One table of a snapshot, as DataFusion plans it.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use engine_model::{METRIC_NAME, Matcher};

use super::claims::Claims;
use super::columns::Columns;
use super::condition::{Condition, condition};
use super::histograms_scan::HistogramsScan;
use super::samples_scan::SamplesScan;
use super::selection::Selection;
use super::series_rows::SeriesRows;
use super::time_condition::TimeBounds;
use crate::operation::PlanNode;
use crate::snapshot::Snapshot;

/// Which rows a table has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TableKind {
    /// A row per series.
    Series,
    /// A row per native histogram.
    Histograms,
    /// A row per sample of any series.
    Samples {
        /// Staleness markers are rows too, with a null value.
        stale: bool,
    },
    /// A row per sample of the series with this metric name.
    Metric(String),
}

impl TableKind {
    fn name(&self) -> &str {
        match self {
            Self::Series => "series",
            Self::Histograms => "histograms",
            Self::Samples { stale: false } => "samples",
            Self::Samples { stale: true } => "samples_raw",
            Self::Metric(name) => name,
        }
    }

    /// What all series of the table satisfy.
    pub(super) fn matchers(&self) -> Vec<Matcher> {
        match self {
            Self::Series | Self::Histograms | Self::Samples { .. } => Vec::new(),
            Self::Metric(name) => vec![Matcher::equal(METRIC_NAME, name.as_str())],
        }
    }
}

/// A table over one snapshot; its label columns are those of the moment when it was looked up.
#[derive(Debug)]
pub(super) struct SnapshotTable {
    snapshot: Arc<dyn Snapshot>,
    kind: TableKind,
    columns: Columns,
}

impl SnapshotTable {
    pub(super) fn new(snapshot: Arc<dyn Snapshot>, kind: TableKind, columns: Columns) -> Self {
        Self {
            snapshot,
            kind,
            columns,
        }
    }
}

#[async_trait]
impl TableProvider for SnapshotTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(self.columns.schema())
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        let held = |filter: &&Expr| match condition(filter, &self.columns) {
            Some(_) => TableProviderFilterPushDown::Exact,
            None => TableProviderFilterPushDown::Unsupported,
        };
        Ok(filters.iter().map(held).collect())
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let mut matchers = self.kind.matchers();
        let mut bounds = TimeBounds::ALL;
        for filter in filters {
            match condition(filter, &self.columns) {
                Some(Condition::Labels(more)) => matchers.extend(more),
                Some(Condition::Time(more)) => bounds = bounds.and(more),
                // Only what was promised above comes here; the rest is filtered over the scan.
                None => {}
            }
        }
        let snapshot = Arc::clone(&self.snapshot);
        let columns = self.columns.project(projection);
        if self.kind == TableKind::Series {
            let operation = SeriesRows {
                snapshot,
                matchers,
                columns,
            };
            return Ok(PlanNode::plan(operation, Vec::new()));
        }
        let selection = Selection {
            snapshot,
            matchers,
            bounds,
        };
        if self.kind == TableKind::Histograms {
            return Ok(PlanNode::plan(HistogramsScan { selection, columns }, Vec::new()));
        }
        let operation = SamplesScan {
            table: self.kind.name().to_owned(),
            claims: Claims::new(selection, state.config().target_partitions()),
            stale: self.kind == TableKind::Samples { stale: true },
            columns,
            limit,
            rows: Arc::default(),
        };
        Ok(PlanNode::plan(operation, Vec::new()))
    }
}

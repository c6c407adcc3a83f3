//! Names of tables. Nothing is listed ahead: a table is looked up in the snapshot when a query names it.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::catalog::{CatalogProvider, CatalogProviderList, SchemaProvider, TableProvider};
use datafusion::error::Result;
use datafusion::logical_expr::TableType;
use engine_model::METRIC_NAME;

use super::columns::Columns;
use super::table::{SnapshotTable, TableKind};
use crate::snapshot::{Snapshot, SnapshotError};

/// Name of the only catalog.
pub const CATALOG: &str = "weir";
/// Name of the only schema.
pub const SCHEMA: &str = "public";

/// Tables that exist in any store. A metric of the same name is reached through `samples`.
const FIXED_TABLES: [&str; 4] = ["samples", "samples_raw", "series", "histograms"];

/// One snapshot as a catalog. Cheap to make and to clone.
#[derive(Debug, Clone)]
pub struct SnapshotCatalog {
    snapshot: Arc<dyn Snapshot>,
}

impl SnapshotCatalog {
    /// The catalog of `snapshot`.
    pub fn new(snapshot: Arc<dyn Snapshot>) -> Self {
        Self { snapshot }
    }

    /// The table of this name, if there is one, and the labels that its series have.
    fn find(&self, name: &str) -> Result<Option<(TableKind, Vec<String>)>, SnapshotError> {
        let kind = match name {
            "samples" => TableKind::Samples { stale: false },
            "samples_raw" => TableKind::Samples { stale: true },
            "series" => TableKind::Series,
            "histograms" => TableKind::Histograms,
            "" => return Ok(None),
            metric => TableKind::Metric(metric.to_owned()),
        };
        let label_names = self.snapshot.label_names(&kind.matchers())?;
        // A metric is one whose series have a name at least.
        let there = !matches!(kind, TableKind::Metric(_)) || !label_names.is_empty();
        Ok(there.then_some((kind, label_names)))
    }
}

/// A list of catalogs with one of them, [`CATALOG`].
#[derive(Debug)]
pub struct OnlyCatalog<C>(Arc<C>);

impl<C: CatalogProvider> OnlyCatalog<C> {
    /// The list of `catalog`.
    pub fn new(catalog: C) -> Self {
        Self(Arc::new(catalog))
    }
}

impl<C: CatalogProvider + 'static> CatalogProviderList for OnlyCatalog<C> {
    fn register_catalog(
        &self,
        _name: String,
        _catalog: Arc<dyn CatalogProvider>,
    ) -> Option<Arc<dyn CatalogProvider>> {
        None
    }

    fn catalog_names(&self) -> Vec<String> {
        vec![CATALOG.to_owned()]
    }

    fn catalog(&self, name: &str) -> Option<Arc<dyn CatalogProvider>> {
        (name == CATALOG).then(|| Arc::clone(&self.0) as Arc<dyn CatalogProvider>)
    }
}

impl CatalogProvider for SnapshotCatalog {
    fn schema_names(&self) -> Vec<String> {
        vec![SCHEMA.to_owned()]
    }

    fn schema(&self, name: &str) -> Option<Arc<dyn SchemaProvider>> {
        (name == SCHEMA).then(|| Arc::new(self.clone()) as Arc<dyn SchemaProvider>)
    }
}

#[async_trait]
impl SchemaProvider for SnapshotCatalog {
    fn table_names(&self) -> Vec<String> {
        let metrics = self
            .snapshot
            .label_values(METRIC_NAME, &[])
            .unwrap_or_else(|error| {
                tracing::warn!(%error, "cannot list metrics for SQL");
                Vec::new()
            });
        let fixed = FIXED_TABLES.map(str::to_owned).into_iter();
        fixed
            .chain(
                metrics
                    .into_iter()
                    .filter(|m| !FIXED_TABLES.contains(&m.as_str())),
            )
            .collect()
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        let Some((kind, label_names)) = self.find(name)? else {
            return Ok(None);
        };
        let columns = match kind {
            TableKind::Series => Columns::of_series(label_names),
            TableKind::Histograms => Columns::of_histograms(label_names),
            TableKind::Samples { stale } => Columns::of_samples(label_names, stale),
            TableKind::Metric(_) => Columns::of_samples(label_names, false),
        };
        let snapshot = Arc::clone(&self.snapshot);
        Ok(Some(Arc::new(SnapshotTable::new(snapshot, kind, columns))))
    }

    async fn table_type(&self, name: &str) -> Result<Option<TableType>> {
        Ok(self.table_exist(name).then_some(TableType::Base))
    }

    fn table_exist(&self, name: &str) -> bool {
        // The trait has no room for an error; `table`, which every query asks, reports it.
        FIXED_TABLES.contains(&name) || matches!(self.find(name), Ok(Some(_)))
    }
}

//! The catalog that SQL sees: the snapshot's tables in `public`, PostgreSQL's in `pg_catalog`.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::memory::MemorySourceConfig;
use datafusion::catalog::{CatalogProvider, SchemaProvider, Session, TableProvider};
use datafusion::common::ScalarValue;
use datafusion::error::Result;
use datafusion::logical_expr::{BinaryExpr, Expr, Operator, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use queries_tables::sql_tables::SCHEMA;
use queries_tables::{Snapshot, SnapshotCatalog};

use super::empty::EMPTY;
use super::relations::{Row, TABLES, attributes, rows, table_numbers};
use super::table::{batch, schema};

/// Name of PostgreSQL's schema.
const PG_CATALOG: &str = "pg_catalog";

/// Whether PostgreSQL's schema has a table of this name.
pub(crate) fn is_catalog_table(name: &str) -> bool {
    columns_of(name).is_some()
}

fn columns_of(name: &str) -> Option<&'static str> {
    let mut all = TABLES.iter().chain(&EMPTY);
    all.find(|(known, _)| *known == name).map(|(_, columns)| *columns)
}

/// One snapshot and PostgreSQL's tables about it.
#[derive(Debug, Clone)]
pub(crate) struct SqlCatalog {
    tables: SnapshotCatalog,
}

impl SqlCatalog {
    pub(crate) fn new(snapshot: Arc<dyn Snapshot>) -> Self {
        Self {
            tables: SnapshotCatalog::new(snapshot),
        }
    }
}

impl CatalogProvider for SqlCatalog {
    /// PostgreSQL's schema is found by its name but not listed: `SHOW TABLES` is about metrics.
    fn schema_names(&self) -> Vec<String> {
        vec![SCHEMA.to_owned()]
    }

    fn schema(&self, name: &str) -> Option<Arc<dyn SchemaProvider>> {
        match name {
            SCHEMA => CatalogProvider::schema(&self.tables, name),
            PG_CATALOG => Some(Arc::new(PgCatalog(self.tables.clone()))),
            _ => None,
        }
    }
}

/// PostgreSQL's schema.
#[derive(Debug, Clone)]
struct PgCatalog(SnapshotCatalog);

#[async_trait]
impl SchemaProvider for PgCatalog {
    fn table_names(&self) -> Vec<String> {
        let all = TABLES.iter().chain(&EMPTY);
        all.map(|(name, _)| (*name).to_owned()).collect()
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        Ok(columns_of(name).map(|columns| {
            Arc::new(PgTable {
                name: name.to_owned(),
                schema: schema(columns),
                tables: self.0.clone(),
            }) as Arc<dyn TableProvider>
        }))
    }

    fn table_exist(&self, name: &str) -> bool {
        is_catalog_table(name)
    }
}

#[derive(Debug)]
struct PgTable {
    name: String,
    schema: SchemaRef,
    tables: SnapshotCatalog,
}

#[async_trait]
impl TableProvider for PgTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::View
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    async fn scan(
        &self,
        _state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        _limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let rows = match self.name.as_str() {
            "pg_attribute" => self.attributes(filters).await?,
            other => rows(other, &self.tables),
        };
        let batches = vec![batch(&self.schema, &rows)?];
        let projection = projection.cloned();
        let plan = MemorySourceConfig::try_new_exec(&[batches], Arc::clone(&self.schema), projection)?;
        Ok(plan)
    }
}

impl PgTable {
    /// Columns of the table that the filters name; of all tables where they name none.
    async fn attributes(&self, filters: &[Expr]) -> Result<Vec<Row>> {
        let wanted = filters.iter().find_map(|filter| equal_to("attrelid", filter));
        let mut all = Vec::new();
        for (number, name) in table_numbers(&self.tables) {
            if wanted.is_some_and(|wanted| wanted != number) {
                continue;
            }
            if let Some(table) = self.tables.table(&name).await? {
                all.extend(attributes(number, &table.schema()));
            }
        }
        Ok(all)
    }
}

/// The number that a filter demands of `column`.
fn equal_to(column: &str, filter: &Expr) -> Option<i32> {
    let Expr::BinaryExpr(BinaryExpr {
        left,
        op: Operator::Eq,
        right,
    }) = filter
    else {
        return None;
    };
    let is_column = |expr: &Expr| match expr {
        Expr::Column(found) => found.name == column,
        Expr::Cast(cast) => matches!(cast.expr.as_ref(), Expr::Column(found) if found.name == column),
        _ => false,
    };
    let number = |expr: &Expr| match expr {
        Expr::Literal(ScalarValue::Int32(number), _) => *number,
        Expr::Literal(ScalarValue::Int64(Some(number)), _) => i32::try_from(*number).ok(),
        Expr::Literal(value, _) => value.try_as_str().flatten()?.parse().ok(),
        _ => None,
    };
    if is_column(left) {
        number(right)
    } else if is_column(right) {
        number(left)
    } else {
        None
    }
}

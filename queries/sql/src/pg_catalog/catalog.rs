//! The catalog that SQL sees: the snapshot's tables in `public`, PostgreSQL's in `pg_catalog`, the standard's in
//! `information_schema`.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::information_schema::InformationSchemaProvider;
use datafusion::catalog::memory::MemorySourceConfig;
use datafusion::catalog::{CatalogProvider, SchemaProvider, Session, TableProvider};
use datafusion::common::ScalarValue;
use datafusion::error::Result;
use datafusion::logical_expr::{BinaryExpr, Expr, Operator, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use queries_tables::sql_tables::{OnlyCatalog, SCHEMA};
use queries_tables::{Snapshot, SnapshotCatalog};

use super::empty::EMPTY;
use super::information_schema::{self, INFORMATION_SCHEMA};
use super::relations::{Row, TABLES, attributes, rows, table_numbers};
use super::table::{batch, schema};

/// Name of PostgreSQL's schema.
pub(crate) const PG_CATALOG: &str = "pg_catalog";

/// Whether PostgreSQL's schema has a table of this name.
pub(crate) fn is_catalog_table(name: &str) -> bool {
    columns_of(PG_CATALOG, name).is_some()
}

/// Whether a table of `schema`, or of PostgreSQL's where none is named, has no rows here.
pub(crate) fn is_always_empty(schema: Option<&str>, name: &str) -> bool {
    let empty: &[_] = match schema {
        None | Some(PG_CATALOG) => &EMPTY,
        Some(INFORMATION_SCHEMA) => &information_schema::EMPTY,
        Some(_) => &[],
    };
    empty.iter().any(|(known, _)| *known == name)
}

/// Names of the columns of a table of `schema`, or of PostgreSQL's where none is named.
pub(crate) fn column_names(schema: Option<&str>, name: &str) -> Option<impl Iterator<Item = &'static str>> {
    let columns = columns_of(schema.unwrap_or(PG_CATALOG), name)?;
    Some(
        columns
            .split_whitespace()
            .map(|column| column.split(':').next().unwrap_or(column)),
    )
}

/// Columns with their types, as [`schema`] reads them.
fn columns_of(schema: &str, name: &str) -> Option<&'static str> {
    let (filled, empty): (&[_], &[_]) = match schema {
        PG_CATALOG => (&TABLES, &EMPTY),
        INFORMATION_SCHEMA => (&information_schema::TABLES, &information_schema::EMPTY),
        _ => return None,
    };
    let mut all = filled.iter().chain(empty);
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
            INFORMATION_SCHEMA => Some(Arc::new(StandardSchema {
                engines: InformationSchemaProvider::new(Arc::new(OnlyCatalog::new(self.clone()))),
                tables: self.tables.clone(),
            })),
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
        Ok(PgTable::named(PG_CATALOG, name, &self.0))
    }

    fn table_exist(&self, name: &str) -> bool {
        is_catalog_table(name)
    }
}

/// The standard's schema: what it says of tables is said in PostgreSQL's words, what it says of functions and settings is
/// the query engine's own.
#[derive(Debug)]
struct StandardSchema {
    engines: InformationSchemaProvider,
    tables: SnapshotCatalog,
}

#[async_trait]
impl SchemaProvider for StandardSchema {
    fn table_names(&self) -> Vec<String> {
        information_schema::table_names().map(str::to_owned).collect()
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        match PgTable::named(INFORMATION_SCHEMA, name, &self.tables) {
            Some(table) => Ok(Some(table)),
            None => self.engines.table(name).await,
        }
    }

    fn table_exist(&self, name: &str) -> bool {
        columns_of(INFORMATION_SCHEMA, name).is_some() || self.engines.table_exist(name)
    }
}

#[derive(Debug)]
struct PgTable {
    /// The schema that it is in.
    of: &'static str,
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
        let rows = match (self.of, self.name.as_str()) {
            (PG_CATALOG, "pg_attribute") => self.attributes(filters).await?,
            (PG_CATALOG, other) => rows(other, &self.tables),
            (_, "columns") => {
                let wanted = filters.iter().find_map(|filter| text_of("table_name", filter));
                information_schema::columns(&self.tables, wanted.as_deref()).await?
            }
            (_, other) => information_schema::rows(other, &self.tables),
        };
        let batches = vec![batch(&self.schema, &rows)?];
        let projection = projection.cloned();
        let plan = MemorySourceConfig::try_new_exec(&[batches], Arc::clone(&self.schema), projection)?;
        Ok(plan)
    }
}

impl PgTable {
    fn named(of: &'static str, name: &str, tables: &SnapshotCatalog) -> Option<Arc<dyn TableProvider>> {
        let columns = columns_of(of, name)?;
        Some(Arc::new(Self {
            of,
            name: name.to_owned(),
            schema: schema(columns),
            tables: tables.clone(),
        }))
    }

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
    match demanded(column, filter)? {
        ScalarValue::Int32(number) => *number,
        ScalarValue::Int64(Some(number)) => i32::try_from(*number).ok(),
        value => value.try_as_str().flatten()?.parse().ok(),
    }
}

/// The text that a filter demands of `column`.
fn text_of(column: &str, filter: &Expr) -> Option<String> {
    demanded(column, filter)?
        .try_as_str()
        .flatten()
        .map(str::to_owned)
}

/// The value that a filter demands of `column`.
fn demanded<'a>(column: &str, filter: &'a Expr) -> Option<&'a ScalarValue> {
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
    match (left.as_ref(), right.as_ref()) {
        (other, Expr::Literal(value, _)) | (Expr::Literal(value, _), other) if is_column(other) => {
            Some(value)
        }
        _ => None,
    }
}

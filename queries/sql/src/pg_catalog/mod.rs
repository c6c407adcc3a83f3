//! PostgreSQL's own tables and functions, as far as `psql`, drivers and BI tools ask them: read-only, made when
//! they are asked. `catalog` adds the schema to the snapshot's, `table` makes columns from cells, `relations`
//! and `settings` say what is in them, `empty` lists tables that nothing here fills, `functions` the functions.
//! `information_schema` is the standard's schema beside it.

mod catalog;
mod empty;
mod functions;
mod information_schema;
mod keywords;
mod relations;
mod settings;
mod table;

pub(crate) use catalog::{PG_CATALOG, SqlCatalog, column_names, is_always_empty, is_catalog_table};
pub(crate) use functions::functions;
pub(crate) use settings::{SERVER_VERSION, setting};

#[cfg(test)]
mod client_tests;
#[cfg(test)]
mod tests;

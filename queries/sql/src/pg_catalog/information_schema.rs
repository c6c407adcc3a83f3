//! `information_schema` as PostgreSQL has it: schemas, tables and columns with the names of PostgreSQL's types, and what
//! no table here has, such as keys.

use arrow::datatypes::{DataType, Field};
use datafusion::catalog::SchemaProvider;
use datafusion::catalog::information_schema::INFORMATION_SCHEMA_TABLES;
use datafusion::error::Result;
use queries_tables::SnapshotCatalog;
use queries_tables::sql_tables::{CATALOG, SCHEMA};

use super::catalog::PG_CATALOG;
use super::relations::{Row, type_name, type_number, type_title};

/// Name of the standard's schema.
pub(super) const INFORMATION_SCHEMA: &str = "information_schema";

/// Names and columns of the tables that have rows.
pub(super) const TABLES: [(&str, &str); 3] = [
    (
        "columns",
        "table_catalog:t table_schema:t table_name:t column_name:t ordinal_position:i column_default:t is_nullable:t data_type:t character_maximum_length:i character_octet_length:i numeric_precision:i numeric_precision_radix:i numeric_scale:i datetime_precision:i interval_type:t interval_precision:i character_set_catalog:t character_set_schema:t character_set_name:t collation_catalog:t collation_schema:t collation_name:t domain_catalog:t domain_schema:t domain_name:t udt_catalog:t udt_schema:t udt_name:t scope_catalog:t scope_schema:t scope_name:t maximum_cardinality:i dtd_identifier:t is_self_referencing:t is_identity:t identity_generation:t identity_start:t identity_increment:t identity_maximum:t identity_minimum:t identity_cycle:t is_generated:t generation_expression:t is_updatable:t",
    ),
    (
        "schemata",
        "catalog_name:t schema_name:t schema_owner:t default_character_set_catalog:t default_character_set_schema:t default_character_set_name:t sql_path:t",
    ),
    (
        "tables",
        "table_catalog:t table_schema:t table_name:t table_type:t self_referencing_column_name:t reference_generation:t user_defined_type_catalog:t user_defined_type_schema:t user_defined_type_name:t is_insertable_into:t is_typed:t commit_action:t",
    ),
];

/// The same of the tables that have none.
pub(super) const EMPTY: [(&str, &str); 9] = [
    (
        "check_constraints",
        "constraint_catalog:t constraint_schema:t constraint_name:t check_clause:t",
    ),
    (
        "constraint_column_usage",
        "table_catalog:t table_schema:t table_name:t column_name:t constraint_catalog:t constraint_schema:t constraint_name:t",
    ),
    (
        "constraint_table_usage",
        "table_catalog:t table_schema:t table_name:t constraint_catalog:t constraint_schema:t constraint_name:t",
    ),
    (
        "key_column_usage",
        "constraint_catalog:t constraint_schema:t constraint_name:t table_catalog:t table_schema:t table_name:t column_name:t ordinal_position:i position_in_unique_constraint:i",
    ),
    (
        "referential_constraints",
        "constraint_catalog:t constraint_schema:t constraint_name:t unique_constraint_catalog:t unique_constraint_schema:t unique_constraint_name:t match_option:t update_rule:t delete_rule:t",
    ),
    (
        "sequences",
        "sequence_catalog:t sequence_schema:t sequence_name:t data_type:t start_value:t minimum_value:t maximum_value:t increment:t cycle_option:t",
    ),
    (
        "table_constraints",
        "constraint_catalog:t constraint_schema:t constraint_name:t table_catalog:t table_schema:t table_name:t constraint_type:t is_deferrable:t initially_deferred:t enforced:t nulls_distinct:t",
    ),
    (
        "triggers",
        "trigger_catalog:t trigger_schema:t trigger_name:t event_manipulation:t event_object_catalog:t event_object_schema:t event_object_table:t action_statement:t",
    ),
    (
        "views",
        "table_catalog:t table_schema:t table_name:t view_definition:t check_option:t is_updatable:t is_insertable_into:t is_trigger_updatable:t is_trigger_deletable:t is_trigger_insertable_into:t",
    ),
];

/// Names of all tables of the schema.
pub(super) fn table_names() -> impl Iterator<Item = &'static str> {
    let ours = TABLES.iter().chain(&EMPTY).map(|(name, _)| *name);
    let engines = INFORMATION_SCHEMA_TABLES.iter().copied();
    // What the query engine has too is ours.
    let others = engines.filter(|name| !TABLES.iter().chain(&EMPTY).any(|(ours, _)| ours == name));
    ours.chain(others)
}

/// The rows of every table but `columns`.
pub(super) fn rows(table: &str, catalog: &SnapshotCatalog) -> Vec<Row> {
    match table {
        "schemata" => [SCHEMA, PG_CATALOG, INFORMATION_SCHEMA].map(schema).into(),
        "tables" => {
            let metrics = catalog.table_names();
            let metrics = metrics.iter().map(|name| listed(SCHEMA, name, "BASE TABLE"));
            let own = table_names().map(|name| listed(INFORMATION_SCHEMA, name, "VIEW"));
            metrics.chain(own).collect()
        }
        _ => Vec::new(),
    }
}

fn schema(name: &str) -> Row {
    vec![
        ("catalog_name", CATALOG.into()),
        ("schema_name", name.into()),
        ("schema_owner", CATALOG.into()),
    ]
}

fn listed(schema: &str, name: &str, kind: &str) -> Row {
    vec![
        ("table_catalog", CATALOG.into()),
        ("table_schema", schema.into()),
        ("table_name", name.into()),
        ("table_type", kind.into()),
        ("is_insertable_into", "NO".into()),
        ("is_typed", "NO".into()),
    ]
}

/// The columns of the table `wanted`, or of all.
pub(super) async fn columns(catalog: &SnapshotCatalog, wanted: Option<&str>) -> Result<Vec<Row>> {
    let names = match wanted {
        Some(name) => vec![name.to_owned()],
        None => catalog.table_names(),
    };
    let mut all = Vec::new();
    for name in names {
        if let Some(table) = catalog.table(&name).await? {
            let schema = table.schema();
            let fields = schema.fields().iter().enumerate();
            all.extend(fields.map(|(position, field)| column(&name, position, field)));
        }
    }
    Ok(all)
}

fn column(table: &str, position: usize, field: &Field) -> Row {
    let number = type_number(field.data_type());
    let nullable = if field.is_nullable() { "YES" } else { "NO" };
    let mut row: Row = vec![
        ("table_catalog", CATALOG.into()),
        ("table_schema", SCHEMA.into()),
        ("table_name", table.into()),
        ("column_name", field.name().as_str().into()),
        ("ordinal_position", (position as i32 + 1).into()),
        ("is_nullable", nullable.into()),
        (
            "data_type",
            type_title(number).unwrap_or_default().as_str().into(),
        ),
        ("udt_catalog", CATALOG.into()),
        ("udt_schema", PG_CATALOG.into()),
        ("udt_name", type_name(number).unwrap_or_default().into()),
        (
            "dtd_identifier",
            (position as i32 + 1).to_string().as_str().into(),
        ),
        ("is_self_referencing", "NO".into()),
        ("is_identity", "NO".into()),
        ("identity_cycle", "NO".into()),
        ("is_generated", "NEVER".into()),
        ("is_updatable", "NO".into()),
    ];
    let mut precision = |digits: i32, radix: i32, scale: Option<i32>| {
        row.push(("numeric_precision", digits.into()));
        row.push(("numeric_precision_radix", radix.into()));
        row.extend(scale.map(|scale| ("numeric_scale", scale.into())));
    };
    match field.data_type() {
        DataType::Float64 => precision(53, 2, None),
        DataType::Float32 | DataType::Float16 => precision(24, 2, None),
        DataType::Int64 | DataType::UInt32 => precision(64, 2, Some(0)),
        DataType::Int32 | DataType::UInt16 => precision(32, 2, Some(0)),
        DataType::Int16 | DataType::Int8 | DataType::UInt8 => precision(16, 2, Some(0)),
        DataType::Timestamp(..) => row.push(("datetime_precision", 6.into())),
        _ => {}
    }
    row
}

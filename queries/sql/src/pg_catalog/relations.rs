//! What is in PostgreSQL's tables: the schemas, the tables of the snapshot with their columns, types, one database, one role.

use std::collections::BTreeMap;

use arrow::datatypes::{DataType, Schema};
use datafusion::catalog::SchemaProvider;
use queries_tables::SnapshotCatalog;
use queries_tables::sql_tables::{CATALOG, SCHEMA};

use super::keywords::keywords;
use super::settings::SETTINGS;
use super::table::Cell;

/// A row: the columns that it has.
pub(super) type Row = Vec<(&'static str, Cell)>;

/// First number of a table; smaller ones are PostgreSQL's own.
const FIRST_NUMBER: u32 = 16_384;
const PUBLIC: i32 = 2200;
const PG_CATALOG: i32 = 11;
const OWNER: i32 = 10;

/// Names and columns of the tables that have rows.
pub(super) const TABLES: [(&str, &str); 12] = [
    ("pg_am", "oid:i amname:t amhandler:i amtype:t"),
    (
        "pg_attribute",
        "attrelid:i attname:t atttypid:i attstattarget:i attlen:i attnum:i attndims:i attcacheoff:i atttypmod:i attbyval:b attstorage:t attalign:t attnotnull:b atthasdef:b atthasmissing:b attidentity:t attgenerated:t attisdropped:b attislocal:b attinhcount:i attcollation:i attcompression:t attacl:a attoptions:a attfdwoptions:a",
    ),
    (
        "pg_class",
        "oid:i relname:t relnamespace:i reltype:i reloftype:i relowner:i relam:i relfilenode:i reltablespace:i relpages:i reltuples:f relallvisible:i reltoastrelid:i relhasindex:b relisshared:b relpersistence:t relkind:t relnatts:i relchecks:i relhasoids:b relhasrules:b relhastriggers:b relhassubclass:b relrowsecurity:b relforcerowsecurity:b relispopulated:b relreplident:t relispartition:b relacl:a reloptions:a relpartbound:t",
    ),
    (
        "pg_database",
        "oid:i datname:t datdba:i encoding:i datlocprovider:t datcollate:t datctype:t daticulocale:t daticurules:t datistemplate:b datallowconn:b datconnlimit:i dattablespace:i datacl:a",
    ),
    // What the function of this name gives.
    ("pg_get_keywords", "word:t catcode:t catdesc:t"),
    ("pg_namespace", "oid:i nspname:t nspowner:i nspacl:a"),
    (
        "pg_roles",
        "oid:i rolname:t rolsuper:b rolinherit:b rolcreaterole:b rolcreatedb:b rolcanlogin:b rolreplication:b rolconnlimit:i rolpassword:t rolvaliduntil:t rolbypassrls:b rolconfig:a",
    ),
    (
        "pg_settings",
        "name:t setting:t unit:t category:t short_desc:t extra_desc:t context:t vartype:t source:t min_val:t max_val:t enumvals:a boot_val:t reset_val:t sourcefile:t sourceline:i pending_restart:b",
    ),
    (
        "pg_tables",
        "schemaname:t tablename:t tableowner:t tablespace:t hasindexes:b hasrules:b hastriggers:b rowsecurity:b",
    ),
    (
        "pg_tablespace",
        "oid:i spcname:t spcowner:i spcacl:a spcoptions:a",
    ),
    (
        "pg_type",
        "oid:i typname:t typnamespace:i typowner:i typlen:i typbyval:b typtype:t typcategory:t typispreferred:b typisdefined:b typdelim:t typrelid:i typsubscript:t typelem:i typarray:i typinput:t typoutput:t typreceive:t typsend:t typalign:t typstorage:t typnotnull:b typbasetype:i typtypmod:i typndims:i typcollation:i typdefault:t typacl:a",
    ),
    ("pg_user", "usename:t usesysid:i usecreatedb:b usesuper:b"),
];

/// Number, name, category, bytes, number of the array's type.
const TYPES: [(i32, &str, &str, i32, i32); 20] = [
    (16, "bool", "B", 1, 1000),
    (17, "bytea", "U", -1, 1001),
    (18, "char", "Z", 1, 1002),
    (19, "name", "S", 64, 1003),
    (20, "int8", "N", 8, 1016),
    (21, "int2", "N", 2, 1005),
    (23, "int4", "N", 4, 1007),
    (25, "text", "S", -1, 1009),
    (26, "oid", "N", 4, 1028),
    (114, "json", "U", -1, 199),
    (700, "float4", "N", 4, 1021),
    (701, "float8", "N", 8, 1022),
    (705, "unknown", "X", -2, 0),
    (1043, "varchar", "S", -1, 1015),
    (1082, "date", "D", 4, 1182),
    (1083, "time", "D", 8, 1183),
    (1114, "timestamp", "D", 8, 1115),
    (1184, "timestamptz", "D", 8, 1185),
    (1186, "interval", "T", 16, 1187),
    (1700, "numeric", "N", -1, 1231),
];

/// The name of a type as `format_type` gives it.
pub(super) fn type_title(number: i32) -> Option<String> {
    let (_, name, ..) = TYPES.iter().find(|(n, ..)| *n == number).or_else(|| {
        // An array by its element.
        TYPES.iter().find(|(.., array)| *array == number && number != 0)
    })?;
    let title = match *name {
        "bool" => "boolean",
        "int2" => "smallint",
        "int4" => "integer",
        "int8" => "bigint",
        "float4" => "real",
        "float8" => "double precision",
        "varchar" => "character varying",
        "timestamp" => "timestamp without time zone",
        "timestamptz" => "timestamp with time zone",
        "time" => "time without time zone",
        "char" => "\"char\"",
        other => other,
    };
    let is_array = !TYPES.iter().any(|(n, ..)| *n == number);
    Some(if is_array {
        format!("{title}[]")
    } else {
        title.to_owned()
    })
}

/// The name of a type as `pg_type` has it.
pub(super) fn type_name(number: i32) -> Option<&'static str> {
    let found = TYPES.iter().find(|(n, ..)| *n == number);
    found.map(|(_, name, ..)| *name)
}

/// PostgreSQL's number of the type of a column.
pub(super) fn type_number(data_type: &DataType) -> i32 {
    match data_type {
        DataType::Boolean => 16,
        DataType::Int8 | DataType::Int16 | DataType::UInt8 => 21,
        DataType::Int32 | DataType::UInt16 => 23,
        DataType::Int64 | DataType::UInt32 => 20,
        DataType::Float16 | DataType::Float32 => 700,
        DataType::Float64 => 701,
        DataType::Timestamp(_, Some(_)) => 1184,
        DataType::Timestamp(_, None) => 1114,
        DataType::Map(..) | DataType::Struct(_) | DataType::List(_) => 114,
        _ => 25,
    }
}

/// Numbers of tables: the same for the same name, except where two names meet.
pub(super) fn table_numbers(catalog: &SnapshotCatalog) -> BTreeMap<i32, String> {
    let mut names = catalog.table_names();
    names.sort_unstable();
    let mut numbers = BTreeMap::new();
    for name in names {
        let mut number = table_number(&name);
        while numbers.contains_key(&number) {
            number = number.wrapping_add(1) & i32::MAX | FIRST_NUMBER as i32;
        }
        numbers.insert(number, name);
    }
    numbers
}

/// The number of a table by its name alone (FNV-1a).
pub(super) fn table_number(name: &str) -> i32 {
    let hash = name.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    (FIRST_NUMBER + hash % (i32::MAX as u32 - 2 * FIRST_NUMBER)) as i32
}

/// The rows of every table but `pg_attribute`.
pub(super) fn rows(table: &str, catalog: &SnapshotCatalog) -> Vec<Row> {
    match table {
        "pg_am" => vec![vec![
            ("oid", 2.into()),
            ("amname", "heap".into()),
            ("amtype", "t".into()),
        ]],
        "pg_class" => table_numbers(catalog)
            .iter()
            .map(|(&n, name)| class(n, name))
            .collect(),
        "pg_database" => vec![database()],
        "pg_get_keywords" => keywords(),
        "pg_namespace" => [
            (PUBLIC, SCHEMA),
            (PG_CATALOG, "pg_catalog"),
            (13_000, "information_schema"),
        ]
        .into_iter()
        .map(|(oid, name)| {
            vec![
                ("oid", oid.into()),
                ("nspname", name.into()),
                ("nspowner", OWNER.into()),
            ]
        })
        .collect(),
        "pg_roles" => vec![role()],
        "pg_settings" => SETTINGS
            .iter()
            .map(|&(name, value)| {
                vec![
                    ("name", name.into()),
                    ("setting", value.into()),
                    ("vartype", "string".into()),
                ]
            })
            .collect(),
        "pg_tables" => table_numbers(catalog)
            .into_values()
            .map(|name| listed(&name))
            .collect(),
        "pg_tablespace" => vec![vec![
            ("oid", 1663.into()),
            ("spcname", "pg_default".into()),
            ("spcowner", OWNER.into()),
        ]],
        "pg_type" => TYPES.iter().flat_map(|one| types(*one)).collect(),
        "pg_user" => vec![vec![
            ("usename", CATALOG.into()),
            ("usesysid", OWNER.into()),
            ("usecreatedb", false.into()),
            ("usesuper", false.into()),
        ]],
        _ => Vec::new(),
    }
}

fn class(number: i32, name: &str) -> Row {
    let mut row: Row = vec![
        ("oid", number.into()),
        ("relname", name.into()),
        ("relnamespace", PUBLIC.into()),
        ("relowner", OWNER.into()),
        ("relam", 2.into()),
        ("relfilenode", number.into()),
        ("reltuples", (-1).into()),
        ("relpersistence", "p".into()),
        ("relkind", "r".into()),
        ("relispopulated", true.into()),
        ("relreplident", "n".into()),
    ];
    let zeros = [
        "reltype",
        "reloftype",
        "reltablespace",
        "relpages",
        "relallvisible",
        "reltoastrelid",
    ];
    row.extend(zeros.map(|column| (column, 0.into())));
    row.extend(["relnatts", "relchecks"].map(|column| (column, 0.into())));
    let no = [
        "relhasindex",
        "relisshared",
        "relhasoids",
        "relhasrules",
        "relhastriggers",
        "relhassubclass",
        "relrowsecurity",
        "relforcerowsecurity",
        "relispartition",
    ];
    row.extend(no.map(|column| (column, false.into())));
    row
}

fn database() -> Row {
    vec![
        ("oid", 16_383.into()),
        ("datname", CATALOG.into()),
        ("datdba", OWNER.into()),
        ("encoding", 6.into()),
        ("datlocprovider", "c".into()),
        ("datcollate", "C".into()),
        ("datctype", "C".into()),
        ("datistemplate", false.into()),
        ("datallowconn", true.into()),
        ("datconnlimit", (-1).into()),
        ("dattablespace", 1663.into()),
    ]
}

fn role() -> Row {
    let no = [
        "rolsuper",
        "rolinherit",
        "rolcreaterole",
        "rolcreatedb",
        "rolreplication",
        "rolbypassrls",
    ];
    let mut row: Row = vec![
        ("oid", OWNER.into()),
        ("rolname", CATALOG.into()),
        ("rolcanlogin", true.into()),
        ("rolconnlimit", (-1).into()),
    ];
    row.extend(no.map(|column| (column, false.into())));
    row
}

fn listed(name: &str) -> Row {
    let no = ["hasindexes", "hasrules", "hastriggers", "rowsecurity"];
    let mut row: Row = vec![
        ("schemaname", SCHEMA.into()),
        ("tablename", name.into()),
        ("tableowner", CATALOG.into()),
    ];
    row.extend(no.map(|column| (column, false.into())));
    row
}

/// A type and its array's.
fn types((number, name, category, bytes, array): (i32, &str, &str, i32, i32)) -> Vec<Row> {
    let row = |number: i32, name: &str, category: &str, bytes: i32, element: i32, array: i32| -> Row {
        vec![
            ("oid", number.into()),
            ("typname", name.into()),
            ("typnamespace", PG_CATALOG.into()),
            ("typowner", OWNER.into()),
            ("typlen", bytes.into()),
            ("typbyval", (bytes > 0 && bytes <= 8).into()),
            ("typtype", if bytes == -2 { "p".into() } else { "b".into() }),
            ("typcategory", category.into()),
            ("typispreferred", false.into()),
            ("typisdefined", true.into()),
            ("typdelim", ",".into()),
            ("typrelid", 0.into()),
            ("typelem", element.into()),
            ("typarray", array.into()),
            ("typinput", function(name, element, "in").as_str().into()),
            ("typoutput", function(name, element, "out").as_str().into()),
            ("typreceive", function(name, element, "recv").as_str().into()),
            ("typsend", function(name, element, "send").as_str().into()),
            ("typnotnull", false.into()),
            ("typbasetype", 0.into()),
            ("typtypmod", (-1).into()),
            ("typndims", 0.into()),
            ("typcollation", 0.into()),
        ]
    };
    let mut rows = vec![row(number, name, category, bytes, 0, array)];
    if array != 0 {
        rows.push(row(array, &format!("_{name}"), "A", -1, number, 0));
    }
    rows
}

/// What PostgreSQL calls the function of a type that does `what`; drivers tell types by it.
fn function(name: &str, element: i32, what: &str) -> String {
    let apart = [
        "json",
        "date",
        "time",
        "timestamp",
        "timestamptz",
        "interval",
        "numeric",
    ];
    match name {
        _ if element != 0 => format!("array_{what}"),
        name if apart.contains(&name) => format!("{name}_{what}"),
        name => format!("{name}{what}"),
    }
}

/// The columns of one table.
pub(super) fn attributes(number: i32, schema: &Schema) -> Vec<Row> {
    let attribute = |(position, field): (usize, &std::sync::Arc<arrow::datatypes::Field>)| -> Row {
        vec![
            ("attrelid", number.into()),
            ("attname", field.name().as_str().into()),
            ("atttypid", type_number(field.data_type()).into()),
            ("attlen", (-1).into()),
            ("attnum", (position as i32 + 1).into()),
            ("attndims", 0.into()),
            ("atttypmod", (-1).into()),
            ("attnotnull", (!field.is_nullable()).into()),
            ("atthasdef", false.into()),
            ("atthasmissing", false.into()),
            ("attidentity", "".into()),
            ("attgenerated", "".into()),
            ("attisdropped", false.into()),
            ("attislocal", true.into()),
            ("attinhcount", 0.into()),
            ("attcollation", 0.into()),
            ("attstorage", "p".into()),
            ("attcompression", "".into()),
            ("attstattarget", (-1).into()),
        ]
    };
    schema.fields().iter().enumerate().map(attribute).collect()
}

//! Questions that are known as a whole. asyncpg and Npgsql ask what the types are and what those consist of, with
//! recursion, subqueries that depend on rows, and functions compared by number, which the query engine does not plan or know;
//! all types here are plain ones and lists of them, so that one step answers it. `SHOW TABLES` and `DESCRIBE` are short.

use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{
    DescribeAlias, Expr, Ident, ObjectNamePart, Query, SelectItem, SetExpr, ShowStatementOptions,
    Statement as AstStatement, TableAlias, TableFactor,
};

use crate::error::SqlError;
use crate::guard::parse_one;

/// Name of the driver's common table expression.
const ASYNCPG_TREE: &str = "typeinfo_tree";

/// The same question to our tables: elements come before the lists of them.
const ASYNCPG_TYPES: &str = "
SELECT t.oid, n.nspname AS ns, t.typname AS name, t.typtype AS kind, NULL::int4 AS basetype, t.typelem AS elemtype,
  e.typdelim AS elemdelim, NULL::int4 AS range_subtype, NULL::text AS attrtypoids, NULL::text AS attrnames,
  CASE WHEN t.typelem = 0 THEN 1 ELSE 0 END AS depth, NULL::text AS basetype_name, e.typname AS elemtype_name,
  NULL::text AS range_subtype_name
FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
  LEFT JOIN pg_catalog.pg_type e ON e.oid = t.typelem
WHERE t.oid = ANY($1::oid[])
  OR t.oid IN (SELECT typelem FROM pg_catalog.pg_type a WHERE a.oid = ANY($1::oid[]))
ORDER BY depth DESC, t.oid";

/// Name of the column in which Npgsql wants the element of a list, the base of a domain or of a range.
const NPGSQL_ELEMENT: &str = "elemtypoid";

/// Npgsql's question to our tables: plain types before lists, whose kind it calls `a`.
const NPGSQL_TYPES: &str = "
SELECT n.nspname, t.oid, t.typname, CASE WHEN t.typelem = 0 THEN t.typtype ELSE 'a' END AS typtype, t.typnotnull,
  nullif(t.typelem, 0) AS elemtypoid
FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
WHERE t.typtype = 'b'
ORDER BY t.typelem <> 0, t.oid";

/// The tables, as many words as one line holds.
const SHOW_TABLES: &str =
    "SELECT table_catalog, table_schema, table_name, table_type FROM information_schema.tables";

/// A statement that answers `statement`, if that is one of those.
pub(crate) fn known_question(statement: &Statement) -> Result<Option<Statement>, SqlError> {
    let Statement::Statement(ast) = statement else {
        return Ok(None);
    };
    let answer = match ast.as_ref() {
        AstStatement::ShowTables {
            terse: false,
            history: false,
            extended: false,
            full: false,
            external: false,
            show_options:
                ShowStatementOptions {
                    show_in: None,
                    starts_with: None,
                    limit: None,
                    limit_from: None,
                    filter_position: None,
                },
        } => Some(SHOW_TABLES),
        AstStatement::ExplainTable {
            describe_alias: DescribeAlias::Describe | DescribeAlias::Desc,
            table_name,
            ..
        } => match table_name.0.as_slice() {
            [ObjectNamePart::Identifier(name)] => return parse_one(&described(name)).map(Some),
            _ => None,
        },
        AstStatement::Query(query) if is_asyncpgs(query) => Some(ASYNCPG_TYPES),
        AstStatement::Query(query) if is_npgsqls(query) => Some(NPGSQL_TYPES),
        _ => None,
    };
    answer.map(parse_one).transpose()
}

/// The columns of a table. That it is there is asked too: a mistake in its name is one.
fn described(table: &Ident) -> String {
    let name = table.value.replace('\'', "''");
    let quoted = table.value.replace('"', "\"\"");
    format!(
        "SELECT column_name, data_type, is_nullable FROM information_schema.columns \
         WHERE table_name = '{name}' AND NOT EXISTS (SELECT 1 FROM \"{quoted}\" WHERE false) ORDER BY ordinal_position"
    )
}

fn is_asyncpgs(query: &Query) -> bool {
    let names_tree = |alias: &TableAlias| alias.name.value == ASYNCPG_TREE;
    query
        .with
        .as_ref()
        .is_some_and(|with| with.recursive && with.cte_tables.iter().any(|cte| names_tree(&cte.alias)))
}

fn is_npgsqls(query: &Query) -> bool {
    let SetExpr::Select(select) = query.body.as_ref() else {
        return false;
    };
    let wants_element = |item: &SelectItem| match item {
        SelectItem::UnnamedExpr(Expr::CompoundIdentifier(names)) => {
            names.last().is_some_and(|name| name.value == NPGSQL_ELEMENT)
        }
        _ => false,
    };
    let first = select.from.first().map(|from| &from.relation);
    matches!(first, Some(TableFactor::Derived { .. })) && select.projection.iter().any(wants_element)
}

//! One question that the driver asyncpg asks as a whole: what the types are of which it has no idea, and what those
//! consist of. It asks with recursion and subqueries that depend on rows, which the query engine does not plan; all
//! types here are plain ones and lists of them, so that one step answers it.

use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{Statement as AstStatement, TableAlias};

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

/// A statement that answers `statement`, if that is the driver's.
pub(crate) fn known_question(statement: &Statement) -> Result<Option<Statement>, SqlError> {
    let Statement::Statement(ast) = statement else {
        return Ok(None);
    };
    let AstStatement::Query(query) = ast.as_ref() else {
        return Ok(None);
    };
    let names_tree = |alias: &TableAlias| alias.name.value == ASYNCPG_TREE;
    let asks = query
        .with
        .as_ref()
        .is_some_and(|with| with.recursive && with.cte_tables.iter().any(|cte| names_tree(&cte.alias)));
    match asks {
        true => parse_one(ASYNCPG_TYPES).map(Some),
        false => Ok(None),
    }
}

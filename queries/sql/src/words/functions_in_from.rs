//! Functions in the place of tables. PostgreSQL takes any: one that gives a value is a row with that value, called as the
//! function or its alias is.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Expr, FunctionArg, FunctionArgExpr, Ident, ObjectName, ObjectNamePart, Query, SelectItem, SetExpr,
    TableAlias, TableAliasColumnDef, TableFactor, TableWithJoins, visit_expressions,
};

use super::call;
use super::lists::parsed_query;
use crate::pg_catalog::PG_CATALOG;
use crate::promql::PROMQL;

/// Functions of the query engine that give the numbers of a series.
const SERIES: [&str; 2] = ["generate_series", "range"];
/// Functions that give the rows of a table of PostgreSQL's, and its name.
const OF_TABLES: [(&str, &str); 2] = [
    ("pg_get_keywords", "pg_get_keywords"),
    ("pg_show_all_settings", "pg_settings"),
];

/// Writes a function that is no table for the query engine as a query of its value.
pub(super) fn row_of_function(table: &mut TableFactor) {
    let TableFactor::Table {
        name,
        args: Some(args),
        alias,
        with_ordinality: false,
        ..
    } = table
    else {
        return;
    };
    let Some(function) = plain(name).filter(|name| *name != PROMQL && !SERIES.contains(name)) else {
        return;
    };
    if let Some((_, rows)) = OF_TABLES.iter().find(|(known, _)| *known == function) {
        let called = alias.take().unwrap_or_else(|| alias_of(Ident::new(function)));
        *name = ObjectName::from(vec![Ident::new(PG_CATALOG), Ident::new(*rows)]);
        return take_arguments(table, called);
    }
    let mut arguments = Vec::with_capacity(args.args.len());
    for argument in &args.args {
        match argument {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => arguments.push(expr.clone()),
            // The planner says what it makes of other arguments.
            _ => return,
        }
    }
    let value = call(function, arguments);
    let called = alias.take().unwrap_or_else(|| alias_of(Ident::new(function)));
    if let Some(mut query) = parsed_query("SELECT 1")
        && let SetExpr::Select(select) = query.body.as_mut()
    {
        select.projection = vec![SelectItem::ExprWithAlias {
            expr: value,
            alias: called.name.clone(),
        }];
        *table = TableFactor::Derived {
            lateral: false,
            subquery: query,
            alias: Some(called),
            sample: None,
        };
    }
}

/// What was a call becomes a plain table.
fn take_arguments(table: &mut TableFactor, called: TableAlias) {
    if let TableFactor::Table { args, alias, .. } = table {
        *args = None;
        *alias = Some(called);
    }
}

/// `generate_series(1, 3) AS i` whose numbers the query calls `i`, too: the query engine calls them `value`.
pub(super) fn name_series(query: &mut Query) {
    let mut names = Vec::new();
    if let SetExpr::Select(select) = query.body.as_mut() {
        for table in tables(&mut select.from) {
            names.extend(series_alias(table).map(|alias| alias.name.clone()));
        }
    }
    names.retain(|name| names_a_column(query, name));
    if let SetExpr::Select(select) = query.body.as_mut() {
        for table in tables(&mut select.from) {
            if let Some(alias) = series_alias(table).filter(|alias| names.contains(&alias.name)) {
                alias.columns = vec![TableAliasColumnDef {
                    name: alias.name.clone(),
                    data_type: None,
                }];
            }
        }
    }
}

fn tables(from: &mut [TableWithJoins]) -> impl Iterator<Item = &mut TableFactor> {
    from.iter_mut().flat_map(|from| {
        let joined = from.joins.iter_mut().map(|join| &mut join.relation);
        std::iter::once(&mut from.relation).chain(joined)
    })
}

/// The alias of a series, where it names no columns.
fn series_alias(table: &mut TableFactor) -> Option<&mut TableAlias> {
    match table {
        TableFactor::Table {
            name,
            args: Some(_),
            alias: Some(alias),
            ..
        } if alias.columns.is_empty() => {
            let function = plain(name)?.to_ascii_lowercase();
            SERIES.contains(&function.as_str()).then_some(alias)
        }
        _ => None,
    }
}

fn names_a_column(query: &Query, name: &Ident) -> bool {
    let is_it = |expr: &Expr| matches!(expr, Expr::Identifier(found) if found.value == name.value);
    let found = visit_expressions(query, |expr| match is_it(expr) {
        true => ControlFlow::Break(()),
        false => ControlFlow::Continue(()),
    });
    found.is_break()
}

/// The name of a function that stands in no schema.
fn plain(name: &ObjectName) -> Option<&str> {
    match name.0.as_slice() {
        [ObjectNamePart::Identifier(name)] => Some(&name.value),
        _ => None,
    }
}

fn alias_of(name: Ident) -> TableAlias {
    TableAlias {
        explicit: true,
        name,
        columns: Vec::new(),
        at: None,
    }
}

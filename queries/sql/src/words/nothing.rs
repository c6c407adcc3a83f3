//! What is asked of tables of PostgreSQL that have no rows here: only names and number of the columns matter, so that
//! the rest of the question need not be understood.

use datafusion::sql::sqlparser::ast::{
    Expr, FunctionArg, FunctionArgExpr, GroupByExpr, Ident, ObjectNamePart, Query, Select, SelectItem,
    SetExpr, TableFactor,
};

use super::{boolean, null};
use crate::pg_catalog::ALWAYS_EMPTY;

/// Forgets what a query asks that has no rows.
pub(super) fn forget_questions(query: &mut Query) {
    if forget_in(query.body.as_mut()) {
        query.order_by = None;
    }
}

/// Whether a query has no rows, because a table of PostgreSQL's that is empty here is among those that it reads.
pub(super) fn reads_nothing(query: &Query) -> bool {
    match query.body.as_ref() {
        SetExpr::Select(select) => {
            is_from_nothing(select) || (select.from.is_empty() && select.selection == Some(boolean(false)))
        }
        _ => false,
    }
}

/// Whether no part of it has rows.
fn forget_in(body: &mut SetExpr) -> bool {
    match body {
        SetExpr::Select(select) if is_from_nothing(select) => {
            select.projection.iter_mut().for_each(forget);
            select.selection = Some(boolean(false));
            if !select.projection.iter().any(has_aggregate) {
                // Nor what is joined need be understood.
                select.from.clear();
                select.group_by = GroupByExpr::Expressions(Vec::new(), Vec::new());
                select.having = None;
            }
            true
        }
        SetExpr::SetOperation { left, right, .. } => {
            let (left, right) = (forget_in(left), forget_in(right));
            left && right
        }
        _ => false,
    }
}

fn is_from_nothing(select: &Select) -> bool {
    select.from.iter().any(|from| is_always_empty(&from.relation))
}

fn is_always_empty(table: &TableFactor) -> bool {
    match table {
        TableFactor::Table { name, args: None, .. } => {
            let name = name.0.last().and_then(ObjectNamePart::as_ident);
            name.is_some_and(|name| ALWAYS_EMPTY.contains(&name.value.as_str()))
        }
        TableFactor::Table {
            name,
            args: Some(arguments),
            ..
        } => name.to_string() == "pg_catalog.unnest" && arguments.args.iter().all(is_empty_list),
        _ => false,
    }
}

/// Options and privileges of tables: nobody sets them here.
fn is_empty_list(argument: &FunctionArg) -> bool {
    let FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::CompoundIdentifier(names))) = argument else {
        return false;
    };
    let column = names.last().map(|name| name.value.as_str());
    column.is_some_and(|column| column.ends_with("options") || column.ends_with("acl"))
}

/// What a query over nothing selects: only the names of its columns matter.
fn forget(item: &mut SelectItem) {
    match item {
        SelectItem::UnnamedExpr(expr) if !is_aggregate(expr) => {
            let name = match expr {
                Expr::Identifier(name) => Some(name.clone()),
                Expr::CompoundIdentifier(names) => names.last().cloned(),
                Expr::Function(function) => {
                    function.name.0.last().and_then(ObjectNamePart::as_ident).cloned()
                }
                _ => None,
            };
            *item = SelectItem::ExprWithAlias {
                expr: null(),
                alias: name.unwrap_or_else(|| Ident::with_quote('"', "?column?")),
            };
        }
        SelectItem::ExprWithAlias { expr, .. } if !is_aggregate(expr) => *expr = null(),
        _ => {}
    }
}

fn has_aggregate(item: &SelectItem) -> bool {
    match item {
        SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => is_aggregate(expr),
        _ => true,
    }
}

/// An aggregate has a row over nothing, too.
pub(super) fn is_aggregate(expr: &Expr) -> bool {
    matches!(expr, Expr::Function(function) if ["count", "max", "min", "sum", "bool_or"]
        .iter()
        .any(|name| function.name.to_string().eq_ignore_ascii_case(name)))
}

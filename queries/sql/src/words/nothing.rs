//! What is asked of tables of PostgreSQL that have no rows here: only names and number of the columns matter, so that
//! the rest of the question need not be understood.

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, Expr, FunctionArg, FunctionArgExpr, GroupByExpr, Ident, Join, JoinOperator, ObjectName,
    ObjectNamePart, Query, Select, SelectItem, SelectItemQualifiedWildcardKind, SetExpr, TableFactor,
    TableWithJoins,
};

use super::{boolean, null};
use crate::pg_catalog::{column_names, is_always_empty};

/// Most `*` of a SELECT that are written out: each is tens of columns.
const STARS_MAX: usize = 16;

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
            name_all_columns(select);
            select.projection.iter_mut().for_each(forget);
            select.selection = Some(boolean(false));
            if !select.projection.iter().any(has_aggregate) {
                select.distinct = None;
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
    let demands = |selection: &Expr| demands_privileges(selection) && select.from.iter().all(is_of_catalog);
    select.from.iter().any(gives_nothing) || select.selection.as_ref().is_some_and(demands)
}

/// Whether a table is empty without which there is no row.
fn gives_nothing(from: &TableWithJoins) -> bool {
    let mut joins = from.joins.iter();
    let only_narrows = |join: &Join| {
        matches!(
            join.join_operator,
            JoinOperator::Join(_) | JoinOperator::Inner(_) | JoinOperator::CrossJoin(_)
        )
    };
    let inner = from.joins.iter().all(|join| {
        only_narrows(join)
            || matches!(
                join.join_operator,
                JoinOperator::Left(_) | JoinOperator::LeftOuter(_)
            )
    });
    is_empty(&from.relation) || (inner && joins.any(|join| only_narrows(join) && is_empty(&join.relation)))
}

fn is_of_catalog(from: &TableWithJoins) -> bool {
    matches!(&from.relation, TableFactor::Table { name, args: None, .. } if name.to_string().starts_with("pg_catalog."))
}

/// Whether a condition holds only where somebody has set privileges.
fn demands_privileges(condition: &Expr) -> bool {
    match condition {
        Expr::BinaryOp {
            left,
            op: BinaryOperator::And,
            right,
        } => demands_privileges(left) || demands_privileges(right),
        Expr::IsNotNull(column) => match column.as_ref() {
            Expr::Identifier(name) => name.value.ends_with("acl"),
            Expr::CompoundIdentifier(names) => names.last().is_some_and(|name| name.value.ends_with("acl")),
            _ => false,
        },
        _ => false,
    }
}

fn is_empty(table: &TableFactor) -> bool {
    match table {
        TableFactor::Table { name, args: None, .. } => {
            names_of(name).is_some_and(|(schema, name)| is_always_empty(schema, name))
        }
        TableFactor::Table {
            name,
            args: Some(arguments),
            ..
        } => name.to_string() == "pg_catalog.unnest" && arguments.args.iter().all(is_empty_list),
        TableFactor::Derived { subquery, .. } => match subquery.body.as_ref() {
            SetExpr::Select(select) => {
                is_from_nothing(select) && !select.projection.iter().any(has_aggregate)
            }
            _ => false,
        },
        _ => false,
    }
}

/// The schema, if it is named, and the name of a table.
fn names_of(name: &ObjectName) -> Option<(Option<&str>, &str)> {
    let mut names = name
        .0
        .iter()
        .rev()
        .map(|part| part.as_ident().map(|name| name.value.as_str()));
    let name = names.next()??;
    Some((names.next().flatten(), name))
}

/// Names the columns that `*` and `x.*` stand for, where all are of tables whose columns are known.
fn name_all_columns(select: &mut Select) {
    let is_star =
        |item: &&SelectItem| matches!(item, SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(..));
    if select.projection.iter().filter(is_star).count() > STARS_MAX {
        return;
    }
    let named = select.projection.iter().map(|item| match item {
        SelectItem::Wildcard(_) => columns(&select.from, None),
        SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), _) => {
            columns(&select.from, Some(names_of(name)?.1))
        }
        other => Some(vec![other.clone()]),
    });
    if let Some(named) = named.collect::<Option<Vec<_>>>() {
        select.projection = named.into_iter().flatten().collect();
    }
}

/// The columns of the tables that are read, or of the one that is called `of`.
fn columns(from: &[TableWithJoins], of: Option<&str>) -> Option<Vec<SelectItem>> {
    let tables = from.iter().flat_map(|from| {
        let joined = from.joins.iter().map(|join| &join.relation);
        std::iter::once(&from.relation).chain(joined)
    });
    let mut all = Vec::new();
    for table in tables {
        if of.is_some_and(|of| called(table) != Some(of)) {
            continue;
        }
        let TableFactor::Table { name, args: None, .. } = table else {
            return None;
        };
        let (schema, name) = names_of(name)?;
        let names = column_names(schema, name)?;
        all.extend(names.map(|name| SelectItem::UnnamedExpr(Expr::Identifier(Ident::new(name)))));
    }
    (!all.is_empty()).then_some(all)
}

/// The name of a table in its query.
fn called(table: &TableFactor) -> Option<&str> {
    match table {
        TableFactor::Table {
            alias: Some(alias), ..
        }
        | TableFactor::Derived {
            alias: Some(alias), ..
        } => Some(&alias.name.value),
        TableFactor::Table { name, .. } => names_of(name).map(|(_, name)| name),
        _ => None,
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

//! The walk through a statement: qualified functions and types, `OPERATOR(…)`, `COLLATE`, names of PostgreSQL's tables.

use std::ops::ControlFlow;

use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{
    BinaryOperator, Expr, Fetch, Ident, LimitClause, ObjectName, ObjectNamePart, Query, SelectItem, SetExpr,
    TableFactor, Value, ValueWithSpan, VisitorMut,
};

use super::doubled::tell_apart;
use super::functions_in_from::{name_series, row_of_function};
use super::lists::{array_of_rows, compare_with_list, list_bound, lists_for_subqueries, written_list};
use super::nothing::{forget_questions, is_aggregate, reads_nothing};
use super::time_formats::time_format;
use super::types::{function_name, is_of_object, make_plain, object_number};
use super::{call, null, take, visit};
use crate::pg_catalog::{PG_CATALOG, is_catalog_table};

/// Rewrites `statement`.
pub(crate) fn in_our_words(statement: &mut Statement) {
    // Nothing ends the walk before its end.
    let _: ControlFlow<()> = visit(statement, &mut Words);
}

struct Words;

impl VisitorMut for Words {
    type Break = ();

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<()> {
        forget_questions(query);
        name_series(query);
        tell_apart_in(query.body.as_mut());
        lists_for_subqueries(query);
        first_as_limit(query);
        ControlFlow::Continue(())
    }

    fn pre_visit_relation(&mut self, relation: &mut ObjectName) -> ControlFlow<()> {
        if let [part] = relation.0.as_slice()
            && part.as_ident().is_some_and(|name| is_catalog_table(&name.value))
        {
            relation
                .0
                .insert(0, ObjectNamePart::Identifier(Ident::new(PG_CATALOG)));
        }
        lower_schema(relation);
        ControlFlow::Continue(())
    }

    /// Table functions are found whatever their case, too.
    fn pre_visit_table_factor(&mut self, table: &mut TableFactor) -> ControlFlow<()> {
        if let TableFactor::Table {
            name, args: Some(_), ..
        }
        | TableFactor::Function { name, .. } = table
        {
            plain_name(name);
            row_of_function(table);
        }
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        compare_with_list(expr);
        match expr {
            Expr::Function(function) => {
                plain_name(&mut function.name);
                time_format(function);
                if let Some(other) = array_of_rows(function).or_else(|| list_bound(function)) {
                    *expr = other;
                }
            }
            Expr::Collate { expr: inner, .. } => *expr = take(inner),
            Expr::BinaryOp { left, op, right } => {
                plain_operator(op);
                no_function(left, right);
            }
            Expr::Cast {
                expr: inner,
                data_type,
                ..
            } => match (is_of_object(data_type), function_name(inner, data_type)) {
                (_, Some(name)) => *expr = name,
                (true, None) => *expr = object_number(take(inner)),
                (false, None) => {
                    written_list(inner, data_type);
                    make_plain(data_type);
                }
            },
            Expr::Subquery(query) => match reads_nothing(query) {
                true => *expr = null(),
                false => take_one_row(query),
            },
            Expr::Like {
                pattern, escape_char, ..
            }
            | Expr::ILike {
                pattern, escape_char, ..
            } => escape_by_backslash(pattern, escape_char),
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

/// `FETCH FIRST n ROWS ONLY` is `LIMIT n`.
fn first_as_limit(query: &mut Query) {
    let Some(fetch) = query.fetch.take_if(|fetch| !fetch.percent && !fetch.with_ties) else {
        return;
    };
    let first = fetch
        .quantity
        .or_else(|| Some(Expr::Value(Value::Number("1".to_owned(), false).into())));
    match &mut query.limit_clause {
        Some(LimitClause::LimitOffset { limit, .. }) if limit.is_none() => *limit = first,
        none @ None => {
            *none = Some(LimitClause::LimitOffset {
                limit: first,
                offset: None,
                limit_by: Vec::new(),
            });
        }
        // Both at once are an error, which the planner says.
        Some(_) => {
            query.fetch = Some(Fetch {
                with_ties: false,
                percent: false,
                quantity: first,
            })
        }
    }
}

/// Escapes by another character than the backslash, which is the only one that the query engine knows.
fn escape_by_backslash(pattern: &mut Expr, escape: &mut Option<ValueWithSpan>) {
    let Some(Value::SingleQuotedString(character)) = escape.as_ref().map(|escape| &escape.value) else {
        return;
    };
    if character.chars().count() != 1 || character == "\\" {
        return;
    }
    let doubled = character.repeat(2);
    // A character that no pattern has keeps the place of an escaped escape.
    let steps = [
        (doubled.as_str(), "\u{1}"),
        ("\\", "\\\\"),
        (character, "\\"),
        ("\u{1}", character),
    ];
    for (from, to) in steps {
        let text = |text: &str| Expr::Value(Value::SingleQuotedString(text.to_owned()).into());
        *pattern = call("replace", vec![take(pattern), text(from), text(to)]);
    }
    *escape = None;
}

/// A subquery for one value of PostgreSQL's tables, which are looked up by their keys: the query engine wants to be told
/// that there is one row at most.
fn take_one_row(query: &mut Query) {
    let SetExpr::Select(select) = query.body.as_mut() else {
        return;
    };
    let [from] = select.from.as_slice() else { return };
    let of_catalog = |table: &TableFactor| match table {
        TableFactor::Table { name, args: None, .. } => name.0.first().is_some_and(is_pg_catalog),
        _ => false,
    };
    let joined = from.joins.iter().all(|join| of_catalog(&join.relation));
    if let [SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. }] =
        select.projection.as_mut_slice()
        && of_catalog(&from.relation)
        && joined
        && query.limit_clause.is_none()
        && !is_aggregate(expr)
    {
        *expr = call("max", vec![take(expr)]);
        query.order_by = None;
    }
}

fn tell_apart_in(body: &mut SetExpr) {
    match body {
        SetExpr::Select(select) => tell_apart(select),
        SetExpr::SetOperation { left, right, .. } => {
            tell_apart_in(left);
            tell_apart_in(right);
        }
        // Visited as a query of its own.
        _ => {}
    }
}

/// Functions are found whatever their case, as everywhere in SQL; metrics and labels are not touched.
fn plain_name(name: &mut ObjectName) {
    if name.0.len() == 2 && is_pg_catalog(&name.0[0]) {
        name.0.remove(0);
    }
    if let [ObjectNamePart::Identifier(name)] = name.0.as_mut_slice()
        && name.quote_style.is_none()
    {
        name.value.make_ascii_lowercase();
    }
}

fn is_pg_catalog(part: &ObjectNamePart) -> bool {
    part.as_ident()
        .is_some_and(|name| name.value.eq_ignore_ascii_case(PG_CATALOG))
}

/// The schemas of PostgreSQL and what is in them are found in any case too.
fn lower_schema(relation: &mut ObjectName) {
    for i in 0..relation.0.len().saturating_sub(1) {
        if let ObjectNamePart::Identifier(schema) = &mut relation.0[i]
            && ["information_schema", PG_CATALOG].contains(&schema.value.to_ascii_lowercase().as_str())
        {
            schema.value.make_ascii_lowercase();
            if let ObjectNamePart::Identifier(table) = &mut relation.0[i + 1] {
                table.value.make_ascii_lowercase();
            }
        }
    }
}

/// Where PostgreSQL compares the number of a type's function with 0, ours have names, and `-` for none.
fn no_function(column: &Expr, compared: &mut Expr) {
    let name = match column {
        Expr::Identifier(name) => Some(name),
        Expr::CompoundIdentifier(names) => names.last(),
        _ => None,
    };
    let functions = ["typinput", "typoutput", "typreceive", "typsend"];
    if name.is_some_and(|name| functions.contains(&name.value.as_str()))
        && matches!(compared, Expr::Value(value) if value.value.to_string() == "0")
    {
        *compared = Expr::Value(Value::SingleQuotedString("-".to_owned()).into());
    }
}

/// `OPERATOR(pg_catalog.~)` is `~`.
fn plain_operator(op: &mut BinaryOperator) {
    if let BinaryOperator::PGCustomBinaryOperator(parts) = op {
        let plain = match parts.last().map(String::as_str) {
            Some("~") => BinaryOperator::PGRegexMatch,
            Some("~*") => BinaryOperator::PGRegexIMatch,
            Some("!~") => BinaryOperator::PGRegexNotMatch,
            Some("!~*") => BinaryOperator::PGRegexNotIMatch,
            Some("~~") => BinaryOperator::PGLikeMatch,
            Some("=") => BinaryOperator::Eq,
            Some("<>") => BinaryOperator::NotEq,
            _ => return,
        };
        *op = plain;
    }
}

//! Columns of one SELECT that have the same name: PostgreSQL allows them, the query engine does not. All but the first
//! get a number.

use std::collections::HashSet;

use datafusion::sql::sqlparser::ast::{
    Expr, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, SelectItem,
};

use super::take;

/// Levels of an expression that is printed to compare it: printing goes as deep on the stack.
const LEVELS_MAX: usize = 8;

/// Gives columns names of their own.
pub(super) fn tell_apart(items: &mut [SelectItem]) {
    let mut names: HashSet<String> = HashSet::new();
    for item in items {
        let Some(name) = name_of(item) else { continue };
        if names.insert(name.clone()) {
            continue;
        }
        let mut number = 2;
        let own = loop {
            let own = format!("{name}_{number}");
            if names.insert(own.clone()) {
                break own;
            }
            number += 1;
        };
        let alias = Ident::with_quote('"', own);
        match item {
            SelectItem::UnnamedExpr(expr) => {
                let expr = take(expr);
                *item = SelectItem::ExprWithAlias { expr, alias };
            }
            SelectItem::ExprWithAlias { alias: old, .. } => *old = alias,
            _ => {}
        }
    }
}

/// What the query engine would call a column, near enough: `a.x` and `b.x` are two names, `x` twice is one.
fn name_of(item: &SelectItem) -> Option<String> {
    match item {
        SelectItem::UnnamedExpr(Expr::Identifier(name)) => Some(name.value.clone()),
        SelectItem::UnnamedExpr(expr) => is_shallow(expr, LEVELS_MAX).then(|| expr.to_string()),
        SelectItem::ExprWithAlias { alias, .. } => Some(alias.value.clone()),
        _ => None,
    }
}

fn is_shallow(expr: &Expr, levels: usize) -> bool {
    let Some(levels) = levels.checked_sub(1) else {
        return false;
    };
    match expr {
        Expr::Value(_) | Expr::Identifier(_) | Expr::CompoundIdentifier(_) => true,
        Expr::Nested(inner) | Expr::Cast { expr: inner, .. } | Expr::UnaryOp { expr: inner, .. } => {
            is_shallow(inner, levels)
        }
        Expr::BinaryOp { left, right, .. } => is_shallow(left, levels) && is_shallow(right, levels),
        Expr::Function(function) => match &function.args {
            FunctionArguments::None => true,
            FunctionArguments::Subquery(_) => false,
            FunctionArguments::List(list) => list.args.iter().all(|argument| match argument {
                FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => is_shallow(expr, levels),
                FunctionArg::Unnamed(_) => true,
                _ => false,
            }),
        },
        _ => false,
    }
}

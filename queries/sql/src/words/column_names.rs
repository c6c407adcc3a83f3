//! Names of columns that have none of their own, as PostgreSQL gives them: `count(*)` is `count`, `1 + 1` is `?column?`.
//! The query engine would print the expression, which changes with the values of parameters.

use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{
    Expr, Ident, ObjectNamePart, SelectItem, SetExpr, Statement as AstStatement,
};

use super::doubled::tell_apart;
use super::take;

/// Names the columns that come out of `statement`.
pub(crate) fn name_columns(statement: &mut Statement) {
    let Statement::Statement(ast) = statement else {
        return;
    };
    let AstStatement::Query(query) = ast.as_mut() else {
        return;
    };
    let mut body = query.body.as_mut();
    loop {
        match body {
            // The first SELECT names the columns of all.
            SetExpr::SetOperation { left, .. } => body = left.as_mut(),
            SetExpr::Select(select) => {
                select.projection.iter_mut().for_each(name_item);
                return tell_apart(select);
            }
            _ => return,
        }
    }
}

fn name_item(item: &mut SelectItem) {
    let SelectItem::UnnamedExpr(expr) = item else {
        return;
    };
    if matches!(expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_)) {
        return;
    }
    let name = name_of(expr).unwrap_or_else(|| "?column?".to_owned());
    *item = SelectItem::ExprWithAlias {
        expr: take(expr),
        alias: Ident::with_quote('"', name),
    };
}

fn name_of(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Identifier(name) => Some(name.value.clone()),
        Expr::CompoundIdentifier(names) => names.last().map(|name| name.value.clone()),
        Expr::Function(function) => {
            let name = function.name.0.last().and_then(ObjectNamePart::as_ident)?;
            Some(name.value.to_ascii_lowercase())
        }
        Expr::Nested(inner) => name_of(inner),
        Expr::Cast { expr, data_type, .. } => {
            name_of(expr).or_else(|| Some(data_type.to_string().to_ascii_lowercase()))
        }
        Expr::Case { .. } => Some("case".to_owned()),
        Expr::CompoundFieldAccess { root, .. } => name_of(root),
        Expr::Exists { .. } => Some("exists".to_owned()),
        Expr::Extract { .. } => Some("extract".to_owned()),
        Expr::Array(_) => Some("array".to_owned()),
        _ => None,
    }
}

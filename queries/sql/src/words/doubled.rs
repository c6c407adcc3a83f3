//! Columns of one SELECT that have the same name: PostgreSQL allows them, the query engine does not. All but the first
//! get a number, and so does one that is named beside a `*` that has it.

use std::collections::{HashMap, HashSet};

use datafusion::sql::sqlparser::ast::{
    Expr, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, ObjectNamePart, Select, SelectItem,
    SelectItemQualifiedWildcardKind,
};

use super::take;

/// Levels of an expression that is printed to compare it: printing goes as deep on the stack.
const LEVELS_MAX: usize = 8;

/// Gives the columns of `select` names of their own.
pub(super) fn tell_apart(select: &mut Select) {
    let stars = Stars::of(select);
    let mut names: HashSet<String> = HashSet::new();
    let mut numbers: HashMap<String, usize> = HashMap::new();
    for item in &mut select.projection {
        let Some(name) = name_of(item) else { continue };
        let beside = stars.column(item);
        if beside.is_none() && names.insert(name.clone()) {
            continue;
        }
        let name = beside.or_else(|| last_name(item)).unwrap_or(name);
        let number = numbers.entry(name.clone()).or_insert(1);
        let own = loop {
            *number += 1;
            let own = format!("{name}_{number}");
            if names.insert(own.clone()) {
                break own;
            }
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

/// The `*` and `x.*` of a SELECT: a column that is named beside one comes twice.
struct Stars {
    /// `*`, or `x.*` of the only table.
    all: bool,
    of: HashSet<String>,
}

impl Stars {
    fn of(select: &Select) -> Self {
        let mut stars = Self {
            all: false,
            of: HashSet::new(),
        };
        for item in &select.projection {
            match item {
                SelectItem::Wildcard(_) => stars.all = true,
                SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), _) => {
                    stars.of.extend(
                        name.0
                            .last()
                            .and_then(ObjectNamePart::as_ident)
                            .map(|name| name.value.clone()),
                    );
                }
                _ => {}
            }
        }
        let only_one = matches!(select.from.as_slice(), [from] if from.joins.is_empty());
        stars.all |= only_one && !stars.of.is_empty();
        stars
    }

    /// The column of `item`, if one of them has it too.
    fn column(&self, item: &SelectItem) -> Option<String> {
        let SelectItem::UnnamedExpr(expr) = item else {
            return None;
        };
        match expr {
            Expr::Identifier(name) if self.all => Some(name.value.clone()),
            Expr::CompoundIdentifier(names) => match names.as_slice() {
                [.., table, name] if self.all || self.of.contains(&table.value) => Some(name.value.clone()),
                _ => None,
            },
            _ => None,
        }
    }
}

/// The name of a column without that of its table.
fn last_name(item: &SelectItem) -> Option<String> {
    match item {
        SelectItem::UnnamedExpr(Expr::CompoundIdentifier(names)) => Some(names.last()?.value.clone()),
        _ => None,
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

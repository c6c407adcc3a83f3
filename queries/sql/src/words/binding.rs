//! Parameters `$1`, `$2`, … of a statement: how many, what the statement casts them to, and values in their place.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{Expr, LimitClause, Query, Value, VisitorMut};

use super::{parameter_number, visit};
use crate::error::SqlError;

/// Puts `values` in the place of `$1`, `$2`, …; a parameter whose value is `None` stays.
pub(crate) fn bind(statement: &mut Statement, values: &[Option<Expr>]) -> Result<(), SqlError> {
    match visit(statement, &mut Binding(values)) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(name) => Err(SqlError::BadQuery(format!(
            "there is no parameter {name}: {} were given",
            values.len()
        ))),
    }
}

/// The largest N of the parameters `$N`.
pub(crate) fn parameter_count(statement: &mut Statement) -> usize {
    let mut counting = Counting(0);
    // Nothing ends the walk before its end, and nothing is changed.
    let _: ControlFlow<()> = visit(statement, &mut counting);
    counting.0
}

/// What the statement casts its parameters to, by their numbers: types as they are written, in small letters. Asked
/// before the statement is put in our words, which knows fewer types.
pub(crate) fn cast_types(statement: &mut Statement) -> BTreeMap<usize, String> {
    let mut casts = Casts(BTreeMap::new());
    // Nothing ends the walk before its end, and nothing is changed.
    let _: ControlFlow<()> = visit(statement, &mut casts);
    casts.0
}

struct Binding<'a>(&'a [Option<Expr>]);

impl VisitorMut for Binding<'_> {
    type Break = String;

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<String> {
        if let Expr::Value(value) = expr
            && let Value::Placeholder(name) = &value.value
        {
            let index: Option<usize> = name.strip_prefix('$').and_then(|number| number.parse().ok());
            match index.and_then(|index| self.0.get(index.checked_sub(1)?)) {
                Some(Some(value)) => *expr = value.clone(),
                Some(None) => {}
                None => return ControlFlow::Break(name.clone()),
            }
        }
        ControlFlow::Continue(())
    }
}

struct Counting(usize);

impl VisitorMut for Counting {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        self.0 = self.0.max(parameter_number(expr).unwrap_or_default());
        ControlFlow::Continue(())
    }
}

struct Casts(BTreeMap<usize, String>);

impl VisitorMut for Casts {
    type Break = ();

    /// What LIMIT and OFFSET take is a whole number.
    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<()> {
        let whole = match &query.limit_clause {
            Some(LimitClause::LimitOffset { limit, offset, .. }) => {
                [limit.as_ref(), offset.as_ref().map(|offset| &offset.value)]
            }
            Some(LimitClause::OffsetCommaLimit { offset, limit }) => [Some(limit), Some(offset)],
            None => [None, None],
        };
        for number in whole.into_iter().flatten().filter_map(parameter_number) {
            self.0.entry(number).or_insert_with(|| "int8".to_owned());
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        if let Expr::Cast { expr, data_type, .. } = expr
            && let Some(number) = parameter_number(expr)
        {
            let written = data_type.to_string().to_ascii_lowercase();
            let plain = written.strip_prefix("pg_catalog.").unwrap_or(&written);
            self.0.entry(number).or_insert_with(|| plain.to_owned());
        }
        ControlFlow::Continue(())
    }
}

//! A statement in the query engine's words. What PostgreSQL's clients write differently is written as it is understood
//! here. `rewriting` walks a statement, `types` turns casts, `lists` turns `= ANY(…)` and `ARRAY(…)`, `functions_in_from`
//! functions in the place of tables, `time_formats` patterns of times, `arrows` `labels->>'x'`, `column_names` names columns,
//! `nothing` answers what is asked of tables without rows, `doubled` tells columns of one name apart, `binding` puts values in
//! the place of parameters, `introspection` knows a few questions as a whole.

mod arrows;
mod binding;
mod column_names;
mod doubled;
mod functions_in_from;
mod introspection;
mod lists;
mod nothing;
mod rewriting;
mod time_formats;
mod types;

use std::ops::ControlFlow;

use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList, FunctionArguments, Ident, ObjectName,
    Value, VisitMut, VisitorMut,
};

pub(crate) use arrows::subscripts;
pub(crate) use binding::{bind, cast_types, parameter_count};
pub(crate) use column_names::name_columns;
pub(crate) use introspection::known_question;
pub(crate) use lists::{as_elements, in_lists};
pub(crate) use rewriting::in_our_words;

fn visit<V: VisitorMut>(statement: &mut Statement, visitor: &mut V) -> ControlFlow<V::Break> {
    match statement {
        Statement::Statement(statement) => statement.visit(visitor),
        Statement::Explain(explain) => visit(&mut explain.statement, visitor),
        _ => ControlFlow::Continue(()),
    }
}

fn take(expr: &mut Expr) -> Expr {
    std::mem::replace(expr, null())
}

fn null() -> Expr {
    Expr::Value(Value::Null.into())
}

fn boolean(value: bool) -> Expr {
    Expr::Value(Value::Boolean(value).into())
}

/// The number of a parameter `$N`.
fn parameter_number(expr: &Expr) -> Option<usize> {
    match expr {
        Expr::Value(value) => match &value.value {
            Value::Placeholder(name) => name.strip_prefix('$')?.parse().ok(),
            _ => None,
        },
        _ => None,
    }
}

/// A call of the function `name`.
pub(crate) fn call(name: &str, arguments: Vec<Expr>) -> Expr {
    let arguments = arguments
        .into_iter()
        .map(|argument| FunctionArg::Unnamed(FunctionArgExpr::Expr(argument)));
    Expr::Function(Function {
        name: ObjectName::from(vec![Ident::new(name)]),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: FunctionArguments::List(FunctionArgumentList {
            duplicate_treatment: None,
            args: arguments.collect(),
            clauses: Vec::new(),
        }),
        filter: None,
        null_treatment: None,
        over: None,
        within_group: Vec::new(),
    })
}

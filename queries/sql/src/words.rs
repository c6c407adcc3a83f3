//! A statement in the query engine's words. What PostgreSQL's clients write differently is written as it is
//! understood here: qualified functions and types, `OPERATOR(…)`, `COLLATE`, casts to names of objects.

use std::ops::ControlFlow;

use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{
    BinaryOperator, DataType, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList,
    FunctionArguments, Ident, ObjectName, ObjectNamePart, Query, SelectItem, SetExpr, TableFactor, Value,
    VisitMut, VisitorMut,
};

use crate::error::SqlError;
use crate::pg_catalog::{ALWAYS_EMPTY, is_catalog_table};

const PG_CATALOG: &str = "pg_catalog";

/// Rewrites `statement`.
pub(crate) fn in_our_words(statement: &mut Statement) {
    // Nothing ends the walk before its end.
    let _: ControlFlow<()> = visit(statement, &mut Words);
}

/// Puts `values` in the place of `$1`, `$2`, …
pub(crate) fn bind(statement: &mut Statement, values: &[Expr]) -> Result<(), SqlError> {
    match visit(statement, &mut Binding(values)) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(name) => Err(SqlError::BadQuery(format!(
            "there is no parameter {name}: {} were given",
            values.len()
        ))),
    }
}

/// The largest N of the parameters `$N`.
pub(crate) fn parameter_count(statement: &Statement) -> usize {
    let mut counting = Counting(0);
    // Nothing ends the walk before its end, and nothing is changed.
    let _: ControlFlow<()> = visit(&mut statement.clone(), &mut counting);
    counting.0
}

struct Counting(usize);

impl VisitorMut for Counting {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        if let Expr::Value(value) = expr
            && let Value::Placeholder(name) = &value.value
            && let Some(number) = name.strip_prefix('$').and_then(|number| number.parse().ok())
        {
            self.0 = self.0.max(number);
        }
        ControlFlow::Continue(())
    }
}

fn visit<V: VisitorMut>(statement: &mut Statement, visitor: &mut V) -> ControlFlow<V::Break> {
    match statement {
        Statement::Statement(statement) => statement.visit(visitor),
        Statement::Explain(explain) => visit(&mut explain.statement, visitor),
        _ => ControlFlow::Continue(()),
    }
}

struct Binding<'a>(&'a [Expr]);

impl VisitorMut for Binding<'_> {
    type Break = String;

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<String> {
        if let Expr::Value(value) = expr
            && let Value::Placeholder(name) = &value.value
        {
            let index: Option<usize> = name.strip_prefix('$').and_then(|number| number.parse().ok());
            match index.and_then(|index| self.0.get(index.checked_sub(1)?)) {
                Some(value) => *expr = value.clone(),
                None => return ControlFlow::Break(name.clone()),
            }
        }
        ControlFlow::Continue(())
    }
}

struct Words;

impl VisitorMut for Words {
    type Break = ();

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<()> {
        if let SetExpr::Select(select) = query.body.as_mut() {
            let from_nothing = select.from.iter().any(|from| is_always_empty(&from.relation));
            if from_nothing {
                // What is never asked for need not be understood.
                select.projection.iter_mut().for_each(forget);
                select.selection = Some(Expr::Value(Value::Boolean(false).into()));
                query.order_by = None;
            }
        }
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
        lower_function_of_table(relation);
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
        }
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        match expr {
            Expr::Function(function) => plain_name(&mut function.name),
            Expr::Collate { expr: inner, .. } => *expr = take(inner),
            Expr::BinaryOp { op, .. } => plain_operator(op),
            Expr::Cast {
                expr: inner,
                data_type,
                ..
            } => match of_object(data_type) {
                true => *expr = object_number(take(inner)),
                false => plain_type(data_type),
            },
            Expr::Subquery(query) if reads_nothing(query) => *expr = null(),
            Expr::AnyOp {
                left,
                compare_op,
                right,
                ..
            } if !matches!(right.as_ref(), Expr::Subquery(_)) && *compare_op == BinaryOperator::Eq => {
                // `x = ANY(list)`.
                *expr = call("array_has", vec![take(right), take(left)]);
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

fn take(expr: &mut Expr) -> Expr {
    std::mem::replace(expr, null())
}

fn null() -> Expr {
    Expr::Value(Value::Null.into())
}

fn call(name: &str, arguments: Vec<Expr>) -> Expr {
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

/// The schemas of PostgreSQL are found in any case too.
fn lower_function_of_table(relation: &mut ObjectName) {
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

fn type_word(data_type: &DataType) -> Option<String> {
    match data_type {
        DataType::Custom(name, _) => {
            let last = name.0.last()?.as_ident()?;
            Some(last.value.to_ascii_lowercase())
        }
        DataType::Regclass => Some("regclass".to_owned()),
        _ => None,
    }
}

/// Whether a type holds numbers of objects, which are written as names.
fn of_object(data_type: &DataType) -> bool {
    type_word(data_type).is_some_and(|word| {
        [
            "regclass",
            "regtype",
            "regproc",
            "regprocedure",
            "regnamespace",
            "oid",
        ]
        .contains(&word.as_str())
    })
}

fn object_number(expr: Expr) -> Expr {
    match &expr {
        Expr::Value(value) if matches!(value.value, Value::SingleQuotedString(_)) => {
            call("to_regclass", vec![expr])
        }
        _ => expr,
    }
}

fn plain_type(data_type: &mut DataType) {
    let Some(word) = type_word(data_type) else { return };
    let plain = match word.as_str() {
        "text" | "name" | "char" | "bpchar" | "varchar" | "json" | "jsonb" | "uuid" | "inet" | "cstring"
        | "xml" | "int2vector" | "oidvector" => DataType::Text,
        "int2" => DataType::SmallInt(None),
        "int4" => DataType::Int(None),
        "int8" => DataType::BigInt(None),
        "float4" => DataType::Real,
        "float8" => DataType::DoublePrecision,
        "bool" => DataType::Boolean,
        _ => return,
    };
    *data_type = plain;
}

fn is_always_empty(table: &TableFactor) -> bool {
    match table {
        TableFactor::Table { name, args: None, .. } => {
            let name = name.0.last().and_then(ObjectNamePart::as_ident);
            name.is_some_and(|name| ALWAYS_EMPTY.contains(&name.value.as_str()))
        }
        _ => false,
    }
}

/// Whether a query has no rows, because a table of PostgreSQL's that is empty here is among those that it reads.
fn reads_nothing(query: &Query) -> bool {
    match query.body.as_ref() {
        SetExpr::Select(select) => select.from.iter().any(|from| is_always_empty(&from.relation)),
        _ => false,
    }
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

/// An aggregate has a row over nothing, too.
fn is_aggregate(expr: &Expr) -> bool {
    matches!(expr, Expr::Function(function) if ["count", "max", "min", "sum", "bool_or"]
        .iter()
        .any(|name| function.name.to_string().eq_ignore_ascii_case(name)))
}

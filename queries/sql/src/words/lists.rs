//! Lists: `x = ANY(list)` and `x <> ALL(list)` become `IN` and `NOT IN` where the list is written out or bound, so
//! that the scan can hold them; `ARRAY(SELECT …)` becomes an aggregate.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{
    ArrayElemTypeDef, BinaryOperator, CastKind, DataType, Expr, Function, FunctionArg, FunctionArgExpr,
    FunctionArguments, OrderByKind, Query, SelectItem, SetExpr, Statement as AstStatement, TableFactor,
    UnaryOperator, Value, Visit, VisitMut, Visitor, VisitorMut,
};

use super::nothing::reads_nothing;
use super::{boolean, call, null, parameter_number, take, visit};
use crate::guard::parse_one;
use crate::list_text::list_elements;

/// Writes comparisons with lists that are known by now as `IN`.
pub(crate) fn in_lists(statement: &mut Statement) {
    // Nothing ends the walk before its end.
    let _: ControlFlow<()> = visit(statement, &mut InLists);
}

/// Writes comparisons with lists that are parameters as comparisons with one element, so that the type of the element
/// can be inferred. Gives the numbers of those parameters.
pub(crate) fn as_elements(statement: &mut Statement) -> BTreeSet<usize> {
    let mut elements = AsElements(BTreeSet::new());
    // Nothing ends the walk before its end.
    let _: ControlFlow<()> = visit(statement, &mut elements);
    elements.0
}

struct InLists;

impl VisitorMut for InLists {
    type Break = ();

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        compare_with_list(expr);
        ControlFlow::Continue(())
    }
}

struct AsElements(BTreeSet<usize>);

impl VisitorMut for AsElements {
    type Break = ();

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        let Some(compared) = compared(expr) else {
            return ControlFlow::Continue(());
        };
        let (left, op, right) = (compared.left, compared.op.clone(), compared.right);
        let (list, element_type) = uncast(right);
        if let Some(number) = parameter_number(list) {
            self.0.insert(number);
            let element = match element_type {
                Some(data_type) => cast(list.clone(), data_type.clone()),
                None => list.clone(),
            };
            *expr = Expr::BinaryOp {
                left: Box::new(take(left)),
                op,
                right: Box::new(element),
            };
        }
        ControlFlow::Continue(())
    }
}

/// A comparison with the elements of a list.
struct Compared<'a> {
    left: &'a mut Expr,
    op: &'a BinaryOperator,
    right: &'a mut Expr,
    all: bool,
}

fn compared(expr: &mut Expr) -> Option<Compared<'_>> {
    match expr {
        Expr::AnyOp {
            left,
            compare_op,
            right,
            ..
        } if !matches!(right.as_ref(), Expr::Subquery(_)) => Some(Compared {
            left,
            op: compare_op,
            right,
            all: false,
        }),
        Expr::AllOp {
            left,
            compare_op,
            right,
        } if !matches!(right.as_ref(), Expr::Subquery(_)) => Some(Compared {
            left,
            op: compare_op,
            right,
            all: true,
        }),
        _ => None,
    }
}

/// Rewrites one comparison whose list is known.
pub(super) fn compare_with_list(expr: &mut Expr) {
    let Some(compared) = compared(expr) else { return };
    let negated = match (compared.op, compared.all) {
        (BinaryOperator::Eq, false) => false,
        (BinaryOperator::NotEq, true) => true,
        _ => return,
    };
    let (list, element_type) = uncast(compared.right);
    if parameter_number(list).is_some() {
        return;
    }
    let left = compared.left;
    *expr = match elements(list) {
        // Equal to none of nothing.
        Some(items) if items.is_empty() => boolean(negated),
        Some(items) => {
            let typed = items.into_iter().map(|item| match element_type {
                Some(data_type) => cast(item, data_type.clone()),
                None => item,
            });
            let list = typed.collect();
            Expr::InList {
                expr: Box::new(take(left)),
                list,
                negated,
            }
        }
        None if negated => return,
        None => {
            let list = take(compared.right);
            call("array_has", vec![list, take(left)])
        }
    };
}

/// A list without parentheses and casts around it, and what its elements are cast to.
fn uncast(list: &Expr) -> (&Expr, Option<&DataType>) {
    match list {
        Expr::Nested(inner) => uncast(inner),
        Expr::Cast {
            expr,
            data_type: DataType::Array(ArrayElemTypeDef::SquareBracket(element, _)),
            ..
        } => (uncast(expr).0, Some(element)),
        _ => (list, None),
    }
}

/// The elements of a list that is written out: `ARRAY[…]`, `make_array(…)` or `'{…}'`.
fn elements(list: &Expr) -> Option<Vec<Expr>> {
    match list {
        Expr::Array(array) => Some(array.elem.clone()),
        Expr::Function(function) if function.name.to_string() == "make_array" => {
            let FunctionArguments::List(arguments) = &function.args else {
                return None;
            };
            let plain = arguments.args.iter().map(|argument| match argument {
                FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr.clone()),
                _ => None,
            });
            plain.collect()
        }
        Expr::Value(value) => match &value.value {
            Value::SingleQuotedString(text) => {
                let elements = list_elements(text)?.into_iter().map(|element| match element {
                    Some(text) => Expr::Value(Value::SingleQuotedString(text).into()),
                    None => null(),
                });
                Some(elements.collect())
            }
            _ => None,
        },
        _ => None,
    }
}

/// `'{a,b}'`, where it is cast to a list, as a list.
pub(super) fn written_list(expr: &mut Expr, data_type: &DataType) {
    if matches!(data_type, DataType::Array(_))
        && matches!(expr, Expr::Value(_))
        && let Some(items) = elements(expr)
    {
        *expr = call("make_array", items);
    }
}

fn cast(expr: Expr, data_type: DataType) -> Expr {
    Expr::Cast {
        kind: CastKind::Cast,
        expr: Box::new(expr),
        data_type,
        array: false,
        format: None,
    }
}

/// `ARRAY(SELECT x …)` with its rows as a list; no rows are an empty list, not null.
pub(super) fn array_of_rows(function: &mut Function) -> Option<Expr> {
    let FunctionArguments::Subquery(query) = &mut function.args else {
        return None;
    };
    if !function.name.to_string().eq_ignore_ascii_case("array") {
        return None;
    }
    if reads_nothing(query) {
        let element = Box::new(DataType::Text);
        let list = DataType::Array(ArrayElemTypeDef::SquareBracket(element, None));
        return Some(cast(call("make_array", Vec::new()), list));
    }
    list_of(query.as_ref().clone())
}

/// The rows of a query with one column as a list.
fn list_of(query: Query) -> Option<Expr> {
    let aggregate = "SELECT coalesce(array_agg(element), make_array()) FROM (SELECT 1) AS rows(element)";
    let mut around = parsed_query(aggregate)?;
    put_into(&mut around, query);
    Some(Expr::Subquery(around))
}

/// A query that is written here.
pub(super) fn parsed_query(sql: &str) -> Option<Box<Query>> {
    let Statement::Statement(statement) = parse_one(sql).ok()? else {
        return None;
    };
    match *statement {
        AstStatement::Query(query) => Some(query),
        _ => None,
    }
}

/// `x IN (SELECT …)` as a value that is selected or sorted by, which the query engine does not plan: as a look into a list.
pub(super) fn lists_for_subqueries(query: &mut Query) {
    let turn = |expr: &mut Expr| {
        // Nothing ends the walk before its end.
        let _: ControlFlow<()> = VisitMut::visit(expr, &mut LooksIntoLists);
    };
    if let SetExpr::Select(select) = query.body.as_mut() {
        for item in &mut select.projection {
            if let SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } = item {
                turn(expr);
            }
        }
    }
    if let Some(order) = &mut query.order_by
        && let OrderByKind::Expressions(expressions) = &mut order.kind
    {
        expressions.iter_mut().for_each(|order| turn(&mut order.expr));
    }
}

/// From the outside in, so that what is within is still seen.
struct LooksIntoLists;

impl VisitorMut for LooksIntoLists {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        look_into_list(expr);
        ControlFlow::Continue(())
    }
}

/// True where the list has the value, else null where it has nulls, else false, as SQL has it.
fn look_into_list(expr: &mut Expr) {
    let Expr::InSubquery {
        expr: value,
        subquery,
        negated,
    } = expr
    else {
        return;
    };
    // The list stands there twice, so one in it would four times, and so on: the planner refuses those.
    if asks_others(subquery) {
        return;
    }
    let Some(list) = list_of(subquery.as_ref().clone()) else {
        return;
    };
    let has = call("array_has", vec![list.clone(), take(value)]);
    let has_null = Expr::IsNotNull(Box::new(call("array_position", vec![list, null()])));
    let unknown = call("nullif", vec![has_null, boolean(true)]);
    let found = Expr::Nested(Box::new(Expr::BinaryOp {
        left: Box::new(has),
        op: BinaryOperator::Or,
        right: Box::new(unknown),
    }));
    *expr = match negated {
        true => Expr::UnaryOp {
            op: UnaryOperator::Not,
            expr: Box::new(found),
        },
        false => found,
    };
}

/// Whether a query has others in it.
fn asks_others(query: &Query) -> bool {
    struct Queries(usize);
    impl Visitor for Queries {
        type Break = ();

        fn pre_visit_query(&mut self, _: &Query) -> ControlFlow<()> {
            self.0 += 1;
            match self.0 {
                1 => ControlFlow::Continue(()),
                _ => ControlFlow::Break(()),
            }
        }
    }
    query.visit(&mut Queries(0)).is_break()
}

/// `array_lower(list, 1)` and `array_upper(list, 1)`: lists begin at 1 and end at their length; empty ones have neither.
pub(super) fn list_bound(function: &Function) -> Option<Expr> {
    let FunctionArguments::List(arguments) = &function.args else {
        return None;
    };
    let [
        FunctionArg::Unnamed(FunctionArgExpr::Expr(list)),
        FunctionArg::Unnamed(FunctionArgExpr::Expr(dimension)),
    ] = arguments.args.as_slice()
    else {
        return None;
    };
    let length = call("array_length", vec![list.clone(), dimension.clone()]);
    let length = call("nullif", vec![cast(length, DataType::BigInt(None)), number(0)]);
    match function.name.to_string().as_str() {
        "array_upper" => Some(length),
        // 1 where there is a length. The list stands here once: calls within each other must not grow by powers of two.
        "array_lower" => Some(cast(call("signum", vec![length]), DataType::BigInt(None))),
        _ => None,
    }
}

fn number(value: i64) -> Expr {
    Expr::Value(Value::Number(value.to_string(), false).into())
}

/// Puts `query` in the place of the derived table of `around`.
fn put_into(around: &mut Query, query: Query) {
    if let SetExpr::Select(select) = around.body.as_mut()
        && let Some(from) = select.from.first_mut()
        && let TableFactor::Derived { subquery, .. } = &mut from.relation
    {
        **subquery = query;
    }
}

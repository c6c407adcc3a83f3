//! Conditions on one label as matchers. SQL and matchers differ on absent labels: a null satisfies no
//! comparison, whereas a matcher reads an absent label as empty. Hence `a <> 'x'` is `a!="x", a!=""`.

use datafusion::common::ScalarValue;
use datafusion::logical_expr::expr::{InList, Like};
use datafusion::logical_expr::{BinaryExpr, Cast, Expr, Operator};
use engine_model::{MatchOp, Matcher};

use super::columns::{Column, Columns, LABELS};

/// The matchers that hold exactly when `expr` is true.
pub(super) fn label_condition(expr: &Expr, columns: &Columns) -> Option<Vec<Matcher>> {
    match expr {
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => match op {
            Operator::Eq => one_of(equality(expr, columns)?),
            Operator::NotEq => {
                let (label, value) = sides(left, right, columns)?;
                let mut matchers = vec![present(label)];
                if !value.is_empty() {
                    matchers.push(Matcher::new(MatchOp::NotEqual, label, value).ok()?);
                }
                Some(matchers)
            }
            Operator::Or => one_of(equality(expr, columns)?),
            _ => None,
        },
        Expr::IsNull(inner) => Some(vec![Matcher::equal(label(inner, columns)?, "")]),
        Expr::IsNotNull(inner) => Some(vec![present(label(inner, columns)?)]),
        Expr::InList(list) if list.negated => {
            let (label, values) = members(list, columns)?;
            let none_of = Matcher::new(MatchOp::NotRegex, label, alternation(&values)).ok()?;
            Some(vec![present(label), none_of])
        }
        Expr::InList(_) => one_of(equality(expr, columns)?),
        Expr::Like(like) => like_condition(like, columns),
        _ => None,
    }
}

/// A label and the values of which it must have one.
type OneOf<'a> = (&'a str, Vec<&'a str>);

/// Reads `a = 'x'`, `a IN ('x', 'y')`, and the two joined by OR when they are on the same label.
fn equality<'a>(expr: &'a Expr, columns: &Columns) -> Option<OneOf<'a>> {
    match expr {
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => match op {
            Operator::Eq => {
                let (label, value) = sides(left, right, columns)?;
                Some((label, vec![value]))
            }
            Operator::Or => {
                let (label, mut values) = equality(left, columns)?;
                let (other, more) = equality(right, columns)?;
                values.extend(more);
                (label == other).then_some((label, values))
            }
            _ => None,
        },
        Expr::InList(list) if !list.negated => members(list, columns),
        _ => None,
    }
}

fn members<'a>(list: &'a InList, columns: &Columns) -> Option<OneOf<'a>> {
    let values: Option<Vec<&str>> = list.list.iter().map(text).collect();
    Some((label(&list.expr, columns)?, values?))
}

fn one_of((label, mut values): OneOf<'_>) -> Option<Vec<Matcher>> {
    // No label has an empty value, so nothing equals ''; a matcher would find the absent ones.
    values.retain(|value| !value.is_empty());
    match values.as_slice() {
        [] => None,
        [value] => Some(vec![Matcher::equal(label, *value)]),
        values => Some(vec![
            Matcher::new(MatchOp::Regex, label, alternation(values)).ok()?,
        ]),
    }
}

fn like_condition(like: &Like, columns: &Columns) -> Option<Vec<Matcher>> {
    let label = label(&like.expr, columns)?;
    let pattern = text(&like.pattern)?;
    if like.case_insensitive || like.escape_char.is_some() || pattern.contains('\\') {
        return None;
    }
    let mut regex = String::with_capacity(pattern.len());
    for c in pattern.chars() {
        match c {
            '%' => regex.push_str(".*"),
            '_' => regex.push('.'),
            c => regex.push_str(&regex::escape(c.encode_utf8(&mut [0; 4]))),
        }
    }
    let op = if like.negated {
        MatchOp::NotRegex
    } else {
        MatchOp::Regex
    };
    Some(vec![present(label), Matcher::new(op, label, regex).ok()?])
}

/// Matches where the label exists.
fn present(label: &str) -> Matcher {
    Matcher::new(MatchOp::NotEqual, label, "").expect("only regular expressions can be invalid")
}

fn alternation(values: &[&str]) -> String {
    let escaped: Vec<String> = values.iter().map(|value| regex::escape(value)).collect();
    escaped.join("|")
}

/// Label and text of a comparison, whichever side each is on.
fn sides<'a>(left: &'a Expr, right: &'a Expr, columns: &Columns) -> Option<(&'a str, &'a str)> {
    match label(left, columns) {
        Some(label) => Some((label, text(right)?)),
        None => Some((label(right, columns)?, text(left)?)),
    }
}

/// The label that an expression reads: a label column or `labels['name']`.
fn label<'a>(expr: &'a Expr, columns: &Columns) -> Option<&'a str> {
    match expr {
        Expr::Column(column) => match columns.find(&column.name)? {
            Column::Label(_) => Some(&column.name),
            _ => None,
        },
        Expr::Cast(Cast { expr, field }) if field.data_type().is_string() => label(expr, columns),
        Expr::ScalarFunction(call) if call.name() == "get_field" => match call.args.as_slice() {
            [Expr::Column(map), name] if map.name == LABELS => text(name),
            _ => None,
        },
        _ => None,
    }
}

fn text(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Literal(ScalarValue::Dictionary(_, value), _) => value.try_as_str().flatten(),
        Expr::Literal(value, _) => value.try_as_str().flatten(),
        _ => None,
    }
}

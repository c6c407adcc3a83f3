//! Makes a failing expression small: sub-expressions instead of the whole, or instead of what contains them.

use queries_promql::parser::{Expr, ParseOptions, ValueType, parse_expr};

/// Expressions that are smaller than `query` and likely to fail for the same reason, smallest first.
pub(super) fn candidates(query: &str) -> Vec<String> {
    let Ok(root) = parse_expr(query, &ParseOptions::ALL) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    root.walk(&mut |outer| {
        if matches!(outer.value_type(), ValueType::Scalar | ValueType::Vector) {
            found.push(text(query, outer));
        }
        outer.walk(&mut |inner| found.extend(replaced(query, outer, inner)));
    });
    found.retain(|candidate| candidate.len() < query.len());
    found.sort_by_key(String::len);
    found.dedup();
    found
}

fn text(query: &str, expr: &Expr) -> String {
    query[expr.span().start..expr.span().end].to_owned()
}

/// The query with `inner` in the place of `outer`, which contains it.
fn replaced(query: &str, outer: &Expr, inner: &Expr) -> Option<String> {
    let same_type = outer.value_type() == inner.value_type() && outer.span() != inner.span();
    let span = outer.span();
    same_type.then(|| {
        let inner = text(query, inner);
        format!("{}{inner}{}", &query[..span.start], &query[span.end..])
    })
}

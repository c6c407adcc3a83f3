//! Shapes of trees: precedence, spans, and durations that depend on the query.

use super::*;
use crate::parser::ast::{At, Cardinality, Edges};

/// The tree with every operation in parentheses.
fn shape(expr: &Expr) -> String {
    match expr {
        Expr::Binary(e) => format!("({} {} {})", shape(&e.lhs), e.op, shape(&e.rhs)),
        Expr::Unary(e) => format!("({}{})", e.op.as_str(), shape(&e.expr)),
        other => other.to_string(),
    }
}

#[test]
fn precedence() {
    for (query, expected) in [
        ("a + b * c ^ d", "(a + (b * (c ^ d)))"),
        ("a ^ b ^ c", "(a ^ (b ^ c))"),
        ("a - b - c", "((a - b) - c)"),
        ("a or b and c unless d", "(a or ((b and c) unless d))"),
        ("a == b + c > d", "((a == (b + c)) > d)"),
        ("-a ^ b", "(-(a ^ b))"),
        ("-a * b", "((-a) * b)"),
        ("-1 ^ 2", "(-(1 ^ 2))"),
        ("a ^ -b * c", "((a ^ (-b)) * c)"),
        ("a atan2 b % c", "((a atan2 b) % c)"),
        ("a </ 5 + b >/ c", "((a </ (5 + b)) >/ c)"),
        ("and and or or unless", "((and and or) or unless)"),
        ("a offset 5m + 2", "(a offset 5m + 2)"),
        ("a offset -2 ^ 2", "(a offset -2s ^ 2)"),
        ("a offset (1m + 2m) * 2", "a offset (1m + 2m) * 2"),
        (
            "sum by (by) (without) / on (on) offset",
            "(sum by (by) (without) / offset)",
        ),
        ("fill + fill_left", "(fill + fill_left)"),
    ] {
        assert_eq!(shape(&parse(query).expect(query)), expected, "{query}");
    }
}

#[test]
fn spans_reach_from_the_first_to_the_last_token() {
    for query in [
        "a",
        "a{b=\"c\"} @ 5",
        "a[5m] offset 1h",
        "a[5m] smoothed",
        "abs(a)[5m:1m] @ start()",
        "sum by (a) (b)",
        "sum(b) by (a)",
        "-(a + 1)",
        "-1",
        "topk(1, a) + on (b) c",
        "\"text\"",
    ] {
        let expr = parse(query).expect(query);
        assert_eq!(expr.span(), Span::new(0, query.len()), "{query}");
    }
    let Expr::Binary(sum) = parse(" sum(a)  + b").unwrap() else {
        panic!("a sum");
    };
    assert_eq!((sum.lhs.span(), sum.span), (Span::new(1, 7), Span::new(1, 12)));
}

#[test]
fn nodes_carry_what_was_written() {
    let Expr::Matrix(matrix) = parse("a{b=\"c\"}[1m] anchored @ 2 offset -3s").unwrap() else {
        panic!("a range selector");
    };
    let selector = &matrix.selector;
    assert_eq!((matrix.range_ms, selector.edges), (60_000, Edges::Anchored));
    assert_eq!(
        (selector.modifiers.at, selector.modifiers.offset_ms),
        (Some(At::Timestamp(2000)), -3000)
    );
    assert_eq!((selector.name.as_str(), selector.matchers.len()), ("a", 2));

    for (query, card) in [
        ("a + b", Cardinality::OneToOne),
        ("a + on (c) group_left b", Cardinality::ManyToOne),
        ("a + on (c) group_right b", Cardinality::OneToMany),
        ("a and b", Cardinality::ManyToMany),
    ] {
        let Expr::Binary(binary) = parse(query).unwrap() else {
            panic!("an operation");
        };
        assert_eq!(binary.matching.map(|m| m.card), Some(card), "{query}");
    }
    let Expr::Binary(binary) = parse("a + 1").unwrap() else {
        panic!("an operation");
    };
    assert_eq!(binary.matching, None);
    assert_eq!(parse("time() + 1").unwrap().value_type(), ValueType::Scalar);
    assert_eq!(
        parse("(-(a))").unwrap().unwrap_parens().value_type(),
        ValueType::Vector
    );
}

#[test]
fn durations_are_resolved_for_a_query() {
    let context = DurationContext {
        step_ms: 15_000,
        range_ms: 3_600_000,
    };
    for (query, expected) in [
        ("a[step()]", Ok(15_000)),
        ("a[range() / 2 + 1m]", Ok(1_860_000)),
        ("a[min_of(step(), 5s) ^ 2]", Ok(25_000)),
        ("a[-(-5m)]", Ok(300_000)),
        ("a[max_of(range(), 1d) % 7]", Ok(6_000)),
        ("a[1.0004 * 1]", Ok(1000)),
        ("a[step() - 15]", Err("2:13: duration must be greater than 0")),
        ("a[1 / (step() - 15)]", Err("2:18: division by zero")),
        ("a[0 / (step() - 15)]", Err("2:18: division by zero")),
        ("a[step() % (step() - 15)]", Err("2:23: modulo by zero")),
        ("a[10 ^ 30 * 1]", Err("2:13: duration is out of range")),
        ("a[10 ^ 999 * 1]", Err("2:14: duration is NaN or infinite")),
    ] {
        let mut expr = parse(query).expect(query);
        let resolved = resolve_durations(&mut expr, context).map_err(|e| e.to_string());
        let Expr::Matrix(matrix) = expr else {
            panic!("a range selector");
        };
        let got = resolved.map(|()| matrix.range_ms);
        assert_eq!(got, expected.map_err(str::to_owned), "{query}");
    }
    let mut nested =
        parse("sum(rate(a[step()] offset -step()))[range() + 0s:step() * 2] offset step()").unwrap();
    resolve_durations(&mut nested, context).unwrap();
    let Expr::Subquery(subquery) = &nested else {
        panic!("a subquery");
    };
    assert_eq!((subquery.range_ms, subquery.step_ms), (3_600_000, 30_000));
    assert_eq!(subquery.modifiers.offset_ms, 15_000);
    let mut inner = None;
    nested.walk(&mut |expr| {
        if let Expr::Matrix(matrix) = expr {
            inner = Some((matrix.range_ms, matrix.selector.modifiers.offset_ms));
        }
    });
    assert_eq!(inner, Some((15_000, -15_000)));
}

//! The type check of a parsed expression, with Prometheus's words. Also settles how vectors match.

use super::ast::{AggregateExpr, BinaryExpr, Call, Cardinality, Expr, ValueType, VectorSelector};
use super::error::Fault;
use super::operators::AggregateOp;
use super::position::Span;
use super::signatures::Arity;
use engine_model::labels::{METRIC_NAME, Quoted};

type Checked = Result<(), Fault>;

/// Checks `expr` and everything below it; the first fault in order of evaluation is returned.
pub(super) fn check(query: &str, expr: &mut Expr) -> Checked {
    Check { query }.expr(expr)
}

struct Check<'a> {
    query: &'a str,
}

fn fault<T>(span: Span, message: impl Into<String>) -> Result<T, Fault> {
    Err(Fault::new(span, message))
}

impl Check<'_> {
    fn expr(&self, expr: &mut Expr) -> Checked {
        match expr {
            Expr::Aggregate(aggregate) => self.aggregate(aggregate),
            Expr::Binary(binary) => self.binary(binary),
            Expr::Call(call) => self.call(call),
            Expr::Matrix(matrix) => self.selector(&matrix.selector, true),
            Expr::Vector(selector) => self.selector(selector, true),
            Expr::Number(_) | Expr::String(_) => Ok(()),
            Expr::Paren(paren) => self.expr(&mut paren.expr),
            Expr::Subquery(subquery) => {
                self.expr(&mut subquery.expr)?;
                match subquery.expr.value_type() {
                    ValueType::Vector => Ok(()),
                    other => {
                        let got = other.internal();
                        fault(
                            subquery.span,
                            format!("subquery is only allowed on instant vector, got {got} instead"),
                        )
                    }
                }
            }
            Expr::Unary(unary) => {
                self.expr(&mut unary.expr)?;
                match unary.expr.value_type() {
                    ValueType::Scalar | ValueType::Vector => Ok(()),
                    other => fault(
                        unary.span,
                        format!(
                            "unary expression only allowed on expressions of type scalar or instant vector, got \"{}\"",
                            other.documented()
                        ),
                    ),
                }
            }
        }
    }

    fn expect(&self, expr: &mut Expr, wanted: ValueType, context: &str) -> Checked {
        self.expr(expr)?;
        let got = expr.value_type();
        if got == wanted {
            return Ok(());
        }
        let (wanted, got) = (wanted.documented(), got.documented());
        fault(
            expr.span(),
            format!("expected type {wanted} in {context}, got {got}"),
        )
    }

    fn aggregate(&self, aggregate: &mut AggregateExpr) -> Checked {
        self.expect(&mut aggregate.expr, ValueType::Vector, "aggregation expression")?;
        let Some(param) = &mut aggregate.param else {
            return Ok(());
        };
        let wanted = match aggregate.op {
            AggregateOp::CountValues => ValueType::String,
            _ => ValueType::Scalar,
        };
        self.expect(param, wanted, "aggregation parameter")
    }

    fn binary(&self, binary: &mut BinaryExpr) -> Checked {
        self.expr(&mut binary.lhs)?;
        self.expr(&mut binary.rhs)?;
        let (lhs, rhs) = (binary.lhs.value_type(), binary.rhs.value_type());
        let (op, span) = (binary.op, binary.span);
        if binary.return_bool && !op.is_comparison() {
            let message = "bool modifier can only be used on comparison operators";
            return fault(self.operator_span(binary), message);
        }
        let both_scalar = lhs == ValueType::Scalar && rhs == ValueType::Scalar;
        if op.is_comparison() && !binary.return_bool && both_scalar {
            let message = "comparisons between scalars must use BOOL modifier";
            return fault(self.operator_span(binary), message);
        }
        if let Some(matching) = binary.matching.as_ref().filter(|m| m.on)
            && let Some(label) = matching.labels.iter().find(|l| matching.include.contains(l))
        {
            let label = Quoted(label);
            let message = format!("label {label} must not occur in ON and GROUP clause at once");
            return fault(self.operator_span(binary), message);
        }
        for (side, value_type) in [(&binary.lhs, lhs), (&binary.rhs, rhs)] {
            if !matches!(value_type, ValueType::Scalar | ValueType::Vector) {
                let message = "binary expression must contain only scalar and instant vector types";
                return fault(side.span(), message);
            }
        }
        let both_vectors = lhs == ValueType::Vector && rhs == ValueType::Vector;
        let matching = binary.matching.take();
        if let Some(mut matching) = matching {
            let fills = matching.fill_left.is_some() || matching.fill_right.is_some();
            if !both_vectors {
                if !matching.labels.is_empty() {
                    return fault(span, "vector matching only allowed between instant vectors");
                }
                if fills {
                    return fault(
                        span,
                        "filling in missing series only allowed between instant vectors",
                    );
                }
            } else {
                if op.is_set() {
                    if matching.card != Cardinality::OneToOne {
                        return fault(span, format!("no grouping allowed for \"{op}\" operation"));
                    }
                    if fills {
                        return fault(span, "filling in missing series not allowed for set operators");
                    }
                    matching.card = Cardinality::ManyToMany;
                }
                binary.matching = Some(matching);
            }
        }
        if op.is_set() && !both_vectors {
            let message = format!("set operator \"{op}\" not allowed in binary scalar expression");
            return fault(span, message);
        }
        Ok(())
    }

    /// The operator and its modifiers, without the blanks around them.
    fn operator_span(&self, binary: &BinaryExpr) -> Span {
        let (start, end) = (binary.lhs.span().end, binary.rhs.span().start);
        let between = self.query.get(start..end).unwrap_or_default();
        let start = start + (between.len() - between.trim_start().len());
        Span::new(start, start + between.trim().len())
    }

    fn call(&self, call: &mut Call) -> Checked {
        self.arity(call)?;
        let func = call.func;
        if func.name == "info" && call.args.len() > 1 {
            self.info_selector(call)?;
        }
        let context = format!("call to function \"{}\"", func.name);
        for (i, arg) in call.args.iter_mut().enumerate() {
            if func.name == "info"
                && i == 1
                && let Expr::Vector(selector) = arg
            {
                self.selector(selector, false)?;
                continue;
            }
            let wanted = func.args[i.min(func.args.len() - 1)];
            self.expect(arg, wanted, &context)?;
        }
        Ok(())
    }

    fn arity(&self, call: &Call) -> Checked {
        let (listed, given, name) = (call.func.args.len(), call.args.len(), call.func.name);
        let (wanted, how) = match call.func.arity {
            Arity::Exact if given != listed => (listed, ""),
            Arity::UpTo(_) | Arity::Unlimited if given + 1 < listed => (listed - 1, "at least "),
            Arity::UpTo(more) if given > listed - 1 + more => (listed - 1 + more, "at most "),
            _ => return Ok(()),
        };
        fault(
            call.span,
            format!("expected {how}{wanted} argument(s) in call to \"{name}\", got {given}"),
        )
    }

    /// The second argument of `info` is a bare selector without a name.
    fn info_selector(&self, call: &Call) -> Checked {
        let arg = &call.args[1];
        let got = arg.value_type();
        if got != ValueType::Vector {
            let message = format!(
                "expected type instant vector in call to function \"info\", got {}",
                got.documented()
            );
            return fault(call.span, message);
        }
        match arg {
            Expr::Vector(selector) if selector.name.is_empty() => Ok(()),
            Expr::Vector(_) => fault(
                arg.span(),
                "expected label selectors only, got vector selector instead",
            ),
            _ => fault(arg.span(), "expected label selectors only"),
        }
    }

    fn selector(&self, selector: &VectorSelector, must_select: bool) -> Checked {
        if !selector.name.is_empty() {
            let written = &selector.matchers[..selector.matchers.len() - 1];
            return match written.iter().find(|m| m.name == METRIC_NAME) {
                None => Ok(()),
                Some(other) => {
                    let (name, other) = (Quoted(&selector.name), Quoted(&other.value));
                    let message = format!("metric name must not be set twice: {name} or {other}");
                    fault(selector.span, message)
                }
            };
        }
        if must_select && selector.matchers.iter().all(engine_model::Matcher::matches_empty) {
            let message = "vector selector must contain at least one non-empty matcher";
            return fault(selector.span, message);
        }
        Ok(())
    }
}

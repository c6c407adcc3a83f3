//! Prints a syntax tree as PromQL, in the form that Prometheus prints.

use std::fmt::{self, Display, Formatter};

use engine_model::labels::{METRIC_NAME, Quoted, is_legacy_label_name};
use engine_model::number::{format_float, format_go_value};
use engine_model::{MatchOp, Matcher};

use super::ast::{
    AggregateExpr, At, BinaryExpr, Call, Cardinality, DurationExpr, DurationKind, Edges, Expr,
    MatrixSelector, NumberLiteral, StringLiteral, SubqueryExpr, TimeModifiers, VectorMatching,
    VectorSelector,
};
use super::operators::{DurationOp, UnaryOp};

/// Labels separated by commas, quoted where their name needs it.
struct LabelList<'a>(&'a [String]);

/// What stands behind the expression of a subquery.
pub(super) struct SubquerySuffix<'a>(pub(super) &'a SubqueryExpr);

/// A duration in ms.
struct Milliseconds(i64);

/// A duration that is an expression or else so many ms.
struct Settled<'a>(&'a Option<Box<DurationExpr>>, i64);

impl Display for Expr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Aggregate(e) => e.fmt(f),
            Self::Binary(e) => e.fmt(f),
            Self::Call(e) => e.fmt(f),
            Self::Matrix(e) => e.fmt(f),
            Self::Number(e) => e.fmt(f),
            Self::Paren(e) => write!(f, "({})", e.expr),
            Self::String(e) => e.fmt(f),
            Self::Subquery(e) => e.fmt(f),
            Self::Unary(e) => write!(f, "{}{}", e.op.as_str(), e.expr),
            Self::Vector(e) => e.fmt(f),
        }
    }
}

impl Display for LabelList<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (i, label) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str(", ")?;
            }
            if is_legacy_label_name(label) {
                f.write_str(label)?;
            } else {
                write!(f, "{}", Quoted(label))?;
            }
        }
        Ok(())
    }
}

/// The operator and its labels: what stands before the parenthesis.
pub(super) fn write_aggregate_head(aggregate: &AggregateExpr, out: &mut impl fmt::Write) -> fmt::Result {
    out.write_str(aggregate.op.as_str())?;
    let grouping = LabelList(&aggregate.grouping);
    if aggregate.without {
        write!(out, " without ({grouping}) ")?;
    } else if !aggregate.grouping.is_empty() {
        write!(out, " by ({grouping}) ")?;
    }
    Ok(())
}

impl Display for AggregateExpr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write_aggregate_head(self, f)?;
        match &self.param {
            Some(param) => write!(f, "({param}, {})", self.expr),
            None => write!(f, "({})", self.expr),
        }
    }
}

impl Display for BinaryExpr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.lhs, self.op)?;
        if self.return_bool {
            f.write_str(" bool")?;
        }
        if let Some(matching) = &self.matching {
            matching.fmt(f)?;
        }
        write!(f, " {}", self.rhs)
    }
}

impl Display for VectorMatching {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let group = match self.card {
            Cardinality::ManyToOne => Some("group_left"),
            Cardinality::OneToMany => Some("group_right"),
            Cardinality::OneToOne | Cardinality::ManyToMany => None,
        };
        if !self.labels.is_empty() || self.on || group.is_some() {
            let keyword = if self.on { "on" } else { "ignoring" };
            write!(f, " {keyword} ({})", LabelList(&self.labels))?;
        }
        if let Some(group) = group {
            write!(f, " {group} ({})", LabelList(&self.include))?;
        }
        match (self.fill_left, self.fill_right) {
            (Some(left), Some(right)) if left == right => {
                write!(f, " fill ({})", format_go_value(left))
            }
            (left, right) => {
                if let Some(left) = left {
                    write!(f, " fill_left ({})", format_go_value(left))?;
                }
                if let Some(right) = right {
                    write!(f, " fill_right ({})", format_go_value(right))?;
                }
                Ok(())
            }
        }
    }
}

impl Display for Call {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}(", self.func.name)?;
        for (i, arg) in self.args.iter().enumerate() {
            if i > 0 {
                f.write_str(", ")?;
            }
            arg.fmt(f)?;
        }
        f.write_str(")")
    }
}

impl Display for At {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Timestamp(ms) => write!(f, " @ {:.3}", *ms as f64 / 1000.0),
            Self::Start => f.write_str(" @ start()"),
            Self::End => f.write_str(" @ end()"),
        }
    }
}

impl Display for Edges {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plain => "",
            Self::Anchored => " anchored",
            Self::Smoothed => " smoothed",
        })
    }
}

impl TimeModifiers {
    fn write_at(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.at.map_or(Ok(()), |at| at.fmt(f))
    }

    fn write_offset(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match (&self.offset_expr, self.offset_ms) {
            (Some(expr), _) => write!(f, " offset {expr}"),
            (None, 0) => Ok(()),
            (None, offset_ms) => write!(f, " offset {}", Milliseconds(offset_ms)),
        }
    }
}

impl VectorSelector {
    /// The name and matchers, without modifiers. Matchers are sorted by their text.
    fn write_bare(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        let is_name = |m: &&Matcher| {
            m.name == METRIC_NAME && m.op == MatchOp::Equal && m.value == self.name && !m.value.is_empty()
        };
        let mut texts: Vec<String> = self
            .matchers
            .iter()
            .filter(|m| !is_name(m))
            .map(ToString::to_string)
            .collect();
        if texts.is_empty() {
            return Ok(());
        }
        texts.sort_unstable();
        write!(f, "{{{}}}", texts.join(","))
    }
}

impl Display for VectorSelector {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.write_bare(f)?;
        self.modifiers.write_at(f)?;
        self.edges.fmt(f)?;
        self.modifiers.write_offset(f)
    }
}

impl Display for MatrixSelector {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.selector.write_bare(f)?;
        write!(f, "[{}]", Settled(&self.range_expr, self.range_ms))?;
        self.selector.edges.fmt(f)?;
        self.selector.modifiers.write_at(f)?;
        self.selector.modifiers.write_offset(f)
    }
}

impl Display for SubqueryExpr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.expr, SubquerySuffix(self))
    }
}

impl Display for SubquerySuffix<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let subquery = self.0;
        write!(f, "[{}:", Settled(&subquery.range_expr, subquery.range_ms))?;
        if subquery.step_expr.is_some() || subquery.step_ms != 0 {
            Settled(&subquery.step_expr, subquery.step_ms).fmt(f)?;
        }
        f.write_str("]")?;
        subquery.modifiers.write_at(f)?;
        subquery.modifiers.write_offset(f)
    }
}

impl Display for NumberLiteral {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.duration {
            return Milliseconds((self.value * 1000.0).round() as i64).fmt(f);
        }
        f.write_str(&format_float(self.value))
    }
}

impl Display for StringLiteral {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Some(bytes) = &self.not_utf8 else {
            return Quoted(&self.value).fmt(f);
        };
        f.write_str("\"")?;
        for chunk in bytes.utf8_chunks() {
            let quoted = Quoted(chunk.valid()).to_string();
            f.write_str(&quoted[1..quoted.len() - 1])?;
            for byte in chunk.invalid() {
                write!(f, "\\x{byte:02x}")?;
            }
        }
        f.write_str("\"")
    }
}

impl Display for Settled<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(expr) => expr.fmt(f),
            None => Milliseconds(self.1).fmt(f),
        }
    }
}

impl Display for DurationExpr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (open, close) = if self.wrapped { ("(", ")") } else { ("", "") };
        f.write_str(open)?;
        match &self.kind {
            DurationKind::Number(number) => number.fmt(f)?,
            DurationKind::Step => f.write_str("step()")?,
            DurationKind::Range => f.write_str("range()")?,
            DurationKind::Unary(UnaryOp::Plus, operand) => operand.fmt(f)?,
            DurationKind::Unary(UnaryOp::Minus, operand) => write!(f, "-{operand}")?,
            DurationKind::Binary(op @ (DurationOp::MinOf | DurationOp::MaxOf), lhs, rhs) => {
                write!(f, "{}({lhs}, {rhs})", op.as_str())?;
            }
            DurationKind::Binary(op, lhs, rhs) => write!(f, "{lhs} {} {rhs}", op.as_str())?,
        }
        f.write_str(close)
    }
}

impl Display for Milliseconds {
    /// Years and weeks are written only where they fit exactly: `90d` reads better than `12w6d`.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        const UNITS: [(&str, u64, bool); 7] = [
            ("y", 365 * 86_400_000, true),
            ("w", 7 * 86_400_000, true),
            ("d", 86_400_000, false),
            ("h", 3_600_000, false),
            ("m", 60_000, false),
            ("s", 1000, false),
            ("ms", 1, false),
        ];
        let mut rest = self.0.unsigned_abs();
        if rest == 0 {
            return f.write_str("0s");
        }
        if self.0 < 0 {
            f.write_str("-")?;
        }
        for (unit, unit_ms, exact) in UNITS {
            if rest >= unit_ms && (!exact || rest.is_multiple_of(unit_ms)) {
                write!(f, "{}{unit}", rest / unit_ms)?;
                rest %= unit_ms;
            }
        }
        Ok(())
    }
}

//! The syntax tree of a PromQL expression. Every node carries the bytes of the query it came from.

use engine_model::Matcher;

use super::operators::{AggregateOp, BinaryOp, DurationOp, UnaryOp};
use super::position::Span;
use super::signatures::Function;

/// What an expression evaluates to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ValueType {
    /// One number a step.
    Scalar,
    /// One text.
    String,
    /// Series with at most one sample a step.
    Vector,
    /// Series with a window of samples a step.
    Matrix,
}

impl ValueType {
    /// The name that documentation and most errors use.
    pub fn documented(self) -> &'static str {
        match self {
            Self::Vector => "instant vector",
            Self::Matrix => "range vector",
            Self::Scalar | Self::String => self.internal(),
        }
    }

    /// The short name, as the HTTP API's `resultType` has it.
    pub fn internal(self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
            Self::String => "string",
            Self::Vector => "vector",
            Self::Matrix => "matrix",
        }
    }
}

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    /// `sum by (job) (up)`
    Aggregate(AggregateExpr),
    /// `a + on (x) b`
    Binary(BinaryExpr),
    /// `rate(up[5m])`
    Call(Call),
    /// `up[5m]`
    Matrix(MatrixSelector),
    /// `1`, `0x1f`, `5m`, `Inf`
    Number(NumberLiteral),
    /// `(up)`
    Paren(ParenExpr),
    /// `"text"`
    String(StringLiteral),
    /// `rate(up[5m])[1h:1m]`
    Subquery(SubqueryExpr),
    /// `-up`
    Unary(UnaryExpr),
    /// `up{job="node"}`
    Vector(VectorSelector),
}

/// An aggregation over the elements of an instant vector.
#[derive(Debug, Clone, PartialEq)]
pub struct AggregateExpr {
    /// Which aggregation.
    pub op: AggregateOp,
    /// What is aggregated.
    pub expr: Box<Expr>,
    /// First argument of the operators that take one (`topk`, `quantile`, `count_values`, …).
    pub param: Option<Box<Expr>>,
    /// Labels of `by` or `without`, as written; empty without either.
    pub grouping: Vec<String>,
    /// `without` rather than `by`.
    pub without: bool,
    /// From the operator to the last closing parenthesis.
    pub span: Span,
}

/// An operator between two expressions.
#[derive(Debug, Clone, PartialEq)]
pub struct BinaryExpr {
    /// Which operator.
    pub op: BinaryOp,
    /// Left operand.
    pub lhs: Box<Expr>,
    /// Right operand.
    pub rhs: Box<Expr>,
    /// How elements find each other; `None` unless both operands are instant vectors.
    pub matching: Option<VectorMatching>,
    /// `bool`: a comparison gives 0 or 1 instead of filtering.
    pub return_bool: bool,
    /// From the left operand to the right one.
    pub span: Span,
}

/// How many elements of each side may share a match group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cardinality {
    /// The default of arithmetic and comparisons.
    OneToOne,
    /// `group_left`
    ManyToOne,
    /// `group_right`
    OneToMany,
    /// Set operators.
    ManyToMany,
}

/// How the elements of two instant vectors find each other.
#[derive(Debug, Clone, PartialEq)]
pub struct VectorMatching {
    /// How many elements of each side may share a match group.
    pub card: Cardinality,
    /// Labels of `on` or `ignoring`.
    pub labels: Vec<String>,
    /// `on` rather than `ignoring` (or nothing, which is `ignoring ()`).
    pub on: bool,
    /// Labels of `group_left` or `group_right`, copied from the one side.
    pub include: Vec<String>,
    /// Value that stands for a missing left element.
    pub fill_left: Option<f64>,
    /// Value that stands for a missing right element.
    pub fill_right: Option<f64>,
}

/// A function call.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// Signature of the function; `func.name` says which.
    pub func: &'static Function,
    /// Arguments as written; checked against the signature.
    pub args: Vec<Expr>,
    /// From the name to the closing parenthesis.
    pub span: Span,
}

/// A range selector `name{…}[range]`. Its `@`, offset and edges are those of `selector`.
#[derive(Debug, Clone, PartialEq)]
pub struct MatrixSelector {
    /// What is selected, with all modifiers.
    pub selector: VectorSelector,
    /// Window, in ms (> 0). Zero until durations are resolved when `range_expr` is set.
    pub range_ms: i64,
    /// The window when it is an expression.
    pub range_expr: Option<Box<DurationExpr>>,
    /// From the name to the last modifier.
    pub span: Span,
}

/// A subquery `expr[range:step]`.
#[derive(Debug, Clone, PartialEq)]
pub struct SubqueryExpr {
    /// What is evaluated at each of the subquery's steps.
    pub expr: Box<Expr>,
    /// Window, in ms (> 0). Zero until durations are resolved when `range_expr` is set.
    pub range_ms: i64,
    /// The window when it is an expression.
    pub range_expr: Option<Box<DurationExpr>>,
    /// Step, in ms; 0 means the default evaluation interval (or `step_expr`, while unresolved).
    pub step_ms: i64,
    /// The step when it is an expression.
    pub step_expr: Option<Box<DurationExpr>>,
    /// `offset` and `@`.
    pub modifiers: TimeModifiers,
    /// From the inner expression to the last modifier.
    pub span: Span,
}

/// `offset` and `@` of a selector or subquery.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TimeModifiers {
    /// How far back, in ms; negative looks ahead. Zero until durations are resolved when `offset_expr` is set.
    pub offset_ms: i64,
    /// The offset when it is an expression.
    pub offset_expr: Option<Box<DurationExpr>>,
    /// The fixed time, to which the offset is relative.
    pub at: Option<At>,
}

/// The time that `@` fixes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// A time in ms since the epoch.
    Timestamp(i64),
    /// First step of the query.
    Start,
    /// Last step of the query.
    End,
}

/// How a selector treats the edges of its window (`anchored`, `smoothed`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Edges {
    /// Only samples inside the window.
    #[default]
    Plain,
    /// The last sample before the window stands at its start.
    Anchored,
    /// Values at both edges are interpolated.
    Smoothed,
}

/// An instant vector selector `name{…}`.
#[derive(Debug, Clone, PartialEq)]
pub struct VectorSelector {
    /// Metric name written before the braces, empty without one.
    pub name: String,
    /// All conditions; when `name` is set its matcher on `__name__` is the last one.
    pub matchers: Vec<Matcher>,
    /// `offset` and `@`.
    pub modifiers: TimeModifiers,
    /// `anchored`, `smoothed` or neither.
    pub edges: Edges,
    /// From the name or brace to the last modifier.
    pub span: Span,
}

/// A number; durations are numbers of seconds.
#[derive(Debug, Clone, PartialEq)]
pub struct NumberLiteral {
    /// The value.
    pub value: f64,
    /// Written as a duration, and printed as one.
    pub duration: bool,
    /// The literal with its sign.
    pub span: Span,
}

/// An expression in parentheses.
#[derive(Debug, Clone, PartialEq)]
pub struct ParenExpr {
    /// What is inside.
    pub expr: Box<Expr>,
    /// With both parentheses.
    pub span: Span,
}

/// A text.
#[derive(Debug, Clone, PartialEq)]
pub struct StringLiteral {
    /// The text, unquoted. Bytes that are not UTF-8 are replaced here.
    pub value: String,
    /// The exact bytes, only when escapes wrote something that is not UTF-8.
    pub not_utf8: Option<Box<[u8]>>,
    /// With the quotes.
    pub span: Span,
}

/// `+x` or `-x`.
#[derive(Debug, Clone, PartialEq)]
pub struct UnaryExpr {
    /// The sign.
    pub op: UnaryOp,
    /// What it is applied to.
    pub expr: Box<Expr>,
    /// From the sign to the end of the operand.
    pub span: Span,
}

/// An expression in the place of a duration. Values are seconds.
#[derive(Debug, Clone, PartialEq)]
pub struct DurationExpr {
    /// What is computed.
    pub kind: DurationKind,
    /// Written in parentheses.
    pub wrapped: bool,
    /// From the first to the last token.
    pub span: Span,
}

/// Kinds of duration expressions.
#[derive(Debug, Clone, PartialEq)]
pub enum DurationKind {
    /// `5m`, `300`
    Number(NumberLiteral),
    /// `step()`: the query's step.
    Step,
    /// `range()`: end minus start of the query.
    Range,
    /// `-x`, `+x`
    Unary(UnaryOp, Box<DurationExpr>),
    /// `x + y`, …, `min_of(x, y)`, `max_of(x, y)`
    Binary(DurationOp, Box<DurationExpr>, Box<DurationExpr>),
}

impl Expr {
    /// The bytes of the query that the expression came from.
    pub fn span(&self) -> Span {
        match self {
            Self::Aggregate(e) => e.span,
            Self::Binary(e) => e.span,
            Self::Call(e) => e.span,
            Self::Matrix(e) => e.span,
            Self::Number(e) => e.span,
            Self::Paren(e) => e.span,
            Self::String(e) => e.span,
            Self::Subquery(e) => e.span,
            Self::Unary(e) => e.span,
            Self::Vector(e) => e.span,
        }
    }

    /// What the expression evaluates to.
    pub fn value_type(&self) -> ValueType {
        match self {
            Self::Aggregate(_) | Self::Vector(_) => ValueType::Vector,
            Self::Binary(e) => match (e.lhs.value_type(), e.rhs.value_type()) {
                (ValueType::Scalar, ValueType::Scalar) => ValueType::Scalar,
                _ => ValueType::Vector,
            },
            Self::Call(e) => e.func.returns,
            Self::Matrix(_) | Self::Subquery(_) => ValueType::Matrix,
            Self::Number(_) => ValueType::Scalar,
            Self::Paren(e) => e.expr.value_type(),
            Self::String(_) => ValueType::String,
            Self::Unary(e) => e.expr.value_type(),
        }
    }

    /// Direct sub-expressions, in order of evaluation. A range selector has none: its selector is part of it.
    pub fn children(&self) -> Vec<&Self> {
        match self {
            Self::Aggregate(e) => e.param.as_deref().into_iter().chain([&*e.expr]).collect(),
            Self::Binary(e) => vec![&e.lhs, &e.rhs],
            Self::Call(e) => e.args.iter().collect(),
            Self::Paren(e) => vec![&e.expr],
            Self::Subquery(e) => vec![&e.expr],
            Self::Unary(e) => vec![&e.expr],
            Self::Matrix(_) | Self::Number(_) | Self::String(_) | Self::Vector(_) => Vec::new(),
        }
    }

    /// The same as [`Expr::children`], to change them.
    pub fn children_mut(&mut self) -> Vec<&mut Self> {
        match self {
            Self::Aggregate(e) => e.param.as_deref_mut().into_iter().chain([&mut *e.expr]).collect(),
            Self::Binary(e) => vec![&mut e.lhs, &mut e.rhs],
            Self::Call(e) => e.args.iter_mut().collect(),
            Self::Paren(e) => vec![&mut e.expr],
            Self::Subquery(e) => vec![&mut e.expr],
            Self::Unary(e) => vec![&mut e.expr],
            Self::Matrix(_) | Self::Number(_) | Self::String(_) | Self::Vector(_) => Vec::new(),
        }
    }

    /// Calls `visit` for the expression and everything below it, parents first.
    pub fn walk<'a>(&'a self, visit: &mut impl FnMut(&'a Self)) {
        visit(self);
        for child in self.children() {
            child.walk(visit);
        }
    }

    /// The expression without the parentheses around it.
    pub fn unwrap_parens(&self) -> &Self {
        let mut expr = self;
        while let Self::Paren(inner) = expr {
            expr = &inner.expr;
        }
        expr
    }
}

impl VectorSelector {
    /// Name that annotations quote: the one before the braces, else that of an equality matcher on `__name__`.
    pub fn metric_name(&self) -> &str {
        if !self.name.is_empty() {
            return &self.name;
        }
        let by_matcher = self
            .matchers
            .iter()
            .find(|m| m.name == engine_model::METRIC_NAME && m.op == engine_model::MatchOp::Equal);
        by_matcher.map_or("", |m| m.value.as_str())
    }
}

//! The words of the language: token kinds, keywords, and how errors describe a token.

use engine_model::labels::Quoted;

use super::operators::{AggregateOp, BinaryOp};
use super::position::Span;

/// Kind of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenKind {
    Eof,
    Comma,
    Colon,
    LeftParen,
    RightParen,
    LeftBrace,
    RightBrace,
    LeftBracket,
    RightBracket,
    /// `=`
    Assign,
    /// `=~`
    RegexMatch,
    /// `!~`
    RegexNoMatch,
    /// `@`
    At,
    /// Operators of expressions; `-` and `+` may be signs, `!=` may be a matcher's.
    Operator(BinaryOp),
    Number,
    Duration,
    String,
    Identifier,
    /// An identifier with a colon.
    MetricIdentifier,
    Aggregate(AggregateOp),
    Keyword(Keyword),
}

/// Words with a meaning of their own that are neither operators nor aggregations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keyword {
    Anchored,
    Bool,
    By,
    Fill,
    FillLeft,
    FillRight,
    GroupLeft,
    GroupRight,
    Ignoring,
    Offset,
    On,
    Smoothed,
    Without,
    Start,
    End,
    Step,
    Range,
    MaxOf,
    MinOf,
}

/// A token and the bytes it was read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) span: Span,
}

impl TokenKind {
    /// The kind of a word outside braces, compared without regard to case.
    pub(super) fn of_word(word: &str) -> Self {
        // The longest keyword has 12 letters: longer words need no copy in lower case.
        let lower = if word.len() <= 12 {
            word.to_ascii_lowercase()
        } else {
            String::new()
        };
        match lower.as_str() {
            "and" => Self::Operator(BinaryOp::And),
            "or" => Self::Operator(BinaryOp::Or),
            "unless" => Self::Operator(BinaryOp::Unless),
            "atan2" => Self::Operator(BinaryOp::Atan2),
            "inf" | "nan" => Self::Number,
            other => match (aggregate(other), Keyword::of_word(other)) {
                (Some(op), _) => Self::Aggregate(op),
                (None, Some(keyword)) => Self::Keyword(keyword),
                (None, None) if word.contains(':') => Self::MetricIdentifier,
                (None, None) => Self::Identifier,
            },
        }
    }

    /// Whether a token of this kind may stand where a metric name stands.
    pub(super) fn is_metric_name(self) -> bool {
        match self {
            Self::Identifier | Self::MetricIdentifier | Self::Aggregate(_) => true,
            Self::Operator(op) => op.is_set(),
            Self::Keyword(keyword) => !matches!(
                keyword,
                Keyword::Bool | Keyword::On | Keyword::Ignoring | Keyword::GroupLeft | Keyword::GroupRight
            ),
            _ => false,
        }
    }

    /// Whether a token of this kind may stand where a grouping label stands.
    pub(super) fn is_grouping_label(self) -> bool {
        self.is_metric_name() || matches!(self, Self::Operator(BinaryOp::Atan2) | Self::Keyword(_))
    }

    /// Whether an expression may begin with a token of this kind.
    pub(super) fn starts_expression(self) -> bool {
        self.is_metric_name()
            || matches!(
                self,
                Self::Number
                    | Self::Duration
                    | Self::String
                    | Self::LeftParen
                    | Self::LeftBrace
                    | Self::Operator(BinaryOp::Add | BinaryOp::Sub)
            )
    }

    /// How an error names a token of this kind with this text.
    pub(super) fn describe(self, text: &str) -> String {
        let short = if text.chars().count() > 10 {
            let head: String = text.chars().take(10).collect();
            format!("{}...", Quoted(&head))
        } else {
            Quoted(text).to_string()
        };
        match self {
            Self::Eof => "end of input".to_owned(),
            Self::Identifier => format!("identifier {}", Quoted(text)),
            Self::MetricIdentifier => format!("metric identifier {}", Quoted(text)),
            Self::Number => format!("number {short}"),
            Self::Duration => format!("duration {short}"),
            Self::String => format!("string {short}"),
            Self::Operator(_) | Self::At | Self::RegexMatch | Self::RegexNoMatch => {
                format!("<op:{text}>")
            }
            Self::Aggregate(_) => format!("<aggr:{text}>"),
            Self::Keyword(keyword) if keyword.is_preprocessor() => short,
            Self::Keyword(_) => format!("<{text}>"),
            _ => short,
        }
    }
}

impl Keyword {
    fn of_word(lower: &str) -> Option<Self> {
        Some(match lower {
            "anchored" => Self::Anchored,
            "bool" => Self::Bool,
            "by" => Self::By,
            "fill" => Self::Fill,
            "fill_left" => Self::FillLeft,
            "fill_right" => Self::FillRight,
            "group_left" => Self::GroupLeft,
            "group_right" => Self::GroupRight,
            "ignoring" => Self::Ignoring,
            "offset" => Self::Offset,
            "on" => Self::On,
            "smoothed" => Self::Smoothed,
            "without" => Self::Without,
            "start" => Self::Start,
            "end" => Self::End,
            "step" => Self::Step,
            "range" => Self::Range,
            "max_of" => Self::MaxOf,
            "min_of" => Self::MinOf,
            _ => return None,
        })
    }

    /// Whether the word is a keyword only before `(`, so that it stays usable as a metric name.
    pub(super) fn needs_paren(self) -> bool {
        matches!(self, Self::Fill | Self::FillLeft | Self::FillRight)
    }

    /// Whether the word is the name of a value of the query, and so also of a function.
    pub(super) fn is_preprocessor(self) -> bool {
        matches!(
            self,
            Self::Start | Self::End | Self::Step | Self::Range | Self::MaxOf | Self::MinOf
        )
    }
}

fn aggregate(lower: &str) -> Option<AggregateOp> {
    Some(match lower {
        "avg" => AggregateOp::Avg,
        "bottomk" => AggregateOp::Bottomk,
        "count" => AggregateOp::Count,
        "count_values" => AggregateOp::CountValues,
        "group" => AggregateOp::Group,
        "limitk" => AggregateOp::Limitk,
        "limit_ratio" => AggregateOp::LimitRatio,
        "max" => AggregateOp::Max,
        "min" => AggregateOp::Min,
        "quantile" => AggregateOp::Quantile,
        "stddev" => AggregateOp::Stddev,
        "stdvar" => AggregateOp::Stdvar,
        "sum" => AggregateOp::Sum,
        "topk" => AggregateOp::Topk,
        _ => return None,
    })
}

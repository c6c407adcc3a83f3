//! Choices as words: what a node chose among a few travels as its name, so that an unknown one can be told.

use engine_model::MatchOp;

use crate::functions::accumulator::AccumulatorKind;
use crate::functions::extended::EdgeRule;
use crate::nodes::names::NameHandling;
use crate::nodes::topk::TopKind;
use crate::nodes::window::Shown;
use crate::parser::ast::Cardinality;
use crate::parser::operators::BinaryOp;

/// A choice among a few.
pub(super) trait Word: Copy + Sized + 'static {
    /// What is chosen, for errors.
    const WHAT: &'static str;
    /// All there is to choose from.
    const ALL: &'static [Self];

    /// The word.
    fn word(self) -> &'static str;

    /// What is sent.
    fn encode(self) -> String {
        self.word().to_owned()
    }

    /// What was sent.
    fn decode(word: &str) -> Result<Self, String> {
        let found = Self::ALL.iter().find(|choice| choice.word() == word);
        found
            .copied()
            .ok_or_else(|| format!("{word:?} is no {}", Self::WHAT))
    }
}

impl Word for MatchOp {
    const WHAT: &'static str = "operator of a matcher";
    const ALL: &'static [Self] = &[Self::Equal, Self::NotEqual, Self::Regex, Self::NotRegex];

    fn word(self) -> &'static str {
        self.as_str()
    }
}

impl Word for NameHandling {
    const WHAT: &'static str = "handling of names";
    const ALL: &'static [Self] = &[Self::Keep, Self::Drop, Self::DropLater];

    fn word(self) -> &'static str {
        match self {
            Self::Keep => "keep",
            Self::Drop => "drop",
            Self::DropLater => "drop later",
        }
    }
}

impl Word for Shown {
    const WHAT: &'static str = "part of a sample";
    const ALL: &'static [Self] = &[Self::Sample, Self::Time, Self::InfoTime, Self::Start];

    fn word(self) -> &'static str {
        match self {
            Self::Sample => "sample",
            Self::Time => "time",
            Self::InfoTime => "info time",
            Self::Start => "start",
        }
    }
}

impl Word for EdgeRule {
    const WHAT: &'static str = "rule for edges";
    const ALL: &'static [Self] = &[Self::Anchored, Self::Smoothed];

    fn word(self) -> &'static str {
        match self {
            Self::Anchored => "anchored",
            Self::Smoothed => "smoothed",
        }
    }
}

impl Word for AccumulatorKind {
    const WHAT: &'static str = "aggregation";
    const ALL: &'static [Self] = &[
        Self::Sum,
        Self::Avg,
        Self::Count,
        Self::Min,
        Self::Max,
        Self::Group,
        Self::Stddev,
        Self::Stdvar,
        Self::Quantile,
    ];

    fn word(self) -> &'static str {
        self.name()
    }
}

impl Word for TopKind {
    const WHAT: &'static str = "choice of elements";
    const ALL: &'static [Self] = &[Self::Largest, Self::Smallest, Self::First, Self::Share];

    fn word(self) -> &'static str {
        match self {
            Self::Largest => "topk",
            Self::Smallest => "bottomk",
            Self::First => "limitk",
            Self::Share => "limit_ratio",
        }
    }
}

impl Word for Cardinality {
    const WHAT: &'static str = "cardinality of a matching";
    const ALL: &'static [Self] = &[Self::OneToOne, Self::ManyToOne, Self::OneToMany, Self::ManyToMany];

    fn word(self) -> &'static str {
        match self {
            Self::OneToOne => "one-to-one",
            Self::ManyToOne => "many-to-one",
            Self::OneToMany => "one-to-many",
            Self::ManyToMany => "many-to-many",
        }
    }
}

impl Word for BinaryOp {
    const WHAT: &'static str = "operator";
    const ALL: &'static [Self] = &[
        Self::Add,
        Self::Sub,
        Self::Mul,
        Self::Div,
        Self::Mod,
        Self::Pow,
        Self::Atan2,
        Self::Equal,
        Self::NotEqual,
        Self::Less,
        Self::LessEqual,
        Self::Greater,
        Self::GreaterEqual,
        Self::TrimUpper,
        Self::TrimLower,
        Self::And,
        Self::Or,
        Self::Unless,
    ];

    fn word(self) -> &'static str {
        self.as_str()
    }
}

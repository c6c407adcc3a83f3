//! The words of the language: keywords, operators, aggregations and functions, and which of them the options switch on.

use super::ParseOptions;
use super::operators::{AggregateOp, BinaryOp};
use super::signatures::FUNCTIONS;

/// Words that are neither operators nor functions and stand for a part of the language.
const KEYWORDS: [&str; 13] = [
    "anchored",
    "bool",
    "by",
    "fill",
    "fill_left",
    "fill_right",
    "group_left",
    "group_right",
    "ignoring",
    "offset",
    "on",
    "smoothed",
    "without",
];

const BINARY: [BinaryOp; 18] = [
    BinaryOp::Add,
    BinaryOp::Sub,
    BinaryOp::Mul,
    BinaryOp::Div,
    BinaryOp::Mod,
    BinaryOp::Pow,
    BinaryOp::Atan2,
    BinaryOp::Equal,
    BinaryOp::NotEqual,
    BinaryOp::Less,
    BinaryOp::LessEqual,
    BinaryOp::Greater,
    BinaryOp::GreaterEqual,
    BinaryOp::TrimUpper,
    BinaryOp::TrimLower,
    BinaryOp::And,
    BinaryOp::Or,
    BinaryOp::Unless,
];

const AGGREGATIONS: [AggregateOp; 14] = [
    AggregateOp::Avg,
    AggregateOp::Bottomk,
    AggregateOp::Count,
    AggregateOp::CountValues,
    AggregateOp::Group,
    AggregateOp::Limitk,
    AggregateOp::LimitRatio,
    AggregateOp::Max,
    AggregateOp::Min,
    AggregateOp::Quantile,
    AggregateOp::Stddev,
    AggregateOp::Stdvar,
    AggregateOp::Sum,
    AggregateOp::Topk,
];

/// Operators of matchers and of instants, which are no operators between expressions.
const OTHER_OPERATORS: [&str; 3] = ["=~", "!~", "@"];

/// Keywords, with whether each is understood.
pub fn keywords(options: &ParseOptions) -> impl Iterator<Item = (&'static str, bool)> {
    let (edges, fill) = (options.extended_range_selectors, options.binop_fill);
    KEYWORDS.into_iter().map(move |word| {
        let is_on = match word {
            "anchored" | "smoothed" => edges,
            "fill" | "fill_left" | "fill_right" => fill,
            _ => true,
        };
        (word, is_on)
    })
}

/// Operators and aggregations, with whether each is understood.
pub fn operators(options: &ParseOptions) -> impl Iterator<Item = (&'static str, bool)> {
    let experimental = options.experimental_functions;
    let binary = BINARY.into_iter().map(|op| (op.as_str(), true));
    let aggregations = AGGREGATIONS
        .into_iter()
        .map(move |op| (op.as_str(), experimental || !op.is_experimental()));
    let others = OTHER_OPERATORS.into_iter().map(|op| (op, true));
    binary.chain(aggregations).chain(others)
}

/// Functions, with whether each is understood.
pub fn functions(options: &ParseOptions) -> impl Iterator<Item = (&'static str, bool)> {
    let experimental = options.experimental_functions;
    FUNCTIONS
        .iter()
        .map(move |function| (function.name, experimental || !function.experimental))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parser::parse_expr;
    use crate::parser::token::TokenKind;

    #[test]
    fn words_are_what_the_lexer_takes_them_for() {
        for word in KEYWORDS {
            assert!(
                matches!(TokenKind::of_word(word), TokenKind::Keyword(_)),
                "{word}"
            );
        }
        for op in AGGREGATIONS {
            assert_eq!(TokenKind::of_word(op.as_str()), TokenKind::Aggregate(op));
        }
        for op in BINARY {
            let query = format!("a {} b", op.as_str());
            assert!(parse_expr(&query, &ParseOptions::ALL).is_ok(), "{query}");
        }
    }

    #[test]
    fn options_switch_words() {
        let (off, on) = (ParseOptions::default(), ParseOptions::ALL);
        let of = |found: Option<(&str, bool)>| found.map(|(_, is_on)| is_on);
        let keyword = |options, word| of(keywords(options).find(|(name, _)| *name == word));
        assert_eq!(
            (keyword(&off, "smoothed"), keyword(&on, "smoothed")),
            (Some(false), Some(true))
        );
        assert_eq!(
            (keyword(&off, "fill_left"), keyword(&off, "by")),
            (Some(false), Some(true))
        );
        let operator = |options, word| of(operators(options).find(|(name, _)| *name == word));
        assert_eq!(
            (operator(&off, "limitk"), operator(&on, "limitk")),
            (Some(false), Some(true))
        );
        assert_eq!(
            (operator(&off, "=~"), operator(&off, "sum")),
            (Some(true), Some(true))
        );
        let function = |options, word| of(functions(options).find(|(name, _)| *name == word));
        assert_eq!(
            (function(&off, "info"), function(&on, "info")),
            (Some(false), Some(true))
        );
        assert_eq!(
            (function(&off, "rate"), function(&off, "nothing")),
            (Some(true), None)
        );
    }
}

//! From template text to a tree: lexer, literals, parser.

mod lexer;
mod literal;
mod token;

mod tree;

mod control;
mod operand;
mod parser;
#[cfg(test)]
mod tests;

pub(crate) use parser::parse;
pub(crate) use tree::{Branch, Command, Item, Operand, OperandKind, Pipe, Tree};

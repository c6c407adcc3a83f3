//! PromQL text to a checked syntax tree, and back.

pub mod ast;
pub mod operators;
pub mod position;
pub mod signatures;

pub use ast::{Expr, ValueType};
pub use position::{Position, Span};

//! YAML as a tree that knows where each value stands: load, hold, print.

mod node;

mod document;
mod load;
mod merge;
mod print;
#[cfg(test)]
mod tests;

pub use document::Document;
pub use node::{Key, Node, Position, Scalar, Value};

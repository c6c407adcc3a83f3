//! Queries in tasks beside the same queries whole: hundreds of expressions over random series.

mod counts;
pub(crate) mod data;
mod equal;
pub(crate) mod expressions;
pub(crate) mod shape;

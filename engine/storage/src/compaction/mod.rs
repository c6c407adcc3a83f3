//! Compaction: which segments are merged ([`plan`], a pure decision) and how ([`merge`], a streaming pass).

mod merge;
mod plan;
#[cfg(test)]
mod tests;

pub use merge::merge;
pub use plan::{Choice, Window, plan};

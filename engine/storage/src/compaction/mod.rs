//! Compaction: which segments are merged ([`plan`], a pure decision), how ([`merge`], a streaming pass),
//! and how much of a core it takes ([`Throttle`]).

mod inputs;
mod merge;
mod plan;
mod split;
#[cfg(test)]
mod tests;
mod throttle;

pub use merge::merge;
pub(crate) use merge::{MergeOptions, merge_with};
pub use plan::{Choice, Window, plan};
pub use throttle::Throttle;

//! Retention: how long samples are kept, by time, by size and by what series they belong to. The policy
//! and the decision are pure; the store carries it out.

mod plan;
mod policy;

pub(crate) use plan::{DropReason, SegmentView, plan};
pub use policy::{RetentionPolicy, RetentionRule};

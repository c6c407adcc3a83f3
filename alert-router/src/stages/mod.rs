//! The steps between a group's flush and its notifications, each a pure decision.

pub(crate) mod dedup;
pub(crate) mod retry;

//! The operators, one file each.

mod limit;

pub use limit::Limit;

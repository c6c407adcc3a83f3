//! The outside world, one folder a peer: scrape, remote_write, host, import.

pub mod discovery;
pub mod host;
pub mod import;
pub mod remote_write;
pub mod scrape;

mod counter;
mod counter_zero;
mod features;
mod latest;
mod refusal;
mod resolution;
mod seldom;

#[cfg(test)]
mod overload_tests;

pub use counter::Counter;
pub use features::IngestFeatures;

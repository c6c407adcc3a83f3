//! The outside world, one folder a peer: scrape, remote_write, host.

pub mod discovery;
pub mod host;
pub mod remote_write;
pub mod scrape;

mod counter;

pub use counter::Counter;

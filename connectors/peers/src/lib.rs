//! The outside world, one folder a peer: scrape, remote_write, host.

pub mod host;
pub mod scrape;

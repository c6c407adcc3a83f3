//! Receiving remote write: `POST /api/v1/write` as a source of the graph, version 1.0 of the protocol.
//!
//! A request is all or nothing: it becomes one batch, and its 204 is sent when that batch is on disk
//! and visible. What the sender may send again is answered with 5xx, what it may not with 4xx.

mod content;
mod handler;
mod labels;
mod metrics;
mod outcome;
mod receiver;
mod request;

pub use handler::router;
pub use metrics::RemoteWriteMetrics;
pub use receiver::{NODE_NAME, RemoteWrite};

#[cfg(test)]
mod tests;

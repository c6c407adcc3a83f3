//! Receiving remote write: `POST /api/v1/write` as a source of the graph, versions 1.0 and 2.0.
//!
//! A request becomes one batch, and its answer is sent when that batch is on disk and visible. Version 1.0 is
//! all or nothing; of version 2.0 what is good is stored and what is not is told. What the sender may send
//! again is answered with 5xx, what it may not with 4xx.

// The way of a request, in order.
mod handler;

mod budget;
mod content;

mod receiver;

mod label_key;
mod labels;
mod request;
mod series_cache;
mod starts;

mod faults;
mod outcome;

mod metadata;
mod metrics;

pub use content::Version;
pub use handler::{disabled_router, router};
pub use metadata::{MetricMetadata, PushedMetadata};
pub use metrics::RemoteWriteMetrics;
pub use receiver::{NODE_NAME, RemoteWrite};

#[cfg(test)]
mod tests;

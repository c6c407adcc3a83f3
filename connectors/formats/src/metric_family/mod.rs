//! The protobuf exposition: `io.prometheus.client.MetricFamily` messages, each behind its length.
//!
//! [`Parser`] makes of each metric the samples that a text would have, with native histograms as they are.

mod family;
mod metric;
mod parser;

pub(crate) use parser::{Event, Parser};

#[cfg(test)]
mod tests;

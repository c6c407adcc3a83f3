//! Prometheus's text exposition format, version 0.0.4.
//!
//! [`Parser`] walks the bytes and hands out one [`Event`] a line. A sample carries the raw bytes
//! before its value, so that a caller which has seen them before never touches label strings;
//! [`decode_series`] turns them into labels the first time. Grammar and rejections are those of
//! Prometheus's own parser.

mod event;
mod parser;

pub use crate::exposition::{MetricType, ParseError, Reason, SeriesLabels, decode_series};
pub use event::{Event, Sample};
pub use parser::Parser;

/// The media type of this format.
pub const MEDIA_TYPE: &str = "text/plain";

#[cfg(test)]
mod tests;

//! Taking in history as text: `POST /api/v1/import/prometheus`, the exposition format with timestamps, any
//! amount of it in one request.
//!
//! A body is read in pieces that end with a line; each piece is one batch, on disk before the next is read.
//! The request and its arguments are those of VictoriaMetrics; unlike there, a sample that is not stored is said to
//! the sender: what is good is kept, and 400 tells how much was refused and why.

mod handler;
mod metrics;
mod options;
mod pieces;
mod progress;
mod samples;

pub use handler::{NODE_NAME, TextImport, router};
pub use metrics::ImportMetrics;

#[cfg(test)]
mod tests;

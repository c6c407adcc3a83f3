//! Taking in history as text: `POST /api/v1/import/prometheus`, the exposition format with timestamps, any
//! amount of it in one request.
//!
//! A body is read in pieces that end with a line; each piece is one batch, on disk before the next is read.
//! The request and its arguments are those of VictoriaMetrics.

mod handler;
mod options;
mod pieces;
mod samples;

pub use handler::{NODE_NAME, TextImport, router};

#[cfg(test)]
mod tests;

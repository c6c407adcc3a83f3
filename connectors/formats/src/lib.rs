//! Pure bytes to samples and back: exposition text, remote read and write. No IO.
//! Every decoder takes untrusted bytes, never panics, and bounds what it allocates by what it was given.

pub mod escaping;
pub mod exposition;
pub mod federation;
pub mod prometheus_text;
pub mod remote_read;
pub mod remote_write;
pub mod text_escapes;
pub mod tsdb_block;

mod metric_family;
mod open_metrics;
mod protobuf;

//! PromQL: text → syntax tree (`parser`) → plan nodes built by hand (`plan`, `nodes`) → value
//! (`engine`). A series is the unit of evaluation: one row a series, one cell a step.

pub mod parser;

pub mod engine;
pub mod error;
mod evaluation;
pub mod statistics;
pub mod value;

pub mod annotations;
pub mod codec;
pub mod division;
pub mod functions;
pub mod grid;
mod histogram_notes;
pub mod nodes;
pub mod plan;
pub mod sample_counts;

pub mod testscript;

pub use engine::{Counting, Engine, EngineConfig, Instants, QueryOptions, QueryResult};
pub use error::QueryError;
pub use statistics::QueryStatistics;
pub use value::{RangeSeries, Value, VectorElement};

#[cfg(test)]
mod tests;

//! SQL over stored series: one read-only statement over one snapshot in, rows out. The tables are those of
//! `queries-tables`; what a query may cost is bounded here, and its errors are told apart by what the
//! caller answers. The README lists tables, examples and limits.

mod admission;
mod cell;
mod config;
mod csv;
mod engine;
mod error;
mod floats;
mod guard;
mod list_text;
mod pg_catalog;
mod pieces;
pub mod postgres;
mod promql;
mod result;
mod statement;
mod stream;
mod type_name;
mod words;

pub use admission::{Admission, Admitted};
pub use cell::Cell;
pub use config::SqlConfig;
pub use csv::write_csv;
pub use engine::{Described, SqlEngine};
pub use error::SqlError;
pub use pieces::{PieceFormat, PieceWriter};
pub use promql::{PromqlSource, StepRange};
pub use result::{SqlColumn, SqlResult};
pub use statement::SqlStatement;
pub use stream::SqlStream;

#[cfg(test)]
mod tests;

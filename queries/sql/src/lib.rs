//! SQL over stored series: one read-only statement over one snapshot in, rows out. The tables are those of
//! `queries-tables`; what a query may cost is bounded here, and its errors are told apart by what the
//! caller answers. The README lists tables, examples and limits.

mod cell;
mod config;
mod csv;
mod engine;
mod error;
mod guard;
mod result;
mod type_name;

pub use cell::Cell;
pub use config::SqlConfig;
pub use csv::write_csv;
pub use engine::SqlEngine;
pub use error::SqlError;
pub use result::{SqlColumn, SqlResult};

#[cfg(test)]
mod tests;

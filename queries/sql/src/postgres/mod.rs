//! PostgreSQL's wire protocol, read-only: `psql`, drivers and BI tools connect and ask what SQL over HTTP asks.
//! `listener` accepts connections within a limit and drains them; `connection` is one of them, `startup` its
//! greeting, `simple` and `extended` its two ways to ask, `commands` what is no query (SET, SHOW, BEGIN, …);
//! `parameters` reads what is bound, `rows` writes what comes out, `errors` gives SQLSTATE and position, `running`
//! ends work that nobody waits for.

mod commands;
mod connection;
mod errors;
mod extended;
mod listener;
mod parameters;
mod rows;
mod running;
mod simple;
mod startup;

pub use connection::Snapshots;
pub use listener::{PostgresConfig, PostgresServer};

#[cfg(test)]
mod tests;

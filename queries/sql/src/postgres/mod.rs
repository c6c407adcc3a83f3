//! PostgreSQL's wire protocol, read-only: `psql`, drivers and BI tools connect and ask what SQL over HTTP asks.
//! `listener` accepts and drains, `connection` is one of them, `startup` its greeting, `simple` and `extended` its two
//! ways to ask; `asked` is a statement, `commands` and `settings` what is no query, `cursors` (in `cursor_words`) and
//! `copy` (sent by `copying`) other ways of rows; `parameters` reads what is bound, `rows` writes what comes out,
//! `errors` gives SQLSTATE and position, `running` ends work that nobody waits for.

mod asked;
mod commands;
mod connection;
mod copy;
mod copying;
mod cursor_words;
mod cursors;
mod errors;
mod extended;
mod listener;
mod parameters;
mod rows;
mod running;
mod settings;
mod simple;
mod startup;

pub use connection::Snapshots;
pub use listener::{PostgresConfig, PostgresServer};

#[cfg(test)]
mod moving_tests;
#[cfg(test)]
mod tests;

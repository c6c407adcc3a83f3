//! Build order is reading order: storage, queries, ingest, alerts, rules, http. `Server` holds the
//! pieces while they run and takes them down in the opposite order.

mod alerts;
mod connections;
mod features;
mod http;
mod ingest;
mod postgres;
mod queries;
mod registry;
mod rules;
mod server;
mod sql;
mod storage;
mod watch;

pub(crate) use http::{Front, Request, Requests};
pub(crate) use postgres::Postgres;
pub(crate) use server::{Server, Started};

//! Build order is reading order: storage, queries, ingest, alerts, rules, http. `Server` holds the
//! pieces while they run and takes them down in the opposite order.

mod alerts;
mod features;
mod http;
mod ingest;
mod queries;
mod rules;
mod server;
mod storage;

pub(crate) use http::{Front, Request, Requests};
pub(crate) use server::{Server, Started};

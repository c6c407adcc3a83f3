//! Requests to others over HTTP 1.1 and 2: one client for scraping, discovery, notifications and whatever
//! else asks a peer, with the options that all of Prometheus's configuration shares. Read `client` first.
//! Credentials, certificates and keys in files are read again when they change; none of them follows a
//! redirect to another host.

mod client;
mod error;
mod jwt;
mod request;
mod response;

// What is added to a request, and where it may go next.
mod credentials;
mod oauth2;
mod redirect;

// From a host's name to a connection.
mod connect;
mod proxy;
mod stream;
mod tls;
mod tunnel;

pub use client::HttpClient;
pub use error::{BodyError, ClientError, RequestError};
pub use request::Request;
pub use response::Response;

#[cfg(test)]
mod tests;

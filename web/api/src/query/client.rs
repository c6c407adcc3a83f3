//! Who sent a request, as far as the query log tells it.

use std::convert::Infallible;
use std::net::SocketAddr;

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;

use super::QueryOrigin;

/// Address, method and path of a request.
#[derive(Debug, Clone, Default)]
pub(crate) struct Client {
    ip: String,
    method: String,
    path: String,
}

impl Client {
    pub(super) fn origin(&self) -> QueryOrigin<'_> {
        QueryOrigin::Http {
            client_ip: &self.ip,
            method: &self.method,
            path: &self.path,
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Client {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let address = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        Ok(Self {
            ip: address
                .map(|address| address.ip().to_string())
                .unwrap_or_default(),
            method: parts.method.to_string(),
            path: parts.uri.path().to_owned(),
        })
    }
}

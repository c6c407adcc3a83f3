//! OAuth 2.0: where a token comes from and what is shown for it.

use std::collections::BTreeMap;

use url::Url;

use super::{JwtBearer, ProxyOptions, SecretSource, TlsOptions};
use crate::decode::Field;
use crate::diagnostics::Error;

/// Keys that only the JWT bearer grant has.
const JWT_BEARER: [&str; 7] = [
    "client_certificate_key",
    "client_certificate_key_file",
    "client_certificate_key_id",
    "signature_algorithm",
    "iss",
    "audience",
    "claims",
];
/// The long word for the JWT bearer grant.
const JWT_BEARER_GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// What is shown for a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Grant {
    /// Name and secret of the client (RFC 6749, section 4.4).
    ClientCredentials,
    /// A signed statement (RFC 7523, section 2.1).
    JwtBearer(Box<JwtBearer>),
}

/// Where tokens come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OAuth2 {
    /// Who asks.
    pub client_id: String,
    /// What is shown for a token.
    pub grant: Grant,
    /// What proves who asks, for [`Grant::ClientCredentials`].
    pub client_secret: Option<SecretSource>,
    /// What the token is for.
    pub scopes: Vec<String>,
    /// Where tokens are issued.
    pub token_url: Url,
    /// Further form parameters of the request for a token.
    pub endpoint_params: BTreeMap<String, String>,
    /// TLS of the connection to the token server.
    pub tls: TlsOptions,
    /// Proxies on the way to it.
    pub proxy: ProxyOptions,
}

impl OAuth2 {
    pub(super) fn decode(field: Field<'_>) -> Result<Self, Error> {
        let mapping = field.mapping()?;
        mapping.not_supported(&["client_secret_ref", "client_certificate_key_ref"]);
        let grants = [("client_credentials", false), (JWT_BEARER_GRANT, true)];
        let is_jwt = mapping.optional("grant_type").map(|field| field.one_of(&grants));
        let is_jwt = is_jwt.transpose()?;
        let grant = match is_jwt {
            Some(true) => Grant::JwtBearer(Box::new(JwtBearer::decode(&mapping)?)),
            _ => {
                if let Some(field) = JWT_BEARER.iter().find_map(|key| mapping.optional(key)) {
                    return Err(field.error_at_key(format!("is for grant_type {JWT_BEARER_GRANT:?} alone")));
                }
                Grant::ClientCredentials
            }
        };
        let oauth2 = Self {
            client_id: mapping.require("client_id", Field::non_empty_string)?,
            grant,
            client_secret: SecretSource::decode(&mapping, "client_secret")?,
            scopes: mapping.get_or("scopes", Field::strings, Vec::new())?,
            token_url: mapping.require("token_url", Field::url)?,
            endpoint_params: mapping.get_or("endpoint_params", Field::string_map, BTreeMap::new())?,
            tls: mapping.get_or("tls_config", TlsOptions::decode, TlsOptions::default())?,
            proxy: ProxyOptions::decode_inline(&mapping)?,
        };
        mapping.finish()?;
        Ok(oauth2)
    }
}

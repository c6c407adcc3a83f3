//! OAuth 2.0 client credentials: where a token comes from and what is sent for it.

use std::collections::BTreeMap;

use url::Url;

use super::{ProxyOptions, SecretSource, TlsOptions};
use crate::decode::Field;
use crate::diagnostics::Error;

/// Keys of the JWT bearer grant, which this version does not have.
const JWT_BEARER: [&str; 7] = [
    "client_certificate_key",
    "client_certificate_key_file",
    "client_certificate_key_id",
    "signature_algorithm",
    "iss",
    "audience",
    "claims",
];

/// The client credentials grant (RFC 6749, section 4.4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OAuth2 {
    /// Who asks.
    pub client_id: String,
    /// What proves it.
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
        if let Some(grant) = mapping.optional("grant_type") {
            let text = grant.clone().string()?;
            if !matches!(text.as_str(), "" | "client_credentials") {
                return Err(grant.error(format!(
                    "grant type {text:?} is not supported by this version of weir; use \"client_credentials\""
                )));
            }
        }
        mapping.not_supported(&JWT_BEARER);
        mapping.not_supported(&["client_secret_ref"]);
        let oauth2 = Self {
            client_id: mapping.require("client_id", Field::non_empty_string)?,
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

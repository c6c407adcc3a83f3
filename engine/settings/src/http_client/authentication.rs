//! What the `Authorization` header says: basic, any scheme with credentials, or an OAuth 2.0 token.

use super::{OAuth2, SecretSource, TextSource};
use crate::decode::{Field, Mapping};
use crate::diagnostics::Error;

/// What the `Authorization` header is made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Authentication {
    /// No header.
    None,
    /// `Basic base64(username:password)`.
    Basic {
        /// The user, which is not hidden.
        username: TextSource,
        /// The password, if any.
        password: Option<SecretSource>,
    },
    /// `kind credentials`, by default `Bearer …`.
    Header {
        /// The scheme word.
        kind: String,
        /// What follows it.
        credentials: Option<SecretSource>,
    },
    /// A token that is fetched from a server.
    OAuth2(Box<OAuth2>),
}

impl Authentication {
    pub(super) fn decode(mapping: &Mapping<'_>) -> Result<Self, Error> {
        mapping.at_most_one(&["basic_auth", "authorization", "oauth2"])?;
        if let Some(basic) = mapping.get("basic_auth", basic_auth)? {
            return Ok(basic);
        }
        if let Some(header) = mapping.get("authorization", authorization)? {
            return Ok(header);
        }
        let oauth2 = mapping.get("oauth2", OAuth2::decode)?;
        Ok(oauth2.map_or(Self::None, |oauth2| Self::OAuth2(Box::new(oauth2))))
    }
}

fn basic_auth(field: Field<'_>) -> Result<Authentication, Error> {
    let mapping = field.mapping()?;
    let username = TextSource::decode(&mapping, "username")?;
    let password = SecretSource::decode(&mapping, "password")?;
    mapping.not_supported(&["username_ref", "password_ref"]);
    mapping.finish()?;
    Ok(Authentication::Basic {
        username: username.unwrap_or_else(|| TextSource::Inline(String::new())),
        password,
    })
}

fn authorization(field: Field<'_>) -> Result<Authentication, Error> {
    let mapping = field.mapping()?;
    let kind = match mapping.optional("type") {
        None => "Bearer".to_owned(),
        Some(field) => {
            let kind = field.clone().string()?.trim().to_owned();
            if kind.eq_ignore_ascii_case("basic") {
                return Err(field.error("\"basic\" does not belong here; use \"basic_auth\""));
            }
            if kind.is_empty() {
                "Bearer".to_owned()
            } else {
                kind
            }
        }
    };
    let credentials = SecretSource::decode(&mapping, "credentials")?;
    mapping.not_supported(&["credentials_ref"]);
    mapping.finish()?;
    Ok(Authentication::Header { kind, credentials })
}

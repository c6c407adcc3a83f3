//! The JWT bearer grant (RFC 7523, section 2.1): a signed statement is shown for a token, with the keys of
//! Prometheus's `oauth2` section.

use serde_json::Value as Json;

use super::SecretSource;
use crate::decode::{Field, Mapping};
use crate::diagnostics::Error;

/// What is signed, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JwtBearer {
    /// An RSA key in PEM.
    pub key: Option<SecretSource>,
    /// Which key it is, for the server; empty when that is not said.
    pub key_id: String,
    /// Of the signature.
    pub algorithm: JwtAlgorithm,
    /// Who signs; the client when it is empty.
    pub issuer: String,
    /// Who is to read it; the token server's URL when it is empty.
    pub audience: String,
    /// Further claims, in file order; they replace the usual ones.
    pub claims: Vec<(String, Json)>,
}

/// How statements are signed: RSA with PKCS #1 v1.5 padding over a hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum JwtAlgorithm {
    /// Over SHA-256.
    #[default]
    Rs256,
    /// Over SHA-384.
    Rs384,
    /// Over SHA-512.
    Rs512,
}

impl JwtAlgorithm {
    /// The word of the configuration and of the statement's header.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
        }
    }
}

impl JwtBearer {
    /// Reads its keys of an `oauth2` section.
    pub(super) fn decode(mapping: &Mapping<'_>) -> Result<Self, Error> {
        let algorithms = [JwtAlgorithm::Rs256, JwtAlgorithm::Rs384, JwtAlgorithm::Rs512];
        let words = algorithms.map(|algorithm| (algorithm.as_str(), algorithm));
        Ok(Self {
            key: SecretSource::decode(mapping, "client_certificate_key")?,
            key_id: mapping.get_or("client_certificate_key_id", Field::string, String::new())?,
            algorithm: mapping
                .optional("signature_algorithm")
                .map(|field| field.one_of(&words))
                .transpose()?
                .unwrap_or_default(),
            issuer: mapping.get_or("iss", Field::string, String::new())?,
            audience: mapping.get_or("audience", Field::string, String::new())?,
            claims: mapping.get_or("claims", claims, Vec::new())?,
        })
    }
}

fn claims(field: Field<'_>) -> Result<Vec<(String, Json)>, Error> {
    let entries = field.entries()?.into_iter();
    entries.map(|(name, field)| Ok((name, field.json()?))).collect()
}

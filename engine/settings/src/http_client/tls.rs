//! `tls_config`: whom to trust, what to show, which versions to speak.

use super::{SecretSource, TextSource};
use crate::decode::{Field, Mapping};
use crate::diagnostics::Error;

/// Versions that are spoken. Older ones may be named as the least version, which then means 1.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TlsVersion {
    /// TLS 1.2.
    Tls12,
    /// TLS 1.3.
    Tls13,
}

/// TLS of a connection. Files are read again when they change.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TlsOptions {
    /// Certificates in PEM that are trusted, in place of the system's.
    pub ca: Option<TextSource>,
    /// The client's certificate chain in PEM; there is a key with it.
    pub cert: Option<TextSource>,
    /// The client's private key in PEM.
    pub key: Option<SecretSource>,
    /// Name that the server must have a certificate for, in place of the URL's host.
    pub server_name: Option<String>,
    /// Accept whatever certificate the server shows.
    pub insecure_skip_verify: bool,
    /// Least version (1.2 when absent).
    pub min_version: Option<TlsVersion>,
    /// Greatest version (1.3 when absent).
    pub max_version: Option<TlsVersion>,
}

impl TlsOptions {
    /// Reads a `tls_config` mapping.
    pub fn decode(field: Field<'_>) -> Result<Self, Error> {
        let mapping = field.mapping()?;
        let ca = TextSource::decode(&mapping, "ca")?;
        let cert = TextSource::decode(&mapping, "cert")?;
        let key = SecretSource::decode(&mapping, "key")?;
        mapping.not_supported(&["ca_ref", "cert_ref", "key_ref"]);
        if cert.is_some() != key.is_some() {
            let (there, missing) = match cert {
                Some(_) => ("cert", "key or key_file"),
                None => ("key", "cert or cert_file"),
            };
            let place = mapping
                .optional(there)
                .or_else(|| mapping.optional(&format!("{there}_file")));
            let message = format!("a client certificate needs both parts; add {missing}");
            return Err(match place {
                Some(field) => field.error_at_key(message),
                None => mapping.error(message),
            });
        }
        let server_name = mapping.get("server_name", Field::string)?;
        let options = Self {
            ca,
            cert,
            key,
            server_name: server_name.filter(|name| !name.is_empty()),
            insecure_skip_verify: mapping.get_or("insecure_skip_verify", Field::bool, false)?,
            min_version: mapping.get("min_version", least)?,
            max_version: mapping.get("max_version", greatest)?,
        };
        options.check_versions(&mapping)?;
        mapping.finish()?;
        Ok(options)
    }

    fn check_versions(&self, mapping: &Mapping<'_>) -> Result<(), Error> {
        match (
            self.min_version,
            self.max_version,
            mapping.optional("max_version"),
        ) {
            (Some(min), Some(max), Some(field)) if max < min => {
                Err(field.error("max_version must be greater than or equal to min_version"))
            }
            _ => Ok(()),
        }
    }
}

/// A least version below 1.2 permits 1.2, so it is taken as that.
fn least(field: Field<'_>) -> Result<TlsVersion, Error> {
    field.one_of(&[
        ("TLS10", TlsVersion::Tls12),
        ("TLS11", TlsVersion::Tls12),
        ("TLS12", TlsVersion::Tls12),
        ("TLS13", TlsVersion::Tls13),
    ])
}

fn greatest(field: Field<'_>) -> Result<TlsVersion, Error> {
    let text = field.clone().string()?;
    if matches!(text.as_str(), "TLS10" | "TLS11") {
        return Err(field.error(format!("{text} is not spoken by weir; use TLS12 or TLS13")));
    }
    field.one_of(&[("TLS12", TlsVersion::Tls12), ("TLS13", TlsVersion::Tls13)])
}

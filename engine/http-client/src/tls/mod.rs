//! TLS of one client: made from its options when the first connection needs it, from files as they are then.

mod files;
mod verify;

use std::sync::{Arc, OnceLock};

use engine_settings::{SecretSource, TextSource, TlsOptions, TlsVersion};
use parking_lot::Mutex;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};

pub(crate) use files::Stamps;
use verify::TrustAnyone;

/// TLS cannot be used as configured; the texts never hold a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("tls_config: {0}")]
pub(crate) struct TlsError(String);

/// TLS of one client.
pub(crate) struct Tls {
    options: TlsOptions,
    enable_http2: bool,
    made: Mutex<Option<Arc<ClientConfig>>>,
}

impl Tls {
    pub(crate) fn new(options: TlsOptions, enable_http2: bool) -> Self {
        Self {
            options,
            enable_http2,
            made: Mutex::default(),
        }
    }

    /// The name that a certificate has to be for, where it is not the URL's host.
    pub(crate) fn server_name(&self) -> Option<&str> {
        self.options.server_name.as_deref()
    }

    /// How connections to servers are made. A failure is not kept: the file may be there next time.
    pub(crate) fn config(&self) -> Result<Arc<ClientConfig>, TlsError> {
        let mut made = self.made.lock();
        if let Some(config) = &*made {
            return Ok(Arc::clone(config));
        }
        let mut config = make(&self.options)?;
        config.alpn_protocols = match self.enable_http2 {
            true => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
            false => vec![b"http/1.1".to_vec()],
        };
        let config = Arc::new(config);
        *made = Some(Arc::clone(&config));
        Ok(config)
    }

    /// The same for a proxy, which is spoken to in HTTP 1.1.
    pub(crate) fn config_for_proxy(&self) -> Result<Arc<ClientConfig>, TlsError> {
        let mut config = ClientConfig::clone(&*self.config()?);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}

fn make(options: &TlsOptions) -> Result<ClientConfig, TlsError> {
    let failed = |error: rustls::Error| TlsError(error.to_string());
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&versions(options))
        .map_err(failed)?;
    let builder = if options.insecure_skip_verify {
        let verifier = Arc::new(TrustAnyone::new(&provider));
        builder.dangerous().with_custom_certificate_verifier(verifier)
    } else {
        builder.with_root_certificates(roots(options)?)
    };
    match (&options.cert, &options.key) {
        (Some(cert), Some(key)) => {
            let chain = certificates("client certificate", cert)?;
            builder
                .with_client_auth_cert(chain, private_key(key)?)
                .map_err(failed)
        }
        _ => Ok(builder.with_no_client_auth()),
    }
}

fn versions(options: &TlsOptions) -> Vec<&'static SupportedProtocolVersion> {
    let least = options.min_version.unwrap_or(TlsVersion::Tls12);
    let greatest = options.max_version.unwrap_or(TlsVersion::Tls13);
    let all = [
        (TlsVersion::Tls13, &rustls::version::TLS13),
        (TlsVersion::Tls12, &rustls::version::TLS12),
    ];
    let wanted = all
        .into_iter()
        .filter(|(version, _)| (least..=greatest).contains(version));
    wanted.map(|(_, supported)| supported).collect()
}

fn roots(options: &TlsOptions) -> Result<Arc<RootCertStore>, TlsError> {
    let Some(ca) = &options.ca else {
        return Ok(system_roots());
    };
    let mut roots = RootCertStore::empty();
    for certificate in certificates("CA certificate", ca)? {
        let added = roots.add(certificate);
        added.map_err(|error| TlsError(format!("unable to use the CA certificate: {error}")))?;
    }
    Ok(Arc::new(roots))
}

/// The certificates that this machine trusts, read once: some 140 of them take milliseconds to parse.
fn system_roots() -> Arc<RootCertStore> {
    static ROOTS: OnceLock<Arc<RootCertStore>> = OnceLock::new();
    let read = || {
        let mut roots = RootCertStore::empty();
        // Some stores hold certificates that are not usable; the others count.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        Arc::new(roots)
    };
    Arc::clone(ROOTS.get_or_init(read))
}

fn certificates(what: &str, source: &TextSource) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let (pem, place) = match source {
        TextSource::Inline(text) => (text.clone().into_bytes(), "the configuration".to_owned()),
        TextSource::File(path) => (files::read(what, path)?, path.display().to_string()),
    };
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        Ok(_) => Err(TlsError(format!(
            "unable to use the {what}: {place} holds none in PEM"
        ))),
        Err(error) => Err(TlsError(format!("unable to use the {what} in {place}: {error}"))),
    }
}

fn private_key(source: &SecretSource) -> Result<PrivateKeyDer<'static>, TlsError> {
    let (pem, place) = match source {
        SecretSource::Inline(secret) => (
            secret.reveal().to_owned().into_bytes(),
            "the configuration".to_owned(),
        ),
        SecretSource::File(path) => (files::read("client key", path)?, path.display().to_string()),
    };
    PrivateKeyDer::from_pem_slice(&pem).map_err(|_| {
        TlsError(format!(
            "unable to use the client key: {place} holds no key in PEM"
        ))
    })
}

//! Proxies: named in the file or by the environment, which hosts go around them, what they are told.

use std::fmt;

use url::Url;

use crate::decode::{Field, Mapping};
use crate::diagnostics::Error;
use crate::secret::Secret;

/// Which proxy is used.
#[derive(Clone, PartialEq, Eq, Default)]
pub enum ProxyChoice {
    /// None.
    #[default]
    Direct,
    /// This one, except for the hosts of `no_proxy`.
    Url {
        /// `http`, `https` or `socks5`; may hold a user and a password.
        url: Url,
        /// Hosts that are reached directly, as in the variable `NO_PROXY`; empty for none.
        no_proxy: String,
    },
    /// What `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` say, or their lower-case twins.
    Environment,
}

impl fmt::Debug for ProxyChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Direct => f.write_str("Direct"),
            Self::Environment => f.write_str("Environment"),
            Self::Url { url, no_proxy } => {
                let password = if url.password().is_some() {
                    " with <secret>"
                } else {
                    ""
                };
                let (host, port) = (url.host_str().unwrap_or_default(), url.port_or_known_default());
                write!(
                    f,
                    "Url({}://{host}:{port:?}{password}, no_proxy {no_proxy:?})",
                    url.scheme()
                )
            }
        }
    }
}

/// Which proxy, and the headers that it gets.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProxyOptions {
    /// Which proxy.
    pub choice: ProxyChoice,
    /// Headers of the CONNECT request, each with its values.
    pub connect_headers: Vec<(String, Vec<Secret>)>,
}

impl ProxyOptions {
    /// Reads the proxy keys that stand among the keys of a mapping.
    pub(super) fn decode_inline(mapping: &Mapping<'_>) -> Result<Self, Error> {
        let url = match mapping.optional("proxy_url") {
            Some(field) if field.clone().string()?.is_empty() => None,
            Some(field) => Some(proxy_url(field)?),
            None => None,
        };
        let no_proxy = mapping.get_or("no_proxy", Field::string, String::new())?;
        let from_environment = mapping.get_or("proxy_from_environment", Field::bool, false)?;
        let connect_headers = mapping.get_or("proxy_connect_header", connect_headers, Vec::new())?;
        let refuse = |key: &str, message: &str| match mapping.optional(key) {
            Some(field) => Err(field.error_at_key(message)),
            None => Err(mapping.error(message)),
        };
        if from_environment && url.is_some() {
            return refuse(
                "proxy_url",
                "if proxy_from_environment is configured, proxy_url must not be configured",
            );
        }
        if from_environment && !no_proxy.is_empty() {
            return refuse(
                "no_proxy",
                "if proxy_from_environment is configured, no_proxy must not be configured",
            );
        }
        if !no_proxy.is_empty() && url.is_none() {
            return refuse(
                "no_proxy",
                "if no_proxy is configured, proxy_url must also be configured",
            );
        }
        if !connect_headers.is_empty() && url.is_none() && !from_environment {
            return refuse(
                "proxy_connect_header",
                "if proxy_connect_header is configured, proxy_url or proxy_from_environment must also be configured",
            );
        }
        let choice = match url {
            Some(url) => ProxyChoice::Url { url, no_proxy },
            None if from_environment => ProxyChoice::Environment,
            None => ProxyChoice::Direct,
        };
        Ok(Self {
            choice,
            connect_headers,
        })
    }
}

/// A proxy's URL. One with a password is hidden as a whole, and so are its faults.
fn proxy_url(field: Field<'_>) -> Result<Url, Error> {
    const SHAPE: &str = "write it like http://host:port";
    let text = field.clone().string()?;
    let url = Url::parse(&text).map_err(|error| field.error(format!("not a URL ({error}); {SHAPE}")))?;
    if url.password().is_some() {
        field.clone().secret()?;
    }
    if !matches!(url.scheme(), "http" | "https" | "socks5" | "socks5h") {
        let message = format!(
            "unsupported proxy scheme {:?}; use http, https or socks5",
            url.scheme()
        );
        return Err(field.error(message));
    }
    if url.host_str().is_none_or(str::is_empty) {
        return Err(field.error(format!("missing host of a proxy; {SHAPE}")));
    }
    Ok(url)
}

fn connect_headers(field: Field<'_>) -> Result<Vec<(String, Vec<Secret>)>, Error> {
    let entries = field.entries()?.into_iter();
    let header = |(name, values): (String, Field<'_>)| Ok((name, values.list(Field::secret)?));
    entries.map(header).collect()
}

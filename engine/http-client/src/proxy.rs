//! Which proxy a host is reached through: the rules of Go's `httpproxy`, as Prometheus applies them. Pure.

use std::net::IpAddr;

use engine_settings::{ProxyChoice, ProxyOptions};
use ipnet::IpNet;
use url::Url;

use crate::error::ClientError;

/// The decision, prepared.
#[derive(Debug, Default)]
pub(crate) struct Routes {
    http: Option<Url>,
    https: Option<Url>,
    /// Hosts that are reached directly; `None` where even this machine is reached through the proxy.
    exceptions: Option<Exceptions>,
}

#[derive(Debug, Default)]
struct Exceptions {
    everything: bool,
    networks: Vec<IpNet>,
    hosts: Vec<Host>,
}

#[derive(Debug)]
struct Host {
    /// A name without its leading dot, or an address.
    name: String,
    port: Option<u16>,
    /// Whether the name itself counts, and not only what is below it.
    itself: bool,
}

impl Routes {
    /// Prepares the options; `variable` reads the environment.
    pub(crate) fn new(
        options: &ProxyOptions,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, ClientError> {
        match &options.choice {
            ProxyChoice::Direct => Ok(Self::default()),
            ProxyChoice::Url { url, no_proxy } => Ok(Self {
                http: Some(url.clone()),
                https: Some(url.clone()),
                exceptions: (!no_proxy.is_empty()).then(|| Exceptions::parse(no_proxy)),
            }),
            ProxyChoice::Environment => {
                let either = |upper: &'static str| {
                    let set = |name: &str| variable(name).filter(|value| !value.is_empty());
                    set(upper).or_else(|| set(&upper.to_ascii_lowercase()))
                };
                let proxy = |name| either(name).map(|text| proxy_of(name, &text)).transpose();
                Ok(Self {
                    http: proxy("HTTP_PROXY")?,
                    https: proxy("HTTPS_PROXY")?,
                    exceptions: Some(Exceptions::parse(&either("NO_PROXY").unwrap_or_default())),
                })
            }
        }
    }

    /// The proxy for a host, which is a name or an address, without brackets.
    pub(crate) fn to(&self, is_https: bool, host: &str, port: u16) -> Option<&Url> {
        let proxy = if is_https { &self.https } else { &self.http };
        let is_direct = self
            .exceptions
            .as_ref()
            .is_some_and(|except| except.covers(host, port));
        proxy.as_ref().filter(|_| !is_direct)
    }
}

fn proxy_of(variable: &'static str, text: &str) -> Result<Url, ClientError> {
    let fault = |fault: String| ClientError::Proxy { variable, fault };
    let full = if text.contains("://") {
        text.to_owned()
    } else {
        format!("http://{text}")
    };
    let url = Url::parse(&full).map_err(|error| fault(error.to_string()))?;
    match url.scheme() {
        "http" | "https" | "socks5" | "socks5h" => Ok(url),
        other => Err(fault(format!("unsupported scheme {other:?}"))),
    }
}

impl Exceptions {
    fn parse(text: &str) -> Self {
        let mut all = Self::default();
        for entry in text.split(',') {
            let entry = entry.trim().to_ascii_lowercase();
            if entry == "*" {
                all.everything = true;
            } else if let Ok(network) = entry.parse::<IpNet>() {
                all.networks.push(network);
            } else if !entry.is_empty() {
                all.hosts.extend(Host::parse(&entry));
            }
        }
        all
    }

    fn covers(&self, host: &str, port: u16) -> bool {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        let address = host.parse::<IpAddr>().ok();
        let is_this_machine = host == "localhost" || address.is_some_and(|address| address.is_loopback());
        is_this_machine
            || self.everything
            || address.is_some_and(|address| self.networks.iter().any(|net| net.contains(&address)))
            || self.hosts.iter().any(|except| except.covers(&host, port))
    }
}

impl Host {
    fn parse(entry: &str) -> Option<Self> {
        let (name, port) = match entry.rsplit_once(':') {
            Some((name, port)) if entry.parse::<IpAddr>().is_err() => (name, Some(port.parse().ok()?)),
            _ => (entry, None),
        };
        let name = name.trim_start_matches('[').trim_end_matches(']');
        let below = name.strip_prefix("*.").or_else(|| name.strip_prefix('.'));
        let bare = below.unwrap_or(name);
        (!bare.is_empty()).then(|| Self {
            name: bare.to_owned(),
            port,
            itself: below.is_none(),
        })
    }

    fn covers(&self, host: &str, port: u16) -> bool {
        let is_below = || {
            let rest = host.strip_suffix(self.name.as_str());
            rest.is_some_and(|rest| rest.ends_with('.'))
        };
        self.port.is_none_or(|own| own == port) && (self.itself && host == self.name || is_below())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routes(no_proxy: &str) -> Routes {
        let url = Url::parse("http://proxy:3128").unwrap();
        let no_proxy = no_proxy.to_owned();
        let options = ProxyOptions {
            choice: ProxyChoice::Url { url, no_proxy },
            connect_headers: Vec::new(),
        };
        Routes::new(&options, |_| None).unwrap()
    }

    #[test]
    fn exceptions() {
        let cases = [
            ("", "localhost", 80, true),
            ("other", "localhost", 80, false),
            ("other", "127.0.0.9", 80, false),
            ("*", "a.example", 80, false),
            ("example", "example", 80, false),
            ("example", "a.example", 80, false),
            ("example", "badexample", 80, true),
            (".example", "example", 80, true),
            (".example", "a.example", 80, false),
            ("*.example", "a.example", 80, false),
            ("example:8080", "example", 80, true),
            ("example:8080", "example", 8080, false),
            ("10.0.0.0/8", "10.1.2.3", 80, false),
            ("10.0.0.0/8", "11.1.2.3", 80, true),
            ("10.1.2.3", "10.1.2.3", 80, false),
            ("[fd00::1]:80", "fd00::1", 80, false),
            ("fd00::1", "fd00::1", 81, false),
            (" Example , b", "EXAMPLE.", 80, false),
        ];
        for (no_proxy, host, port, proxied) in cases {
            let found = routes(no_proxy).to(true, host, port).is_some();
            assert_eq!(found, proxied, "{no_proxy:?} {host}:{port}");
        }
    }

    #[test]
    fn the_environment_decides_when_it_is_asked() {
        let options = ProxyOptions {
            choice: ProxyChoice::Environment,
            connect_headers: Vec::new(),
        };
        let routes = Routes::new(&options, |name| match name {
            "http_proxy" => Some("plain:1".to_owned()),
            "HTTPS_PROXY" => Some("https://safe:2".to_owned()),
            "NO_PROXY" => Some("direct".to_owned()),
            _ => None,
        })
        .unwrap();
        let to = |is_https, host| routes.to(is_https, host, 80).map(Url::as_str);
        assert_eq!(to(false, "a"), Some("http://plain:1/"));
        assert_eq!(to(true, "a"), Some("https://safe:2/"));
        assert_eq!((to(true, "direct"), to(false, "localhost")), (None, None));
        let error = Routes::new(&options, |_| Some("ftp://x".to_owned())).unwrap_err();
        assert!(error.to_string().contains("HTTP_PROXY"), "{error}");
    }
}

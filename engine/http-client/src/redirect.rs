//! Where a redirect leads, what becomes of the request, and whether credentials may go along. Pure.

use http::header::{HOST, LOCATION};
use http::{HeaderMap, Method, StatusCode};
use url::Url;

/// Redirects that are followed, as Go does.
pub(crate) const REDIRECTS_MAX: usize = 10;

/// The next request of a chain.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Hop {
    pub(crate) url: Url,
    pub(crate) method: Method,
    /// Whether the body is sent again.
    pub(crate) keeps_body: bool,
    /// Whether it is the host that was asked first, reached no less safely.
    pub(crate) is_trusted: bool,
}

/// The hop that an answer asks for; `None` when the answer is final or names no usable place.
pub(crate) fn next(
    first: &Url,
    current: &Url,
    method: &Method,
    status: StatusCode,
    headers: &HeaderMap,
) -> Option<Hop> {
    let keeps_body = match status {
        StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND | StatusCode::SEE_OTHER => false,
        StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT => true,
        _ => return None,
    };
    let url = current.join(headers.get(LOCATION)?.to_str().ok()?).ok()?;
    if !matches!(url.scheme(), "http" | "https") {
        return None;
    }
    let is_safe = matches!(*method, Method::GET | Method::HEAD);
    let method = if keeps_body || is_safe {
        method.clone()
    } else {
        Method::GET
    };
    Some(Hop {
        is_trusted: is_trusted(first, &url),
        url,
        method,
        keeps_body,
    })
}

/// Credentials go to the origin that they are configured for, and to the same host's default port when a
/// redirect only adds TLS. Another port may belong to somebody else, so it gets none.
fn is_trusted(first: &Url, next: &Url) -> bool {
    let same_host = first.host() == next.host();
    let same_port = first.port_or_known_default() == next.port_or_known_default();
    let adds_tls = first.scheme() == "http" && next.scheme() == "https";
    let default_ports = first.port().is_none() && next.port().is_none();
    same_host && (first.scheme() == next.scheme() && same_port || adds_tls && default_ports)
}

/// Drops what belongs to a body that is not sent again, and what named the old host.
pub(crate) fn strip(headers: &mut HeaderMap, hop: &Hop) {
    headers.remove(HOST);
    if !hop.keeps_body {
        let names: Vec<_> = headers
            .keys()
            .filter(|name| name.as_str().starts_with("content-"))
            .cloned()
            .collect();
        for name in names {
            headers.remove(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn hops() {
        let cases = [
            ("http://a:1/x", 302, "/y", Some(("http://a:1/y", true))),
            ("http://a:1/x", 302, "http://a:2/y", Some(("http://a:2/y", false))),
            ("http://a/x", 301, "https://a/x", Some(("https://a/x", true))),
            (
                "http://a:80/x",
                308,
                "https://a:443/x",
                Some(("https://a/x", true)),
            ),
            (
                "http://a:8080/x",
                301,
                "https://a/x",
                Some(("https://a/x", false)),
            ),
            ("https://a/x", 307, "http://a/x", Some(("http://a/x", false))),
            (
                "https://a/x",
                307,
                "https://b.a/x",
                Some(("https://b.a/x", false)),
            ),
            (
                "https://a/x",
                307,
                "https://a.evil/x",
                Some(("https://a.evil/x", false)),
            ),
            ("http://a/x", 302, "file:///etc/passwd", None),
            ("http://a/x", 304, "/y", None),
            ("http://a/x", 200, "/y", None),
        ];
        for (from, status, location, expected) in cases {
            let from = Url::parse(from).unwrap();
            let headers = HeaderMap::from_iter([(LOCATION, HeaderValue::from_str(location).unwrap())]);
            let status = StatusCode::from_u16(status).unwrap();
            let hop = next(&from, &from, &Method::GET, status, &headers);
            let hop = hop.as_ref().map(|hop| (hop.url.as_str(), hop.is_trusted));
            assert_eq!(hop, expected, "{from} {status} {location}");
        }
    }

    #[test]
    fn a_post_becomes_a_get_unless_the_status_forbids_it() {
        let url = Url::parse("http://a/x").unwrap();
        let headers = HeaderMap::from_iter([(LOCATION, HeaderValue::from_static("/y"))]);
        for (status, method, keeps_body) in [
            (301, Method::GET, false),
            (303, Method::GET, false),
            (307, Method::POST, true),
        ] {
            let status = StatusCode::from_u16(status).unwrap();
            let hop = next(&url, &url, &Method::POST, status, &headers).unwrap();
            assert_eq!((hop.method, hop.keeps_body), (method, keeps_body));
        }
    }
}

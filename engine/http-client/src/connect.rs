//! From a URI to a connection: around or through a proxy, with TLS where the scheme says so.

use std::future::Future;
use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use engine_settings::Secret;
use http::Uri;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::net::UnixStream;
use tokio_rustls::TlsConnector;
use tower_service::Service;
use url::Url;

use crate::error::with_causes;
use crate::proxy::Routes;
use crate::stream::{Duplex, Stream};
use crate::tls::Tls;
use crate::tunnel;

/// Probes of an idle connection: a peer that vanished is noticed before its pool entry is used again.
const KEEP_ALIVE: Duration = Duration::from_secs(30);

/// What all connections of a client share.
pub(crate) struct Ways {
    pub(crate) routes: Routes,
    pub(crate) connect_headers: Vec<(String, Vec<Secret>)>,
    pub(crate) tls: Tls,
    /// Where every connection goes, whatever host a URL names.
    pub(crate) socket: Option<Arc<Path>>,
}

/// Makes connections for hyper's pool.
#[derive(Clone)]
pub(crate) struct Connector {
    tcp: HttpConnector,
    ways: Arc<Ways>,
}

impl Connector {
    pub(crate) fn new(ways: Arc<Ways>) -> Self {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_keepalive(Some(KEEP_ALIVE));
        Self { tcp, ways }
    }

    async fn connect(mut self, uri: Uri) -> io::Result<Stream> {
        let is_https = uri.scheme_str() == Some("https");
        let host = uri.host().unwrap_or_default();
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let port = uri.port_u16().unwrap_or(if is_https { 443 } else { 80 });
        let ways = Arc::clone(&self.ways);
        let mut is_forwarded = false;
        let io = match (&ways.socket, ways.routes.to(is_https, bare, port)) {
            (Some(socket), _) => Box::new(UnixStream::connect(socket).await?),
            (None, None) => self.tcp(host, port).await?,
            (None, Some(proxy)) => {
                let io = self.proxy(proxy).await?;
                match proxy.scheme() {
                    "socks5" | "socks5h" => tunnel::socks5(io, proxy, bare, port).await?,
                    _ if is_https => {
                        let authority = format!("{host}:{port}");
                        tunnel::connect(io, proxy, &authority, &ways.connect_headers).await?
                    }
                    _ => {
                        is_forwarded = true;
                        io
                    }
                }
            }
        };
        if !is_https {
            return Ok(Stream {
                io,
                is_forwarded,
                is_http2: false,
            });
        }
        let name = ways.tls.server_name().unwrap_or(bare);
        let config = ways
            .tls
            .config()
            .map_err(|error| io::Error::other(error.to_string()))?;
        let stream = secure(io, config, name).await?;
        let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
        Ok(Stream {
            io: Box::new(stream),
            is_forwarded,
            is_http2,
        })
    }

    async fn tcp(&mut self, host: &str, port: u16) -> io::Result<Box<dyn Duplex>> {
        let uri: Uri = format!("http://{host}:{port}/")
            .parse()
            .map_err(|_| io::Error::other(format!("{host:?} is not a host")))?;
        let connected = self.tcp.call(uri).await;
        let stream = connected.map_err(|error| io::Error::other(with_causes(&error)))?;
        Ok(Box::new(stream.into_inner()))
    }

    /// A connection to the proxy itself.
    async fn proxy(&mut self, proxy: &Url) -> io::Result<Box<dyn Duplex>> {
        let host = proxy.host_str().unwrap_or_default();
        let port = match proxy.scheme() {
            "socks5" | "socks5h" => proxy.port().unwrap_or(1080),
            _ => proxy.port_or_known_default().unwrap_or(80),
        };
        let to_proxy =
            |error: io::Error| io::Error::new(error.kind(), format!("cannot reach the proxy: {error}"));
        let io = self.tcp(host, port).await.map_err(to_proxy)?;
        if proxy.scheme() != "https" {
            return Ok(io);
        }
        let config = self
            .ways
            .tls
            .config_for_proxy()
            .map_err(|error| io::Error::other(error.to_string()))?;
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        Ok(Box::new(secure(io, config, bare).await.map_err(to_proxy)?))
    }
}

async fn secure(
    io: Box<dyn Duplex>,
    config: Arc<rustls::ClientConfig>,
    name: &str,
) -> io::Result<tokio_rustls::client::TlsStream<Box<dyn Duplex>>> {
    let name = ServerName::try_from(name.to_owned())
        .map_err(|_| io::Error::other(format!("{name:?} is not a server name")))?;
    TlsConnector::from(config).connect(name, io).await
}

impl Service<Uri> for Connector {
    type Response = TokioIo<Stream>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<TokioIo<Stream>>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connector = self.clone();
        Box::pin(async move { connector.connect(uri).await.map(TokioIo::new) })
    }
}

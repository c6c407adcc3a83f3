//! The client: adds credentials, follows redirects, and makes its connections anew when a file changed.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use engine_settings::HttpClientOptions;
use http::header::PROXY_AUTHORIZATION;
use http::{HeaderMap, HeaderValue, StatusCode, Uri};
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use parking_lot::Mutex;
use url::Url;

use crate::connect::{Connector, Ways};
use crate::credentials::{Credentials, basic};
use crate::error::{ClientError, RequestError, with_causes};
use crate::proxy::Routes;
use crate::redirect::{self, REDIRECTS_MAX};
use crate::request::Request;
use crate::response::Response;
use crate::tls::{Stamps, Tls};
use crate::tunnel;

/// How long an idle connection is kept: the longest interval at which reuse still pays.
const IDLE_CONNECTION_MAX: Duration = Duration::from_secs(300);
/// Idle connections to one host: more than any peer is asked in parallel; the rest are closed.
const IDLE_CONNECTIONS_MAX: usize = 1000;
/// An HTTP/2 connection that is silent this long is probed, as Prometheus does.
const HTTP2_SILENCE_MAX: Duration = Duration::from_secs(60);
/// How often it is looked whether a file of `tls_config` changed: a rotation may take a second to be seen.
const FILES_CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// Sends requests under one set of options. Clones share connections and tokens.
#[derive(Clone)]
pub struct HttpClient(Arc<Inner>);

struct Inner {
    options: HttpClientOptions,
    /// The Unix socket that all requests go to.
    socket: Option<Arc<Path>>,
    credentials: Credentials,
    connections: Mutex<Option<Connections>>,
}

/// The pool, and how the files looked that it was made from.
#[derive(Clone)]
struct Connections {
    pool: Client<Connector, Full<Bytes>>,
    ways: Arc<Ways>,
    stamps: Stamps,
    checked: Instant,
}

impl std::fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HttpClient")
            .field("options", &self.0.options)
            .finish()
    }
}

impl HttpClient {
    /// A client for some options. Files are not read yet: what is wrong with them fails requests, and
    /// only until it is mended.
    ///
    /// # Errors
    /// The environment is asked for a proxy and names none that can be used.
    pub fn new(options: &HttpClientOptions) -> Result<Self, ClientError> {
        Self::build(options, None)
    }

    /// The same for a server that listens at a Unix socket: it gets every request, and no proxy is asked.
    ///
    /// # Errors
    /// As [`HttpClient::new`].
    pub fn at_socket(options: &HttpClientOptions, socket: &Path) -> Result<Self, ClientError> {
        Self::build(options, Some(socket.into()))
    }

    fn build(options: &HttpClientOptions, socket: Option<Arc<Path>>) -> Result<Self, ClientError> {
        let client = Self(Arc::new(Inner {
            options: options.clone(),
            socket,
            credentials: Credentials::new(options)?,
            connections: Mutex::default(),
        }));
        client.connections()?;
        Ok(client)
    }

    /// Sends a request and waits for the head of the answer, however long that takes: the caller knows
    /// how long it may. 3xx answers are followed unless the options forbid it.
    ///
    /// # Errors
    /// See [`RequestError`].
    pub async fn send(&self, request: Request) -> Result<Response, RequestError> {
        let first = request.url.clone();
        let mut request = request;
        let mut is_trusted = true;
        for _ in 0..=REDIRECTS_MAX {
            let response = self.send_once(&request, is_trusted).await?;
            if response.status == StatusCode::UNAUTHORIZED && is_trusted {
                self.0.credentials.refused().await;
            }
            let hop = match self.0.options.follow_redirects {
                true => redirect::next(
                    &first,
                    &request.url,
                    &request.method,
                    response.status,
                    &response.headers,
                ),
                false => None,
            };
            let Some(hop) = hop else { return Ok(response) };
            redirect::strip(&mut request.headers, &hop);
            is_trusted = hop.is_trusted;
            request.url = hop.url;
            request.method = hop.method;
            if !hop.keeps_body {
                request.body = Bytes::new();
            }
        }
        Err(RequestError::Redirects(REDIRECTS_MAX))
    }

    async fn send_once(&self, request: &Request, is_trusted: bool) -> Result<Response, RequestError> {
        let connections = self
            .connections()
            .map_err(|error| RequestError::Invalid(error.to_string()))?;
        let mut headers = request.headers.clone();
        if is_trusted {
            self.0.credentials.add(&mut headers).await?;
        }
        authorize_at_proxy(&connections.ways.routes, &request.url, &mut headers)?;
        let uri: Uri = request
            .url
            .as_str()
            .parse()
            .map_err(|error| RequestError::Invalid(format!("{} is not a URL: {error}", request.url)))?;
        let mut outgoing = http::Request::new(Full::new(request.body.clone()));
        *outgoing.method_mut() = request.method.clone();
        *outgoing.uri_mut() = uri;
        *outgoing.headers_mut() = headers;
        let answered = connections.pool.request(outgoing).await;
        answered
            .map(Response::new)
            .map_err(|error| RequestError::Connection(with_causes(&error)))
    }

    /// The pool, made anew when a file of `tls_config` changed: old connections show the old certificate.
    fn connections(&self) -> Result<Connections, ClientError> {
        let mut kept = self.0.connections.lock();
        let options = &self.0.options;
        let mut stamps = None;
        if let Some(connections) = &mut *kept {
            if connections.checked.elapsed() < FILES_CHECK_INTERVAL {
                return Ok(connections.clone());
            }
            connections.checked = Instant::now();
            let now = Stamps::of(&options.tls);
            if now == connections.stamps {
                return Ok(connections.clone());
            }
            stamps = Some(now);
        }
        let routes = match self.0.socket {
            Some(_) => Routes::default(),
            None => Routes::new(&options.proxy, |name| std::env::var(name).ok())?,
        };
        let ways = Arc::new(Ways {
            routes,
            socket: self.0.socket.clone(),
            connect_headers: options.proxy.connect_headers.clone(),
            tls: Tls::new(options.tls.clone(), options.enable_http2),
        });
        let connections = Connections {
            pool: pool(Connector::new(Arc::clone(&ways))),
            ways,
            stamps: stamps.unwrap_or_else(|| Stamps::of(&options.tls)),
            checked: Instant::now(),
        };
        Ok(kept.insert(connections).clone())
    }
}

fn pool(connector: Connector) -> Client<Connector, Full<Bytes>> {
    Client::builder(TokioExecutor::new())
        .timer(TokioTimer::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE_CONNECTION_MAX)
        .pool_max_idle_per_host(IDLE_CONNECTIONS_MAX)
        .http2_keep_alive_interval(HTTP2_SILENCE_MAX)
        .build(connector)
}

/// A proxy that forwards a plain request reads its user from the request itself.
fn authorize_at_proxy(routes: &Routes, url: &Url, headers: &mut HeaderMap) -> Result<(), RequestError> {
    if url.scheme() != "http" {
        return Ok(());
    }
    let host = url.host_str().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let proxy = routes.to(false, bare, url.port_or_known_default().unwrap_or(80));
    let user = proxy
        .filter(|proxy| proxy.scheme().starts_with("http"))
        .and_then(tunnel::user_of);
    if let Some((user, password)) = user {
        let mut value = HeaderValue::from_str(&basic(&user, &password))
            .map_err(|error| RequestError::Invalid(error.to_string()))?;
        value.set_sensitive(true);
        headers.insert(PROXY_AUTHORIZATION, value);
    }
    Ok(())
}

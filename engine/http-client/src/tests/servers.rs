//! Small servers for the tests: HTTP 1.1 by hand, over TCP or TLS, that remember what they were asked.

use std::net::SocketAddr;
use std::sync::Arc;

use engine_settings::{Document, HttpClientOptions};
use parking_lot::Mutex;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use url::Url;

use crate::stream::Duplex;
use crate::{HttpClient, Request, RequestError};

/// Requests as they came in: the head's lines, an empty line, the body.
pub(super) type Seen = Arc<Mutex<Vec<String>>>;
type Answer = Arc<dyn Fn(&str) -> Vec<u8> + Send + Sync>;

/// A server that runs as long as its runtime.
pub(super) struct Server {
    pub(super) address: SocketAddr,
    pub(super) seen: Seen,
}

impl Server {
    pub(super) fn url(&self, scheme: &str, path: &str) -> Url {
        Url::parse(&format!("{scheme}://localhost:{}{path}", self.address.port())).unwrap()
    }

    pub(super) fn requests(&self) -> Vec<String> {
        self.seen.lock().clone()
    }
}

/// Serves over TCP, or over TLS where a configuration is given.
pub(super) async fn serve(
    tls: Option<ServerConfig>,
    answer: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static,
) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let seen = Seen::default();
    let (answer, remembered): (Answer, _) = (Arc::new(answer), Arc::clone(&seen));
    let acceptor = tls.map(|config| TlsAcceptor::from(Arc::new(config)));
    tokio::spawn(async move {
        while let Ok((tcp, _)) = listener.accept().await {
            let (answer, seen, acceptor) = (Arc::clone(&answer), Arc::clone(&remembered), acceptor.clone());
            tokio::spawn(async move {
                let io: Box<dyn Duplex> = match acceptor {
                    None => Box::new(tcp),
                    Some(acceptor) => match acceptor.accept(tcp).await {
                        Ok(stream) => Box::new(stream),
                        Err(_) => return,
                    },
                };
                converse(io, answer, seen).await;
            });
        }
    });
    Server { address, seen }
}

async fn converse(mut io: Box<dyn Duplex>, answer: Answer, seen: Seen) {
    while let Some(request) = read_request(&mut io).await {
        let bytes = answer(&request);
        seen.lock().push(request);
        if io.write_all(&bytes).await.is_err() || io.flush().await.is_err() {
            return;
        }
    }
}

/// One request, with its body where a length is given.
pub(super) async fn read_request(io: &mut Box<dyn Duplex>) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(io.read_u8().await.ok()?);
    }
    let mut text = String::from_utf8(head).unwrap();
    let length = header(&text, "content-length").map_or(0, |value| value.parse().unwrap());
    let mut body = vec![0; length];
    io.read_exact(&mut body).await.ok()?;
    text.push_str(&String::from_utf8(body).unwrap());
    Some(text)
}

/// The value of a header of a request.
pub(super) fn header(request: &str, name: &str) -> Option<String> {
    let value = |line: &str| {
        let (found, value) = line.split_once(": ")?;
        found.eq_ignore_ascii_case(name).then(|| value.to_owned())
    };
    request.split("\r\n").skip(1).find_map(value)
}

/// An answer with headers, each ending with a line break, and a body.
pub(super) fn answer(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes = format!(
        "HTTP/1.1 {status}\r\n{headers}content-length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

/// A client of options in YAML.
pub(super) fn client(yaml: &str) -> HttpClient {
    let document = Document::parse("options.yml", yaml).unwrap();
    HttpClient::new(&document.decode(HttpClientOptions::decode).unwrap()).unwrap()
}

/// Gets a URL: the status and the body.
pub(super) async fn get(client: &HttpClient, url: Url) -> Result<(u16, String), RequestError> {
    let mut response = client.send(Request::get(url)).await?;
    let mut body = Vec::new();
    response.read(&mut body, 1 << 20).await.unwrap();
    Ok((response.status.as_u16(), String::from_utf8(body).unwrap()))
}

/// A certificate authority for the tests.
pub(super) struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key, in PEM.
pub(super) struct Identity {
    pub(super) cert: String,
    pub(super) key: String,
}

impl Authority {
    pub(super) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub(super) fn pem(&self) -> String {
        self.0.pem()
    }

    pub(super) fn der(&self) -> CertificateDer<'static> {
        self.0.der().clone()
    }

    /// A certificate for a name.
    pub(super) fn issue(&self, name: &str) -> Identity {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let cert = params.signed_by(&key, &self.0).unwrap();
        Identity {
            cert: cert.pem(),
            key: key.serialize_pem(),
        }
    }
}

impl Identity {
    pub(super) fn der(&self) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
        use rustls::pki_types::pem::PemObject;
        let chain = CertificateDer::pem_slice_iter(self.cert.as_bytes());
        let key = PrivateKeyDer::from_pem_slice(self.key.as_bytes());
        (chain.map(Result::unwrap).collect(), key.unwrap())
    }
}

/// TLS of a server with a certificate.
pub(super) fn server_tls(identity: &Identity) -> ServerConfig {
    let (chain, key) = identity.der();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap()
}

/// PEM as a YAML block below a key.
pub(super) fn block(pem: &str) -> String {
    let lines: Vec<String> = pem.lines().map(|line| format!("    {line}")).collect();
    format!("|\n{}", lines.join("\n"))
}

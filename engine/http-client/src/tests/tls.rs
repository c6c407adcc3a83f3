//! Certificates: who is trusted, what is shown, names, versions, rotation.

use std::sync::Arc;
use std::time::Duration;

use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};

use super::servers::{Authority, Identity, answer, block, client, get, serve, server_tls};

fn ok(_: &str) -> Vec<u8> {
    answer("200 OK", "", b"up 1\n")
}

#[tokio::test]
async fn a_server_is_trusted_by_its_authority_and_its_name() {
    let authority = Authority::new();
    let right = serve(Some(server_tls(&authority.issue("localhost"))), ok).await;
    let other_name = serve(Some(server_tls(&authority.issue("metrics.example"))), ok).await;
    let ca = block(&authority.pem());
    let stranger = block(&Authority::new().pem());
    let up = Ok((200, "up 1\n".to_owned()));
    let plain = client(&format!("tls_config:\n  ca: {ca}\n"));
    assert_eq!(get(&plain, right.url("https", "/")).await, up);
    let error = get(&plain, other_name.url("https", "/"))
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("certificate"), "{error}");
    let named = client(&format!(
        "tls_config:\n  server_name: metrics.example\n  ca: {ca}\n"
    ));
    assert_eq!(get(&named, other_name.url("https", "/")).await, up);
    let suspicious = client(&format!("tls_config:\n  ca: {stranger}\n"));
    let error = get(&suspicious, right.url("https", "/"))
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("certificate"), "{error}");
    let system = client("tls_config: {}");
    assert!(get(&system, right.url("https", "/")).await.is_err());
    let careless = client("tls_config: {insecure_skip_verify: true}");
    assert_eq!(get(&careless, other_name.url("https", "/")).await, up);
}

/// Asks for certificates of `authority`.
fn demanding(identity: &Identity, authority: &Authority) -> ServerConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(authority.der()).unwrap();
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
    let (chain, key) = identity.der();
    ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier.build().unwrap())
        .with_single_cert(chain, key)
        .unwrap()
}

#[tokio::test]
async fn a_client_certificate_is_shown_and_read_again_when_it_rotates() {
    let authority = Authority::new();
    let server = serve(Some(demanding(&authority.issue("localhost"), &authority)), ok).await;
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    let path = folder.path().display();
    let client = client(&format!(
        "tls_config: {{ca_file: {path}/ca.pem, cert_file: {path}/cert.pem, key_file: {path}/key.pem}}"
    ));
    let url = || server.url("https", "/");
    let error = get(&client, url()).await.unwrap_err().to_string();
    assert!(error.contains("ca.pem"), "{error}");
    let stranger = Authority::new().issue("weir");
    write("ca.pem", &authority.pem());
    write("cert.pem", &stranger.cert);
    write("key.pem", &stranger.key);
    assert!(get(&client, url()).await.is_err());
    let known = authority.issue("weir");
    write("cert.pem", &known.cert);
    write("key.pem", &known.key);
    // The change is seen within a second.
    let mut answered = Err(String::new());
    for _ in 0..50 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        answered = get(&client, url()).await.map_err(|error| error.to_string());
        if answered.is_ok() {
            break;
        }
    }
    assert_eq!(answered, Ok((200, "up 1\n".to_owned())));
}

#[tokio::test]
async fn versions_are_bounded() {
    let identity = Authority::new().issue("localhost");
    let (chain, key) = identity.der();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let only_12 = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS12])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    let server = serve(Some(only_12), ok).await;
    let fits = client("tls_config: {insecure_skip_verify: true, max_version: TLS12}");
    assert!(get(&fits, server.url("https", "/")).await.is_ok());
    let too_new = client("tls_config: {insecure_skip_verify: true, min_version: TLS13}");
    assert!(get(&too_new, server.url("https", "/")).await.is_err());
}

#[tokio::test]
async fn http2_is_offered_unless_it_is_switched_off() {
    let mut tls = server_tls(&Authority::new().issue("localhost"));
    tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let server = serve(Some(tls), ok).await;
    let old = client("{enable_http2: false, tls_config: {insecure_skip_verify: true}}");
    assert!(get(&old, server.url("https", "/")).await.is_ok());
    assert!(
        server.requests()[0].starts_with("GET / HTTP/1.1"),
        "{:?}",
        server.requests()
    );
    let new = client("tls_config: {insecure_skip_verify: true}");
    // The server agreed to HTTP/2 and does not speak it; that the preface came is what counts.
    let asked = tokio::time::timeout(Duration::from_secs(5), get(&new, server.url("https", "/")));
    assert!(!matches!(asked.await, Ok(Ok(_))));
    assert!(
        server.requests()[1].starts_with("PRI * HTTP/2.0"),
        "{:?}",
        server.requests()
    );
}

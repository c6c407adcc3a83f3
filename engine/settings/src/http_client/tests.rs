//! What is accepted and what is refused, with its place.

use super::*;
use crate::yaml::Document;

fn decode(text: &str) -> Result<HttpClientOptions, String> {
    let document = Document::parse("/etc/weir/w.yml", text).map_err(|e| e.to_string())?;
    document
        .decode(HttpClientOptions::decode)
        .map_err(|e| e.to_string())
}

#[test]
fn accepts() {
    let default = HttpClientOptions::default();
    let basic = |username, password| HttpClientOptions {
        authentication: Authentication::Basic { username, password },
        ..default.clone()
    };
    let header = |kind: &str, credentials| HttpClientOptions {
        authentication: Authentication::Header {
            kind: kind.to_owned(),
            credentials,
        },
        ..default.clone()
    };
    let cases = [
        ("", default.clone()),
        (
            "follow_redirects: no\nenable_http2: false",
            HttpClientOptions {
                follow_redirects: false,
                enable_http2: false,
                authentication: Authentication::None,
                ..default.clone()
            },
        ),
        (
            "basic_auth: {username: me, password: pw}",
            basic(
                TextSource::Inline("me".into()),
                Some(SecretSource::Inline(Secret::new("pw"))),
            ),
        ),
        (
            "basic_auth: {username_file: user, password_file: /run/pw}",
            basic(
                TextSource::File("/etc/weir/user".into()),
                Some(SecretSource::File("/run/pw".into())),
            ),
        ),
        (
            "authorization: {credentials: t}",
            header("Bearer", Some(SecretSource::Inline(Secret::new("t")))),
        ),
        (
            "authorization: {type: Token, credentials_file: t}",
            header("Token", Some(SecretSource::File("/etc/weir/t".into()))),
        ),
        ("oauth2:\ntls_config: ~", default.clone()),
    ];
    for (text, expected) in cases {
        assert_eq!(decode(text), Ok(expected), "{text}");
    }
}

/// What is refused, and with which words.
const REFUSED: &[(&str, &str)] = &[
    (
        "oauth2: {client_id: x}\nauthorization: {credentials: b}",
        "/etc/weir/w.yml:1:1: at most one of basic_auth & authorization & oauth2 must be configured; remove one",
    ),
    (
        "oauth2: {client_id: x}",
        "/etc/weir/w.yml:1:9: missing key \"token_url\" in oauth2; add it",
    ),
    (
        "oauth2:\n  client_id: x\n  token_url: http://t\n  iss: me",
        "/etc/weir/w.yml:4:3: oauth2.iss: is for grant_type \"urn:ietf:params:oauth:grant-type:jwt-bearer\" alone",
    ),
    (
        "oauth2:\n  client_id: x\n  token_url: http://t\n  grant_type: urn:ietf:params:oauth:grant-type:jwt-bearer\n  signature_algorithm: ES256",
        "/etc/weir/w.yml:5:24: oauth2.signature_algorithm: expected one of RS256, RS384, RS512, got \"ES256\"",
    ),
    (
        "tls_config:\n  cert_file: c.pem",
        "/etc/weir/w.yml:2:3: tls_config.cert_file: a client certificate needs both parts; add key or key_file",
    ),
    (
        "tls_config: {ca: x, ca_file: y}",
        "/etc/weir/w.yml:1:21: tls_config: at most one of ca & ca_file must be configured; remove one",
    ),
    (
        "tls_config: {min_version: TLS13, max_version: TLS12}",
        "/etc/weir/w.yml:1:47: tls_config.max_version: max_version must be greater than or equal to min_version",
    ),
    (
        "tls_config: {max_version: TLS10}",
        "/etc/weir/w.yml:1:27: tls_config.max_version: TLS10 is not spoken by weir; use TLS12 or TLS13",
    ),
    (
        "proxy_from_environment: true\nproxy_url: http://p",
        "/etc/weir/w.yml:2:1: proxy_url: if proxy_from_environment is configured, proxy_url must not be configured",
    ),
    (
        "no_proxy: localhost",
        "/etc/weir/w.yml:1:1: no_proxy: if no_proxy is configured, proxy_url must also be configured",
    ),
    (
        "proxy_connect_header: {A: [b]}",
        "/etc/weir/w.yml:1:1: proxy_connect_header: if proxy_connect_header is configured, proxy_url or proxy_from_environment must also be configured",
    ),
    (
        "proxy_url: ftp://p",
        "/etc/weir/w.yml:1:12: proxy_url: unsupported proxy scheme \"ftp\"; use http, https or socks5",
    ),
    (
        "http_headers:\n  authorization: {values: [x]}",
        "/etc/weir/w.yml:2:3: http_headers.authorization: setting header \"authorization\" is not allowed; remove it",
    ),
    (
        "basic_auth: {username: a}\nauthorization: {credentials: b}",
        "/etc/weir/w.yml:2:1: at most one of basic_auth & authorization & oauth2 must be configured; remove one",
    ),
    (
        "basic_auth:\n  username: a\n  password: b\n  password_file: c",
        "/etc/weir/w.yml:4:3: basic_auth: at most one of password & password_file must be configured; remove one",
    ),
    (
        "authorization: {type: basic, credentials: b}",
        "/etc/weir/w.yml:1:23: authorization.type: \"basic\" does not belong here; use \"basic_auth\"",
    ),
    (
        "basic_auth:\n  usrname: a",
        "/etc/weir/w.yml:2:3: unknown key \"usrname\" in basic_auth; did you mean \"username\"?",
    ),
    (
        "follow_redirects: \"no\"",
        "/etc/weir/w.yml:1:19: follow_redirects: expected true or false, got the string \"no\"; remove the quotes",
    ),
];

#[test]
fn refuses() {
    for (text, expected) in REFUSED {
        assert_eq!(decode(text).expect_err(text), *expected, "{text}");
    }
}

#[test]
fn every_option_is_read() {
    let text = "
tls_config:
  ca_file: ca.pem
  cert: certificate
  key_file: /run/key.pem
  server_name: metrics.example
  insecure_skip_verify: true
  min_version: TLS11
  max_version: TLS13
proxy_url: http://proxy:3128
no_proxy: localhost,.example
proxy_connect_header:
  X-Tenant: [one]
http_headers:
  X-Plain: {values: [a, b]}
  X-Hidden: {secrets: [s], files: [token]}
oauth2:
  client_id: weir
  client_secret_file: secret
  token_url: https://login.example/token
  scopes: [read, write]
  endpoint_params: {audience: metrics}
  tls_config: {min_version: TLS13}
  proxy_from_environment: true
";
    let options = decode(text).expect("valid");
    let tls = TlsOptions {
        ca: Some(TextSource::File("/etc/weir/ca.pem".into())),
        cert: Some(TextSource::Inline("certificate".into())),
        key: Some(SecretSource::File("/run/key.pem".into())),
        server_name: Some("metrics.example".into()),
        insecure_skip_verify: true,
        min_version: Some(TlsVersion::Tls12),
        max_version: Some(TlsVersion::Tls13),
    };
    assert_eq!(options.tls, tls);
    let url = "http://proxy:3128".parse().expect("a URL");
    let no_proxy = "localhost,.example".to_owned();
    assert_eq!(options.proxy.choice, ProxyChoice::Url { url, no_proxy });
    let one = vec![Secret::new("one")];
    assert_eq!(options.proxy.connect_headers, [("X-Tenant".to_owned(), one)]);
    let value = |text: &str| HeaderSource::Value(text.to_owned());
    let hidden = vec![
        HeaderSource::Secret(Secret::new("s")),
        HeaderSource::File("/etc/weir/token".into()),
    ];
    let headers = [
        ("X-Plain".to_owned(), vec![value("a"), value("b")]),
        ("X-Hidden".to_owned(), hidden),
    ];
    assert_eq!(options.headers, headers);
    let Authentication::OAuth2(oauth2) = options.authentication else {
        panic!("oauth2 is configured")
    };
    assert_eq!((oauth2.client_id.as_str(), oauth2.scopes.len()), ("weir", 2));
    let secret = SecretSource::File("/etc/weir/secret".into());
    assert_eq!(oauth2.client_secret, Some(secret));
    assert_eq!(oauth2.endpoint_params["audience"], "metrics");
    assert_eq!(oauth2.tls.min_version, Some(TlsVersion::Tls13));
    assert_eq!(oauth2.proxy.choice, ProxyChoice::Environment);
}

#[test]
fn a_statement_may_be_shown_for_a_token() {
    let text = "
oauth2:
  client_id: weir
  token_url: https://login.example/token
  grant_type: urn:ietf:params:oauth:grant-type:jwt-bearer
  client_certificate_key_file: key.pem
  client_certificate_key_id: k1
  signature_algorithm: RS384
  iss: me
  audience: them
  claims: {role: reader, level: 3}
";
    let Authentication::OAuth2(oauth2) = decode(text).expect("valid").authentication else {
        panic!("oauth2 is configured")
    };
    let expected = JwtBearer {
        key: Some(SecretSource::File("/etc/weir/key.pem".into())),
        key_id: "k1".into(),
        algorithm: JwtAlgorithm::Rs384,
        issuer: "me".into(),
        audience: "them".into(),
        claims: vec![("role".into(), "reader".into()), ("level".into(), 3.into())],
    };
    assert_eq!(oauth2.grant, Grant::JwtBearer(Box::new(expected)));
}

#[test]
fn secrets_are_hidden() {
    let text = "
basic_auth: {username: me, password: hunter2}
tls_config: {cert: c, key: hunter3}
proxy_url: http://me:hunter4@proxy:1
proxy_connect_header: {A: [hunter5]}
http_headers: {B: {secrets: [hunter6]}}
";
    let document = Document::parse("w.yml", text).expect("YAML");
    let options = document.decode(HttpClientOptions::decode).expect("valid");
    for shown in [format!("{options:?}"), document.to_yaml()] {
        assert!(shown.contains("<secret>") && !shown.contains("hunter"), "{shown}");
    }
}

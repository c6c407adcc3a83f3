//! Requests against a small real server: headers, limits, faults.

use std::io::Write;
use std::net::SocketAddr;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse, Redirect, Response as AxumResponse};
use axum::routing::get;
use engine_settings::Document;
use tokio::net::TcpListener;

use super::*;
use crate::scrape::config::GlobalScrape;
use crate::scrape::target::targets_of;

/// A server that answers with what it was asked; other paths misbehave in their own way.
async fn server() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    let router = Router::new()
        .route("/metrics", get(echo))
        .route(
            "/slow",
            get(|| async { tokio::time::sleep(Duration::from_secs(60)).await }),
        )
        .route("/moved", get(|| async { Redirect::temporary("/metrics") }))
        .route("/ten", get(|| async { "0123456789" }))
        .route("/gzip", get(gzip));
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

async fn echo(request: Request) -> String {
    let header = |name: &str| {
        let value = request
            .headers()
            .get(name)
            .map(|value| value.to_str().unwrap_or("?"));
        format!("{name}: {}\n", value.unwrap_or("-"))
    };
    let names = [
        "accept",
        "accept-encoding",
        "user-agent",
        "x-prometheus-scrape-timeout-seconds",
        "authorization",
    ];
    let query = request.uri().query().unwrap_or("-");
    names.map(header).concat() + "query: " + query
}

/// 4 KiB of `x`, as gzip in one stored block, so that no compressor is needed.
async fn gzip() -> AxumResponse {
    let plain = [b'x'; 4096];
    let mut out = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255, 1];
    out.extend_from_slice(&4096u16.to_le_bytes());
    out.extend_from_slice(&(!4096u16).to_le_bytes());
    out.extend_from_slice(&plain);
    out.extend_from_slice(&crc32(&plain).to_le_bytes());
    out.extend_from_slice(&4096u32.to_le_bytes());
    (
        [("content-encoding", "gzip"), ("content-type", "text/plain")],
        Body::from(out),
    )
        .into_response()
}

fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 {
                crc >> 1 ^ 0xedb8_8320
            } else {
                crc >> 1
            };
        }
    }
    !crc
}

/// Fetches `address` with more lines of configuration; the body and its type, or the error.
async fn fetch(address: &str, lines: &str) -> Result<(String, Option<String>), String> {
    let text = format!("- job_name: j\n  static_configs: [{{targets: ['{address}']}}]\n{lines}");
    let document = Document::parse("f", &text).expect("valid YAML");
    let configs = document.decode(|root| ScrapeConfig::decode_list(root, &GlobalScrape::default()));
    let config = Arc::new(configs.expect("valid configuration").remove(0));
    let target = Arc::clone(&targets_of(&config, &[]).active[0]);
    let client = HttpClient::new(&config.http).expect("a client");
    let mut fetch = HttpFetch::new(client, target, config, "Weir/test".into());
    let mut body = Vec::new();
    let content_type = fetch.fetch(&mut body).await.map_err(|error| error.to_string())?;
    Ok((String::from_utf8(body).expect("text"), content_type))
}

#[tokio::test]
async fn headers_and_parameters() {
    let address = server().await.to_string();
    let (body, content_type) = fetch(&address, "  params: {a: ['b c']}\n").await.expect("works");
    assert_eq!(
        body,
        "accept: application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
         application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,\
         text/plain;version=0.0.4;q=0.3,*/*;q=0.2\n\
         accept-encoding: gzip\nuser-agent: Weir/test\nx-prometheus-scrape-timeout-seconds: 10\n\
         authorization: -\nquery: a=b+c"
    );
    assert_eq!(content_type.as_deref(), Some("text/plain; charset=utf-8"));
    let lines = "  scrape_timeout: 1500ms\n  enable_compression: false\n  scrape_protocols: [PrometheusText0.0.4]\n  \
                 basic_auth: {username: me, password: pw}\n";
    let (body, _) = fetch(&address, lines).await.expect("works");
    assert_eq!(
        body,
        "accept: text/plain;version=0.0.4;q=0.6,*/*;q=0.5\naccept-encoding: identity\nuser-agent: Weir/test\n\
         x-prometheus-scrape-timeout-seconds: 1.5\nauthorization: Basic bWU6cHc=\nquery: -"
    );
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(b" token \n").expect("written");
    let lines = format!(
        "  authorization: {{credentials_file: '{}'}}\n",
        file.path().display()
    );
    let (body, _) = fetch(&address, &lines).await.expect("works");
    assert!(body.contains("authorization: Bearer token\n"), "{body}");
}

#[tokio::test]
async fn limits_and_compression() {
    let address = server().await.to_string();
    let (body, content_type) = fetch(&address, "  metrics_path: /gzip\n").await.expect("works");
    assert_eq!((body.len(), content_type.as_deref()), (4096, Some("text/plain")));
    for (path, limit, works) in [
        ("/ten", "11B", true),
        ("/ten", "10B", false),
        ("/gzip", "4097B", true),
        ("/gzip", "4096B", false),
    ] {
        let lines = format!("  metrics_path: {path}\n  body_size_limit: {limit}\n");
        let result = fetch(&address, &lines).await;
        assert_eq!(result.is_ok(), works, "{path} {limit}");
        if !works {
            assert_eq!(result, Err("body size limit exceeded".to_owned()));
        }
    }
}

#[tokio::test]
async fn faults_are_readable() {
    let address = server().await.to_string();
    let error = |result: Result<_, String>| result.expect_err("fails");
    assert_eq!(
        error(fetch(&address, "  metrics_path: /nowhere\n").await),
        "server returned HTTP status 404 Not Found"
    );
    assert!(fetch(&address, "  metrics_path: /moved\n").await.is_ok());
    assert_eq!(
        error(fetch(&address, "  metrics_path: /moved\n  follow_redirects: false\n").await),
        "server returned HTTP status 307 Temporary Redirect"
    );
    assert_eq!(
        error(fetch(&address, "  metrics_path: /slow\n  scrape_timeout: 50ms\n").await),
        format!("Get \"http://{address}/slow\": context deadline exceeded")
    );
    // A port that was free a moment ago.
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let closed = listener.local_addr().expect("bound").to_string();
    drop(listener);
    let refused = error(fetch(&closed, "").await);
    assert!(
        refused.starts_with(&format!("Get \"http://{closed}/metrics\": ")),
        "{refused}"
    );
    assert!(refused.contains("Connection refused"), "{refused}");
    let lines = "  relabel_configs: [{target_label: __scheme__, replacement: gopher}]\n";
    assert_eq!(
        error(fetch("h", lines).await),
        "Get \"gopher://h/metrics\": unsupported protocol scheme \"gopher\""
    );
    let lines = "  authorization: {credentials_file: /no/such/file}\n";
    assert!(
        error(fetch(&address, lines).await).starts_with("unable to read credentials file /no/such/file: ")
    );
}

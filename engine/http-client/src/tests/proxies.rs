//! Forward proxies of the test's own: plain requests, tunnels, SOCKS, exceptions.

use std::sync::Arc;

use parking_lot::Mutex;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

use super::servers::{Authority, Server, answer, client, get, header, read_request, serve, server_tls};
use crate::stream::Duplex;

fn ok(_: &str) -> Vec<u8> {
    answer("200 OK", "", b"up 1\n")
}

/// A proxy that opens tunnels and answers plain requests itself.
async fn http_proxy() -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let remembered = Arc::clone(&seen);
    tokio::spawn(async move {
        while let Ok((tcp, _)) = listener.accept().await {
            let seen = Arc::clone(&remembered);
            tokio::spawn(async move {
                let mut io: Box<dyn Duplex> = Box::new(tcp);
                let Some(request) = read_request(&mut io).await else {
                    return;
                };
                seen.lock().push(request.clone());
                if let Some(rest) = request.strip_prefix("CONNECT ") {
                    let mut target = TcpStream::connect(rest.split(' ').next().unwrap()).await.unwrap();
                    io.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")
                        .await
                        .unwrap();
                    drop(copy_bidirectional(&mut io, &mut target).await);
                } else {
                    drop(io.write_all(&answer("200 OK", "", b"by proxy")).await);
                }
            });
        }
    });
    Server { address, seen }
}

#[tokio::test]
async fn plain_requests_are_forwarded_with_the_whole_url() {
    let proxy = http_proxy().await;
    let port = proxy.address.port();
    let client = client(&format!(
        "{{proxy_url: 'http://me:p%40ss@127.0.0.1:{port}', proxy_connect_header: {{X-Tenant: [one]}}}}"
    ));
    let url = "http://nowhere.example/metrics".parse().unwrap();
    assert_eq!(get(&client, url).await, Ok((200, "by proxy".to_owned())));
    let request = &proxy.requests()[0];
    assert!(
        request.starts_with("GET http://nowhere.example/metrics HTTP/1.1"),
        "{request}"
    );
    assert_eq!(
        header(request, "proxy-authorization").unwrap(),
        "Basic bWU6cEBzcw=="
    );
    assert_eq!(header(request, "x-tenant"), None);
}

#[tokio::test]
async fn tls_goes_through_a_tunnel_that_sees_no_credentials() {
    let authority = Authority::new();
    let server = serve(Some(server_tls(&authority.issue("localhost"))), ok).await;
    let proxy = http_proxy().await;
    let client = client(&format!(
        "{{proxy_url: 'http://me:pw@127.0.0.1:{}', proxy_connect_header: {{X-Tenant: [one]}},
          authorization: {{credentials: hunter2}}, tls_config: {{insecure_skip_verify: true}}}}",
        proxy.address.port()
    ));
    assert_eq!(
        get(&client, server.url("https", "/m")).await,
        Ok((200, "up 1\n".to_owned()))
    );
    let connect = &proxy.requests()[0];
    let port = server.address.port();
    assert!(
        connect.starts_with(&format!("CONNECT localhost:{port} HTTP/1.1")),
        "{connect}"
    );
    assert_eq!(header(connect, "proxy-authorization").unwrap(), "Basic bWU6cHc=");
    assert_eq!(header(connect, "x-tenant").unwrap(), "one");
    assert!(!connect.contains("hunter2"), "{connect}");
    let request = &server.requests()[0];
    assert!(request.starts_with("GET /m HTTP/1.1"), "{request}");
    assert_eq!(header(request, "authorization").unwrap(), "Bearer hunter2");
    assert_eq!(
        (
            header(request, "proxy-authorization"),
            header(request, "x-tenant")
        ),
        (None, None)
    );
}

#[tokio::test]
async fn exceptions_go_directly_and_refusals_are_told() {
    let server = serve(None, ok).await;
    let closed = serve(None, |_| answer("403 Forbidden", "", b"")).await;
    let port = closed.address.port();
    let around = client(&format!(
        "{{proxy_url: 'http://127.0.0.1:{port}', no_proxy: other.example}}"
    ));
    assert_eq!(
        get(&around, server.url("http", "/")).await,
        Ok((200, "up 1\n".to_owned()))
    );
    let through = client(&format!("proxy_url: 'http://127.0.0.1:{port}'"));
    let error = get(&through, server.url("https", "/"))
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("403 Forbidden"), "{error}");
}

#[tokio::test]
async fn a_socks_proxy_resolves_the_name_and_asks_for_the_user() {
    let server = serve(None, ok).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let target = server.address;
    let proxy = tokio::spawn(async move {
        let (mut io, _) = listener.accept().await.unwrap();
        let mut read = async |count: usize| {
            let mut bytes = vec![0; count];
            io.read_exact(&mut bytes).await.unwrap();
            io.write_all(match count {
                4 => &[5, 2][..],
                7 => &[1, 0],
                _ => &[5, 0, 0, 1, 127, 0, 0, 1, 0, 80],
            })
            .await
            .unwrap();
            bytes
        };
        let greeting = read(4).await;
        let user = read(7).await;
        let request = read(5 + "nowhere.example".len() + 2).await;
        let mut out = TcpStream::connect(target).await.unwrap();
        drop(copy_bidirectional(&mut io, &mut out).await);
        (greeting, user, request)
    });
    let client = client(&format!("proxy_url: 'socks5://me:pw@127.0.0.1:{port}'"));
    let url = "http://nowhere.example:81/".parse().unwrap();
    assert_eq!(get(&client, url).await, Ok((200, "up 1\n".to_owned())));
    drop(client);
    let (greeting, user, request) = proxy.await.unwrap();
    assert_eq!((greeting, user), (vec![5, 2, 0, 2], b"\x01\x02me\x02pw".to_vec()));
    assert_eq!(&request[..5], [5, 1, 0, 3, 15]);
    assert_eq!(&request[5..], b"nowhere.example\x00\x51");
    assert!(server.requests()[0].starts_with("GET / HTTP/1.1"));
}

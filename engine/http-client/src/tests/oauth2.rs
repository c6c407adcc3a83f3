//! A token server of the test's own: what it is asked, how long its tokens are kept.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::servers::{Server, answer, client, get, header, serve};

fn ok(_: &str) -> Vec<u8> {
    answer("200 OK", "", b"")
}

/// Numbers its tokens; they live for `seconds`.
async fn token_server(seconds: &'static str) -> Server {
    let issued = AtomicUsize::new(0);
    serve(None, move |_| {
        let number = issued.fetch_add(1, Ordering::Relaxed) + 1;
        let body =
            format!(r#"{{"access_token": "t{number}", "token_type": "bearer", "expires_in": {seconds}}}"#);
        answer("200 OK", "content-type: application/json\r\n", body.as_bytes())
    })
    .await
}

fn options(tokens: &Server, more: &str) -> String {
    let url = tokens.url("http", "/token");
    format!("oauth2: {{client_id: 'we:ir', client_secret: 'p/w', token_url: '{url}'{more}}}")
}

#[tokio::test]
async fn a_token_is_asked_for_once_and_sent_each_time() {
    let (tokens, server) = (token_server("3600").await, serve(None, ok).await);
    let client = client(&options(
        &tokens,
        ", scopes: [read, write], endpoint_params: {audience: m}",
    ));
    for _ in 0..3 {
        get(&client, server.url("http", "/")).await.unwrap();
    }
    let [request] = &tokens.requests()[..] else {
        panic!("{:?}", tokens.requests())
    };
    assert!(request.starts_with("POST /token HTTP/1.1"), "{request}");
    assert_eq!(
        header(request, "authorization").unwrap(),
        "Basic d2UlM0FpcjpwJTJGdw=="
    );
    assert!(
        request.ends_with("\r\n\r\ngrant_type=client_credentials&scope=read+write&audience=m"),
        "{request}"
    );
    for request in server.requests() {
        assert_eq!(header(&request, "authorization").unwrap(), "Bearer t1");
    }
}

#[tokio::test]
async fn a_token_that_ends_or_is_refused_is_replaced() {
    let (tokens, server) = (token_server("\"5\"").await, serve(None, ok).await);
    let short = client(&options(&tokens, ""));
    for _ in 0..2 {
        get(&short, server.url("http", "/")).await.unwrap();
    }
    let sent: Vec<_> = server
        .requests()
        .iter()
        .map(|request| header(request, "authorization").unwrap())
        .collect();
    assert_eq!(sent, ["Bearer t1", "Bearer t2"]);

    let tokens = token_server("3600").await;
    let strict = serve(None, |request| {
        match header(request, "authorization").as_deref() {
            Some("Bearer t1") => answer("401 Unauthorized", "", b""),
            _ => answer("200 OK", "", b""),
        }
    })
    .await;
    let client = client(&options(&tokens, ""));
    assert_eq!(get(&client, strict.url("http", "/")).await.unwrap().0, 401);
    assert_eq!(get(&client, strict.url("http", "/")).await.unwrap().0, 200);
}

#[tokio::test]
async fn a_server_that_wants_the_client_in_the_body_gets_it_there() {
    let tokens = serve(None, |request| match header(request, "authorization") {
        Some(_) => answer("401 Unauthorized", "", b""),
        None => answer("200 OK", "", br#"{"access_token": "t"}"#),
    })
    .await;
    let server = serve(None, ok).await;
    get(&client(&options(&tokens, "")), server.url("http", "/"))
        .await
        .unwrap();
    let body = "grant_type=client_credentials&client_id=we%3Air&client_secret=p%2Fw";
    assert!(tokens.requests()[1].ends_with(body), "{:?}", tokens.requests());
    assert_eq!(
        header(&server.requests()[0], "authorization").unwrap(),
        "Bearer t"
    );
}

#[tokio::test]
async fn a_token_server_that_refuses_is_named_and_nothing_is_asked() {
    let tokens = serve(None, |_| answer("403 Forbidden", "", b"")).await;
    let server = serve(None, ok).await;
    let error = get(&client(&options(&tokens, "")), server.url("http", "/"))
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("oauth2") && error.contains("403"), "{error}");
    assert!(!error.contains("p/w") && server.requests().is_empty(), "{error}");
}

#[tokio::test]
async fn a_signed_statement_is_shown_for_a_token() {
    let (tokens, server) = (token_server("3600").await, serve(None, ok).await);
    let key = format!("{}/src/tests/rsa_key.pem", env!("CARGO_MANIFEST_DIR"));
    let url = tokens.url("http", "/token");
    let client = client(&format!(
        "oauth2: {{client_id: weir, token_url: '{url}', scopes: [read, write], endpoint_params: {{tenant: m}}, \
         client_certificate_key_file: '{key}', grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer'}}"
    ));
    for _ in 0..2 {
        get(&client, server.url("http", "/")).await.unwrap();
    }
    let [request] = &tokens.requests()[..] else {
        panic!("{:?}", tokens.requests())
    };
    assert_eq!(header(request, "authorization"), None);
    let body = request.rsplit("\r\n\r\n").next().unwrap();
    let start =
        "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=eyJhbGciOiJSUzI1NiI";
    assert!(
        body.starts_with(start) && body.ends_with("&scope=read+write&tenant=m"),
        "{body}"
    );
    for request in server.requests() {
        assert_eq!(header(&request, "authorization").unwrap(), "Bearer t1");
    }
}

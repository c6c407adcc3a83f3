//! Credentials stay with the host that they are for.

use super::servers::{Server, answer, client, get, header, serve};
use crate::{Request, RequestError};

const SECRETS: &str = "{basic_auth: {username: me, password: pw}, http_headers: {X-Key: {secrets: [k]}}}";

async fn sends_to(location: String) -> Server {
    serve(None, move |request| match request.starts_with("GET /first") {
        true => answer("302 Found", &format!("location: {location}\r\n"), b""),
        false => answer("200 OK", "", b"here"),
    })
    .await
}

#[tokio::test]
async fn the_same_host_gets_credentials_again_and_another_does_not() {
    let near = sends_to("/second".to_owned()).await;
    assert_eq!(
        get(&client(SECRETS), near.url("http", "/first")).await,
        Ok((200, "here".to_owned()))
    );
    let second = near.requests().remove(1);
    assert_eq!(header(&second, "authorization").unwrap(), "Basic bWU6cHc=");
    assert_eq!(header(&second, "x-key").unwrap(), "k");

    let far = serve(None, |_| answer("200 OK", "", b"far")).await;
    let away = sends_to(far.url("http", "/x").to_string()).await;
    assert_eq!(
        get(&client(SECRETS), away.url("http", "/first")).await,
        Ok((200, "far".to_owned()))
    );
    let arrived = far.requests().remove(0);
    assert_eq!(
        (header(&arrived, "authorization"), header(&arrived, "x-key")),
        (None, None)
    );
}

#[tokio::test]
async fn redirects_end_and_can_be_switched_off() {
    let endless = sends_to("/first".to_owned()).await;
    let error = get(&client("{}"), endless.url("http", "/first"))
        .await
        .unwrap_err();
    assert_eq!(error, RequestError::Redirects(10));
    assert_eq!(endless.requests().len(), 11);
    let off = client("follow_redirects: false");
    assert_eq!(get(&off, endless.url("http", "/first")).await.unwrap().0, 302);
}

#[tokio::test]
async fn a_post_keeps_its_body_only_where_the_status_says_so() {
    let server = serve(None, |request| {
        let path = request.split(' ').nth(1).unwrap();
        match path {
            "/307" => answer("307 Temporary Redirect", "location: /end\r\n", b""),
            "/303" => answer("303 See Other", "location: /end\r\n", b""),
            _ => answer("200 OK", "", b""),
        }
    })
    .await;
    for path in ["/307", "/303"] {
        client("{}")
            .send(Request::post(server.url("http", path), "data"))
            .await
            .unwrap();
    }
    let requests = server.requests();
    assert!(
        requests[1].starts_with("POST /end") && requests[1].ends_with("data"),
        "{}",
        requests[1]
    );
    assert!(
        requests[3].starts_with("GET /end") && !requests[3].ends_with("data"),
        "{}",
        requests[3]
    );
}

//! Bodies: unpacked, bounded, damaged.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::servers::{answer, client, serve};
use crate::{BodyError, Request};

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// What reading a body of that encoding gives with a limit.
async fn read(encoding: &'static str, body: Vec<u8>, limit: u64) -> Result<Vec<u8>, BodyError> {
    let server = serve(None, move |_| {
        answer("200 OK", &format!("content-encoding: {encoding}\r\n"), &body)
    })
    .await;
    let mut response = client("{}")
        .send(Request::get(server.url("http", "/")))
        .await
        .unwrap();
    let mut into = Vec::new();
    response.read(&mut into, limit).await.map(|()| into)
}

#[tokio::test]
async fn bodies_are_unpacked_up_to_the_limit() {
    let text = b"up 1\n".repeat(1000);
    assert_eq!(read("identity", text.clone(), 5001).await, Ok(text.clone()));
    assert_eq!(read("gzip", packed(&text), 5001).await, Ok(text.clone()));
    let twice = [packed(&text), packed(b"end")].concat();
    assert_eq!(
        read("gzip", twice, 10_000).await,
        Ok([text.as_slice(), b"end"].concat())
    );
    assert_eq!(read("gzip", Vec::new(), 10).await, Ok(Vec::new()));
    for encoding in ["identity", "gzip"] {
        let body = if encoding == "gzip" {
            packed(&text)
        } else {
            text.clone()
        };
        assert_eq!(
            read(encoding, body, 5000).await,
            Err(BodyError::TooLarge { limit: 5000 })
        );
    }
}

#[tokio::test]
async fn a_bomb_costs_no_more_than_the_limit() {
    let bomb = packed(&vec![0; 4 << 20]);
    assert!(bomb.len() < 10 << 10);
    assert_eq!(
        read("gzip", bomb, 1 << 16).await,
        Err(BodyError::TooLarge { limit: 1 << 16 })
    );
}

#[tokio::test]
async fn damage_is_told() {
    let mut torn = packed(b"up 1\n");
    torn.truncate(torn.len() - 9);
    for (encoding, body) in [
        ("gzip", torn),
        ("gzip", b"not gzip at all".to_vec()),
        ("br", vec![1]),
    ] {
        let result = read(encoding, body, 1 << 20).await;
        assert!(
            matches!(result, Err(BodyError::Failed(_))),
            "{encoding}: {result:?}"
        );
    }
}

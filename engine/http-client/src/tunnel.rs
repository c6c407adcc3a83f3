//! Ways through a proxy to a host: CONNECT of HTTP, and SOCKS 5 (RFC 1928, RFC 1929).

use std::io;

use engine_settings::Secret;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use url::Url;

use crate::credentials::basic;
use crate::stream::Duplex;

/// Longest answer to CONNECT: a status and some headers, as servers commonly bound them.
const ANSWER_BYTES_MAX: usize = 8 << 10;

/// User and password of a proxy's URL, decoded.
pub(crate) fn user_of(proxy: &Url) -> Option<(String, String)> {
    let decode = |text: &str| {
        percent_encoding::percent_decode_str(text)
            .decode_utf8_lossy()
            .into_owned()
    };
    let named = !proxy.username().is_empty() || proxy.password().is_some();
    named.then(|| {
        (
            decode(proxy.username()),
            decode(proxy.password().unwrap_or_default()),
        )
    })
}

/// Asks an HTTP proxy for a tunnel to `authority`, which is `host:port`.
pub(crate) async fn connect(
    mut io: Box<dyn Duplex>,
    proxy: &Url,
    authority: &str,
    headers: &[(String, Vec<Secret>)],
) -> io::Result<Box<dyn Duplex>> {
    let mut request = format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n");
    if let Some((user, password)) = user_of(proxy) {
        request.push_str(&format!("Proxy-Authorization: {}\r\n", basic(&user, &password)));
    }
    for (name, values) in headers {
        for value in values.iter().map(Secret::reveal) {
            if value.contains(['\r', '\n']) {
                return Err(refused(format!(
                    "a value of the proxy_connect_header {name:?} has a line break"
                )));
            }
            request.push_str(&format!("{name}: {value}\r\n"));
        }
    }
    request.push_str("\r\n");
    io.write_all(request.as_bytes()).await?;
    io.flush().await?;
    let answer = head(&mut io).await?;
    let status = answer.lines().next().unwrap_or_default();
    match status.split(' ').nth(1) {
        Some(code) if code.len() == 3 && code.starts_with('2') => Ok(io),
        _ => Err(refused(format!("the proxy answered CONNECT with {status:?}"))),
    }
}

/// An answer up to its empty line. Nothing follows it before we speak, so reading on is no loss.
async fn head(io: &mut Box<dyn Duplex>) -> io::Result<String> {
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        if answer.len() >= ANSWER_BYTES_MAX {
            return Err(refused("the proxy's answer to CONNECT does not end".to_owned()));
        }
        answer.push(io.read_u8().await?);
    }
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// Asks a SOCKS 5 proxy for a tunnel; the proxy resolves the name.
pub(crate) async fn socks5(
    mut io: Box<dyn Duplex>,
    proxy: &Url,
    host: &str,
    port: u16,
) -> io::Result<Box<dyn Duplex>> {
    let user = user_of(proxy);
    let greeting: &[u8] = if user.is_some() { &[5, 2, 0, 2] } else { &[5, 1, 0] };
    io.write_all(greeting).await?;
    let mut choice = [0; 2];
    io.read_exact(&mut choice).await?;
    match (choice, user) {
        ([5, 0], _) => {}
        ([5, 2], Some((user, password))) => {
            let mut message = vec![1];
            for text in [user, password] {
                message.push(short(&text)?);
                message.extend_from_slice(text.as_bytes());
            }
            io.write_all(&message).await?;
            let mut answer = [0; 2];
            io.read_exact(&mut answer).await?;
            if answer[1] != 0 {
                return Err(refused(
                    "the SOCKS proxy refused the user or the password".to_owned(),
                ));
            }
        }
        _ => {
            return Err(refused(
                "the SOCKS proxy wants an authentication that is not configured".to_owned(),
            ));
        }
    }
    let mut message = vec![5, 1, 0, 3, short(host)?];
    message.extend_from_slice(host.as_bytes());
    message.extend_from_slice(&port.to_be_bytes());
    io.write_all(&message).await?;
    let mut answer = [0; 4];
    io.read_exact(&mut answer).await?;
    if answer[1] != 0 {
        return Err(refused(format!(
            "the SOCKS proxy cannot reach the host (reply {})",
            answer[1]
        )));
    }
    // The address that the proxy speaks from, which nobody needs, and its port.
    let address_bytes = match answer[3] {
        1 => 4,
        4 => 16,
        3 => usize::from(io.read_u8().await?),
        other => {
            return Err(refused(format!(
                "the SOCKS proxy answered with address type {other}"
            )));
        }
    };
    io.read_exact(&mut vec![0; address_bytes + 2]).await?;
    Ok(io)
}

fn short(text: &str) -> io::Result<u8> {
    u8::try_from(text.len()).map_err(|_| refused("SOCKS carries no names above 255 bytes".to_owned()))
}

fn refused(message: String) -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionRefused, message)
}

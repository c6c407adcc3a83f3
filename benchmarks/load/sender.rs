//! Pushes prepared requests over several connections, each with series of its own, so that a series' samples arrive
//! in order as from several senders' shards.

use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use super::http::Connection;
use super::requests::Protocol;

/// How often a request is sent again that the server could not take just now.
const TRIES: usize = 100;
/// Between two tries.
const PAUSE: Duration = Duration::from_millis(50);

/// What was sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sent {
    /// Requests that were acknowledged.
    pub requests: usize,
    /// Their compressed bytes.
    pub bytes: usize,
    /// Answers that asked for a later try.
    pub retries: usize,
}

/// Sends all rounds in order and returns when the last request is acknowledged.
///
/// # Errors
/// When a request is refused, or cannot be delivered in many tries.
pub fn send(
    address: SocketAddr,
    path: &str,
    protocol: Protocol,
    rounds: &[Vec<Vec<u8>>],
    connections: usize,
) -> Result<Sent> {
    let shards = thread::scope(|scope| {
        let shards: Vec<_> = (0..connections)
            .map(|shard| {
                scope.spawn(move || {
                    let mut connection = Connection::open(address)?;
                    let mut sent = Sent::default();
                    for body in rounds
                        .iter()
                        .flat_map(|round| round.iter().skip(shard).step_by(connections))
                    {
                        sent.retries += deliver(&mut connection, path, protocol, body)?;
                        sent.requests += 1;
                        sent.bytes += body.len();
                    }
                    Ok(sent)
                })
            })
            .collect();
        let joined = shards.into_iter().map(|shard| shard.join());
        joined.collect::<Vec<thread::Result<Result<Sent>>>>()
    });
    let mut all = Sent::default();
    for shard in shards {
        let Ok(sent) = shard else {
            bail!("a sender's thread ended early");
        };
        let sent = sent.with_context(|| format!("sending to {address}{path}"))?;
        all.requests += sent.requests;
        all.bytes += sent.bytes;
        all.retries += sent.retries;
    }
    Ok(all)
}

/// Sends one request until it is taken; the number of tries beyond the first.
///
/// # Errors
/// As [`send`].
pub fn deliver(connection: &mut Connection, path: &str, protocol: Protocol, body: &[u8]) -> Result<usize> {
    for retries in 0..TRIES {
        let answer = connection.post(path, protocol.headers(), body)?;
        match answer.status {
            200 | 204 => return Ok(retries),
            429 | 500.. => thread::sleep(PAUSE),
            status => bail!("status {status}: {}", answer.text()),
        }
    }
    bail!("not taken in {TRIES} tries")
}

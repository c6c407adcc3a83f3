//! Who may end a query before its time: a cancel request, and a client that goes away.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::Mutex;
use pgwire::api::cancel::CancelHandler;
use pgwire::error::{PgWireError, PgWireResult};
use pgwire::messages::cancel::CancelRequest;
use pgwire::messages::startup::SecretKey;
use tokio::sync::watch;

/// How often it is looked whether the client of a running query is still there: well within the time in which
/// work for nobody should stop, and nothing beside the work itself.
const LOOK_INTERVAL: Duration = Duration::from_millis(50);

/// Connections by what a cancel request names them with.
#[derive(Debug, Default)]
pub(super) struct Cancels(Mutex<HashMap<Key, Arc<Running>>>);

/// The number of a connection and its secret as bytes: a cancel request comes before a version of the protocol is
/// agreed, so the same secret can be read as a number on one connection and as bytes on the other.
type Key = (i32, Vec<u8>);

fn key(number: i32, secret: &SecretKey) -> Key {
    (number, secret.to_bytes().to_vec())
}

impl Cancels {
    pub(super) fn add(&self, number: i32, secret: &SecretKey, running: Arc<Running>) {
        self.0.lock().insert(key(number, secret), running);
    }

    pub(super) fn remove(&self, running: &Arc<Running>) {
        self.0.lock().retain(|_, known| !Arc::ptr_eq(known, running));
    }
}

#[async_trait]
impl CancelHandler for Cancels {
    async fn on_cancel_request(&self, request: CancelRequest) {
        let key = key(request.pid, &request.secret_key);
        let found = self.0.lock().get(&key).cloned();
        if let Some(running) = found {
            running.cancels.send_modify(|cancels| *cancels += 1);
        }
    }
}

/// What runs on one connection.
#[derive(Debug)]
pub(super) struct Running {
    /// Counts the cancel requests.
    cancels: watch::Sender<u64>,
    /// Queries that run: one, or the rows of one that are on their way.
    queries: AtomicUsize,
    /// The client's socket, to look at.
    socket: TcpStream,
}

impl Running {
    pub(super) fn new(socket: TcpStream) -> Self {
        Self {
            cancels: watch::Sender::new(0),
            queries: AtomicUsize::new(0),
            socket,
        }
    }

    /// Whether something runs.
    pub(super) fn is_busy(&self) -> bool {
        self.queries.load(Ordering::Relaxed) > 0
    }

    /// Counts as running until what it gives is dropped.
    pub(super) fn begin(self: &Arc<Self>) -> Watched {
        self.queries.fetch_add(1, Ordering::Relaxed);
        Watched {
            cancels: self.cancels.subscribe(),
            running: Arc::clone(self),
        }
    }

    /// Resolves when the client has closed its side and sent nothing more, or the connection broke.
    async fn gone(&self) {
        loop {
            tokio::time::sleep(LOOK_INTERVAL).await;
            match self.socket.peek(&mut [0]) {
                Ok(0) => return,
                Err(error) if !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {
                    return;
                }
                // Still there: it has sent more, or nothing.
                Ok(_) | Err(_) => {}
            }
        }
    }
}

/// A query that is running.
#[derive(Debug)]
pub(super) struct Watched {
    cancels: watch::Receiver<u64>,
    running: Arc<Running>,
}

impl Watched {
    /// What `work` gives, unless it is ended before.
    pub(super) async fn or_ended<T>(
        &mut self,
        work: impl Future<Output = PgWireResult<T>>,
    ) -> PgWireResult<T> {
        tokio::select! {
            biased;
            result = work => result,
            Ok(()) = self.cancels.changed() => Err(PgWireError::QueryCanceled),
            () = self.running.gone() => Err(std::io::Error::from(ErrorKind::ConnectionReset).into()),
        }
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.running.queries.fetch_sub(1, Ordering::Relaxed);
    }
}

//! Accepts connections, at most so many, and lets queries that run end before a stop.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use pgwire::api::auth::StartupHandler;
use pgwire::api::cancel::CancelHandler;
use pgwire::api::query::{ExtendedQueryHandler, SimpleQueryHandler};
use pgwire::api::{PgWireServerHandlers, RandomPidSecretKeyGenerator};
use pgwire::tokio::process_socket;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use super::connection::{Connection, Snapshots};
use super::extended::Extended;
use super::running::{Cancels, Running};
use super::startup::Startup;
use crate::engine::SqlEngine;

/// Connections beyond the limit that are told so at a time; others are closed without a word.
const REFUSED_MAX: usize = 16;
/// How long accepting rests when the process has no file handle left.
const ACCEPT_REST: Duration = Duration::from_millis(100);
/// How often it is looked at a stop whether a connection is still busy.
const DRAIN_LOOK: Duration = Duration::from_millis(10);

/// Limits of the listener.
#[derive(Debug, Clone)]
pub struct PostgresConfig {
    /// Connections at a time. Each may keep a query's batches and a thousand prepared statements.
    pub connections_max: usize,
    /// Longest that queries under way get at a stop.
    pub patience: Duration,
}

impl Default for PostgresConfig {
    /// PostgreSQL's own 100 connections; five seconds as for requests over HTTP.
    fn default() -> Self {
        Self {
            connections_max: 100,
            patience: Duration::from_secs(5),
        }
    }
}

/// Serves the protocol.
#[derive(Clone)]
pub struct PostgresServer {
    config: PostgresConfig,
    engine: Arc<SqlEngine>,
    snapshots: Snapshots,
    cancels: Arc<Cancels>,
    keys: Arc<RandomPidSecretKeyGenerator>,
}

impl fmt::Debug for PostgresServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresServer")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

impl PostgresServer {
    /// A server whose queries `engine` runs over what `snapshots` gives.
    pub fn new(config: PostgresConfig, engine: Arc<SqlEngine>, snapshots: Snapshots) -> Self {
        Self {
            config,
            engine,
            snapshots,
            cancels: Arc::default(),
            keys: Arc::default(),
        }
    }

    /// Serves until `stop` becomes true, then lets queries under way end.
    pub async fn serve(self, listener: TcpListener, stop: watch::Receiver<bool>) {
        let mut connections = JoinSet::new();
        let places = Arc::new(Semaphore::new(self.config.connections_max));
        let refusals = Arc::new(Semaphore::new(REFUSED_MAX));
        let mut stopped = stop.clone();
        loop {
            let accepted = tokio::select! {
                // An error means that nobody can stop the server any more, so it ends.
                _ = stopped.wait_for(|stop| *stop) => break,
                Some(_) = connections.join_next() => continue,
                accepted = listener.accept() => accepted,
            };
            let socket = match accepted {
                Ok((socket, _)) => socket,
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a PostgreSQL connection");
                    tokio::time::sleep(ACCEPT_REST).await;
                    continue;
                }
            };
            let (place, refused) = match Arc::clone(&places).try_acquire_owned() {
                Ok(place) => (place, None),
                Err(_) => match Arc::clone(&refusals).try_acquire_owned() {
                    Ok(place) => {
                        let most = self.config.connections_max;
                        (
                            place,
                            Some(format!("sorry, too many clients already: {most} are connected")),
                        )
                    }
                    Err(_) => continue,
                },
            };
            let (server, stop) = (self.clone(), stop.clone());
            connections.spawn(async move {
                let _place = place;
                server.connection(socket, refused, stop).await;
            });
        }
        drop(listener);
        while connections.join_next().await.is_some() {}
    }

    async fn connection(&self, socket: TcpStream, refused: Option<String>, mut stop: watch::Receiver<bool>) {
        let (socket, second) = match twice(socket) {
            Ok(both) => both,
            Err(error) => {
                tracing::warn!(%error, "cannot serve a PostgreSQL connection");
                return;
            }
        };
        let running = Arc::new(Running::new(second));
        let connection = Connection::new(
            Arc::clone(&self.engine),
            Arc::clone(&self.snapshots),
            Arc::clone(&running),
        );
        let connection = Arc::new(connection);
        let _known = Known(&self.cancels, &running);
        let handlers = Handlers {
            connection: Arc::clone(&connection),
            startup: Arc::new(Startup {
                cancels: Arc::clone(&self.cancels),
                keys: Arc::clone(&self.keys),
                connection,
                refused,
            }),
        };
        tokio::select! {
            ended = process_socket(socket, None, handlers) => {
                if let Err(error) = ended {
                    tracing::debug!(%error, "a PostgreSQL connection ended");
                }
            }
            () = drained(&mut stop, &running, self.config.patience) => {}
        }
    }
}

/// A connection that cancel requests find; its socket stays open while they do.
struct Known<'a>(&'a Cancels, &'a Arc<Running>);

impl Drop for Known<'_> {
    fn drop(&mut self) {
        self.0.remove(self.1);
    }
}

/// Resolves when the server stops and the connection has nothing under way, or has had its time.
async fn drained(stop: &mut watch::Receiver<bool>, running: &Running, patience: Duration) {
    // An error is a server that went away.
    drop(stop.wait_for(|stop| *stop).await);
    let idle = async {
        while running.is_busy() {
            tokio::time::sleep(DRAIN_LOOK).await;
        }
    };
    drop(tokio::time::timeout(patience, idle).await);
}

/// A socket to serve, and the same one to look at.
fn twice(socket: TcpStream) -> std::io::Result<(TcpStream, std::net::TcpStream)> {
    socket.set_nodelay(true)?;
    let socket = socket.into_std()?;
    let second = socket.try_clone()?;
    Ok((TcpStream::from_std(socket)?, second))
}

struct Handlers {
    connection: Arc<Connection>,
    startup: Arc<Startup>,
}

impl PgWireServerHandlers for Handlers {
    fn simple_query_handler(&self) -> Arc<impl SimpleQueryHandler> {
        Arc::clone(&self.connection)
    }

    fn extended_query_handler(&self) -> Arc<impl ExtendedQueryHandler> {
        Arc::new(Extended(Arc::clone(&self.connection)))
    }

    fn startup_handler(&self) -> Arc<impl StartupHandler> {
        Arc::clone(&self.startup)
    }

    fn cancel_handler(&self) -> Arc<impl CancelHandler> {
        Arc::clone(&self.startup.cancels)
    }
}

//! As many connections at a time as `--web.max-connections` says, none of them idle for longer than
//! `--web.read-timeout`. More wait in the kernel, whose queue is bounded too, so that a crowd of clients takes neither
//! the open files nor the memory that scrapes and writes need.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::serve::Listener;
use rustix::io::Errno;
use rustix::net::RecvFlags;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep, sleep};

use super::watch::{Place, Watch};

/// What is read at once of a request that was looked for; most are shorter.
const LOOK_BYTES: usize = 4096;

/// A listener with places.
pub(super) struct Connections {
    listener: TcpListener,
    places: Arc<Semaphore>,
    idle_max: Duration,
    watched: Place,
}

/// A connection; its place is free again when it is dropped.
pub(super) struct Connection {
    stream: TcpStream,
    _place: Option<OwnedSemaphorePermit>,
    idle_max: Duration,
    moved: Instant,
    watch: Watch,
    /// Looks whether something moved; seldom made anew, because that costs more than a glance at the clock.
    look: Pin<Box<Sleep>>,
}

impl Connections {
    /// At most `most` at a time; one on which nothing moves for `idle_max` is closed.
    pub(super) fn new(listener: TcpListener, most: usize, idle_max: Duration) -> Self {
        Self {
            listener,
            places: Arc::new(Semaphore::new(most.min(Semaphore::MAX_PERMITS))),
            idle_max,
            watched: Place::default(),
        }
    }
}

impl Listener for Connections {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        // Never closed, so there is always a place in the end.
        let place = Arc::clone(&self.places).acquire_owned().await.ok();
        let (stream, address) = Listener::accept(&mut self.listener).await;
        let connection = Connection {
            stream,
            _place: place,
            idle_max: self.idle_max,
            moved: Instant::now(),
            watch: Watch::new(self.watched.clone()),
            look: Box::pin(sleep(self.idle_max)),
        };
        (connection, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

impl Connection {
    /// Fails once nothing moved for too long.
    fn poll_idle(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.look.as_mut().poll(context).is_ready() {
            let due = self.moved + self.idle_max;
            if due <= Instant::now() {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            self.look.as_mut().reset(due);
        }
        Poll::Pending
    }

    /// Notes an answer. Whoever drives the connection reads again only when it is woken.
    fn answers(&mut self, context: &Context<'_>) {
        self.moved = Instant::now();
        if self.watch.answered() {
            context.waker().wake_by_ref();
        }
    }

    /// Reads what has come, without waiting until the runtime hears of it.
    fn poll_look(&mut self, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let length = buffer.remaining().min(LOOK_BYTES);
        let free = buffer.initialize_unfilled_to(length);
        match rustix::net::recv(&self.stream, free, RecvFlags::DONTWAIT) {
            Ok((_, length)) => {
                buffer.advance(length);
                Poll::Ready(Ok(()))
            }
            Err(Errno::AGAIN | Errno::INTR) => {
                context.waker().wake_by_ref();
                Poll::Pending
            }
            Err(error) => Poll::Ready(Err(error.into())),
        }
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = match Pin::new(&mut self.stream).poll_read(context, buffer) {
            Poll::Pending if self.watch.looks() => self.poll_look(context, buffer),
            Poll::Pending => return self.poll_idle(context),
            done => done,
        };
        if read.is_ready() {
            self.moved = Instant::now();
            self.watch.asked();
        }
        read
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.answers(context);
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.answers(context);
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;
    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn a_connection_beyond_the_limit_waits_for_a_place() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut connections = Connections::new(listener, 2, Duration::from_secs(60));
        let address = connections.local_addr().unwrap();
        let mut clients = Vec::new();
        for _ in 0..3 {
            clients.push(TcpStream::connect(address).await.unwrap());
        }
        let first = connections.accept().await;
        let _second = connections.accept().await;
        let third = timeout(Duration::from_millis(50), connections.accept()).await;
        assert!(third.is_err(), "there are two places");
        drop(first);
        assert!(
            timeout(Duration::from_secs(30), connections.accept())
                .await
                .is_ok()
        );
    }

    #[tokio::test]
    async fn a_connection_on_which_nothing_moves_is_closed() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut connections = Connections::new(listener, 2, Duration::from_millis(100));
        let address = connections.local_addr().unwrap();
        let _client = TcpStream::connect(address).await.unwrap();
        let (mut connection, _) = connections.accept().await;
        let read = timeout(Duration::from_secs(30), connection.read_u8())
            .await
            .unwrap();
        assert_eq!(read.unwrap_err().kind(), io::ErrorKind::TimedOut);
    }
}

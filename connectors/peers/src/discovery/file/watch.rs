//! Folders that tell when something in them changes (inotify).

use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
use rustix::io::Errno;
use tokio::io::unix::AsyncFd;

/// What of the events fits at once; the rest stays queued and is read next.
const EVENTS_BYTES: usize = 4096;

/// Watches folders.
pub(super) struct Watch(AsyncFd<OwnedFd>);

impl Watch {
    /// Watches nothing yet.
    pub(super) fn new() -> io::Result<Self> {
        let fd = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC)?;
        // SAFETY: the descriptor is owned by the registration and closed only after it ends.
        Ok(Self(unsafe { AsyncFd::register(fd)? }))
    }

    /// Watches a folder too; one that is watched stays so, one that is not there is not.
    pub(super) fn add(&self, folder: &Path) {
        let events = WatchFlags::CREATE
            | WatchFlags::CLOSE_WRITE
            | WatchFlags::MOVED_TO
            | WatchFlags::MOVED_FROM
            | WatchFlags::DELETE
            | WatchFlags::DELETE_SELF
            | WatchFlags::ATTRIB;
        if let Err(error) = inotify::add_watch(self.0.get_ref(), folder, events) {
            tracing::debug!(folder = %folder.display(), %error, "a folder of target files cannot be watched");
        }
    }

    /// Resolves when something happened; all that happened until then is taken.
    pub(super) async fn changed(&mut self) {
        let mut events = [0; EVENTS_BYTES];
        loop {
            let Ok(mut ready) = self.0.readable_mut().await else {
                // The descriptor is gone with the runtime: nothing will be told again.
                return std::future::pending().await;
            };
            let mut happened = false;
            loop {
                match rustix::io::read(ready.get_inner(), &mut events) {
                    Ok(count) if count > 0 => happened = true,
                    Err(Errno::INTR) => {}
                    _ => break,
                }
            }
            ready.clear_ready();
            if happened {
                return;
            }
        }
    }
}

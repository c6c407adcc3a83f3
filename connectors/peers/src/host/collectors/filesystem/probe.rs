//! `statfs(2)` with a time-out: the calls run on a thread of their own, because a hung one cannot be stopped.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TryRecvError, sync_channel};
use std::thread;
use std::time::Duration;

use parking_lot::Mutex;

use crate::host::syscalls::{FilesystemSize, filesystem_size};

/// How long a mount point may take; node_exporter's `--collector.filesystem.mount-timeout`.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

/// What a mount point that hangs is told as in `device_error`; node_exporter's words.
const HANGS: &str = "mountpoint timeout";

type Answer = Result<FilesystemSize, String>;
type Ask = fn(&Path) -> io::Result<FilesystemSize>;

/// Remembers the mount points that hang. Each costs one parked thread until it answers, and is not asked
/// again before, so threads are bounded by mount points (times the scrapes that ran when it began to hang).
pub(super) struct Probe {
    hanging: Arc<Mutex<BTreeSet<PathBuf>>>,
    ask: Ask,
    timeout: Duration,
}

impl Default for Probe {
    fn default() -> Self {
        Self {
            hanging: Arc::default(),
            ask: filesystem_size,
            timeout: ANSWER_TIMEOUT,
        }
    }
}

impl Probe {
    /// The size of each mount point or why there is none, in the order of `mount_points`.
    pub(super) fn sizes(&self, mount_points: Vec<PathBuf>) -> Vec<Answer> {
        let mut answers: Vec<Answer> = mount_points.iter().map(|_| Err(HANGS.into())).collect();
        let hanging = self.hanging.lock().clone();
        let mut pending: Vec<(usize, PathBuf)> = mount_points
            .into_iter()
            .enumerate()
            .filter(|(_, path)| !hanging.contains(path))
            .collect();
        while !pending.is_empty() {
            let Some(receiver) = self.start(pending.iter().map(|(_, path)| path.clone()).collect()) else {
                for (index, _) in pending {
                    answers[index] = Err("no thread to ask with".into());
                }
                break;
            };
            let mut asked = pending.into_iter();
            for (index, path) in asked.by_ref() {
                match self.wait(&receiver, &path) {
                    Some(answer) => answers[index] = answer,
                    // The thread is stuck in this one: ask for the rest with another.
                    None => break,
                }
            }
            pending = asked.collect();
        }
        answers
    }

    /// Starts a thread that asks one mount point after the other.
    fn start(&self, mount_points: Vec<PathBuf>) -> Option<Receiver<Answer>> {
        // Room for every answer, so that the thread never waits for its reader.
        let (sender, receiver) = sync_channel(mount_points.len());
        let (hanging, ask) = (Arc::clone(&self.hanging), self.ask);
        let spawned = thread::Builder::new().name("host-statfs".into()).spawn(move || {
            for path in mount_points {
                let answer = ask(&path).map_err(|error| reason(&error));
                if !tell(&hanging, &sender, &path, answer) {
                    return;
                }
            }
        });
        spawned
            .inspect_err(|error| tracing::debug!(%error, "no thread for statfs"))
            .ok()?;
        Some(receiver)
    }

    /// One answer, or `None` after marking the mount point as hanging.
    fn wait(&self, receiver: &Receiver<Answer>, path: &Path) -> Option<Answer> {
        match receiver.recv_timeout(self.timeout) {
            Ok(answer) => return Some(answer),
            Err(RecvTimeoutError::Disconnected) => return Some(Err("the asking thread ended".into())),
            Err(RecvTimeoutError::Timeout) => {}
        }
        // Answers are sent under the same lock: either it came just now, or the thread will see the mark.
        let mut hanging = self.hanging.lock();
        match receiver.try_recv() {
            Ok(answer) => Some(answer),
            Err(TryRecvError::Empty | TryRecvError::Disconnected) => {
                tracing::debug!(mount_point = %path.display(), "mount point hangs");
                hanging.insert(path.to_owned());
                None
            }
        }
    }
}

/// Sends an answer; false where it came too late, and then the mount point may be asked again.
fn tell(
    hanging: &Mutex<BTreeSet<PathBuf>>,
    sender: &SyncSender<Answer>,
    path: &Path,
    answer: Answer,
) -> bool {
    let mut hanging = hanging.lock();
    if hanging.remove(path) {
        tracing::debug!(mount_point = %path.display(), "mount point answers again");
        return false;
    }
    sender.send(answer).is_ok()
}

/// The kernel's words without the number, in lower case: `no such file or directory`.
fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| {
        first.to_lowercase().chain(characters).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slow_when_told(path: &Path) -> io::Result<FilesystemSize> {
        match path.file_name().and_then(|name| name.to_str()) {
            Some("hangs") => {
                while path.exists() {
                    thread::sleep(Duration::from_millis(5));
                }
                Ok(FilesystemSize::default())
            }
            Some("fails") => Err(io::Error::from_raw_os_error(libc::EACCES)),
            _ => Ok(FilesystemSize {
                size_bytes: 1.0,
                ..FilesystemSize::default()
            }),
        }
    }

    #[test]
    fn a_hanging_mount_point_is_marked_left_alone_and_forgiven() {
        let folder = tempfile::tempdir().unwrap();
        let hangs = folder.path().join("hangs");
        std::fs::write(&hangs, "").unwrap();
        let probe = Probe {
            hanging: Arc::default(),
            ask: slow_when_told,
            timeout: Duration::from_millis(200),
        };
        let paths = || vec!["/a".into(), hangs.clone(), "/fails".into(), "/b".into()];
        let good = Ok(FilesystemSize {
            size_bytes: 1.0,
            ..FilesystemSize::default()
        });
        let expected = vec![
            good.clone(),
            Err(HANGS.into()),
            Err("permission denied".into()),
            good,
        ];

        assert_eq!(probe.sizes(paths()), expected);
        assert!(probe.hanging.lock().contains(&hangs));
        assert_eq!(
            probe.sizes(paths()),
            expected,
            "the second scrape does not ask it"
        );

        std::fs::remove_file(&hangs).unwrap();
        while probe.hanging.lock().contains(&hangs) {
            thread::sleep(Duration::from_millis(5));
        }
        assert_eq!(probe.sizes(paths())[1], Ok(FilesystemSize::default()));
    }
}

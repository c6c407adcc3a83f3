//! `--config.auto-reload`: tells when the configuration changed on disk.

use std::path::PathBuf;
use std::time::Duration;

use tokio::time::{Interval, MissedTickBehavior, interval};

use super::fingerprint::fingerprint;

/// Looks at the configuration's files at intervals.
pub(crate) struct AutoReload {
    watched: Option<Watched>,
}

struct Watched {
    file: PathBuf,
    ticks: Interval,
    seen: u64,
}

impl AutoReload {
    /// Looks at `file` every `period`; without a file it never tells.
    pub(crate) fn new(file: Option<PathBuf>, period: Duration) -> Self {
        let watched = file.map(|file| {
            let mut ticks = interval(period);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            let seen = fingerprint(&file);
            Watched { file, ticks, seen }
        });
        Self { watched }
    }

    /// Resolves when the files differ from those that were seen last, and counts them as seen. A change
    /// that cannot be used is told once and not again at each look.
    pub(crate) async fn changed(&mut self) {
        let Some(watched) = &mut self.watched else {
            return std::future::pending().await;
        };
        loop {
            watched.ticks.tick().await;
            let now = fingerprint(&watched.file);
            if now != watched.seen {
                watched.seen = now;
                return;
            }
        }
    }

    /// The files as they are now were read for another reason.
    pub(crate) fn seen(&mut self) {
        if let Some(watched) = &mut self.watched {
            watched.seen = fingerprint(&watched.file);
        }
    }
}

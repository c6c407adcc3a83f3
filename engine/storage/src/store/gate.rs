//! Whether everything that was acknowledged before the start can be read again.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use tokio::sync::watch;

use super::error::StoreError;

/// How far the replay of the log is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReplayProgress {
    /// Bytes of the log that are back.
    pub done_bytes: u64,
    /// Bytes of the log that the start found.
    pub total_bytes: u64,
    /// Whether all is back.
    pub is_done: bool,
}

/// Reads wait here until the replay is done.
#[derive(Debug)]
pub(super) struct Gate {
    is_open: AtomicBool,
    done_bytes: AtomicU64,
    total_bytes: u64,
    /// `None` while the replay runs; then `Ok`, or why it failed.
    state: Mutex<Option<Result<(), String>>>,
    changed: Condvar,
    opened: watch::Sender<bool>,
}

impl Gate {
    pub(super) fn new(total_bytes: u64) -> Self {
        Self {
            is_open: AtomicBool::new(false),
            done_bytes: AtomicU64::new(0),
            total_bytes,
            state: Mutex::new(None),
            changed: Condvar::new(),
            opened: watch::Sender::new(false),
        }
    }

    pub(super) fn advance(&self, bytes: u64) {
        self.done_bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Lets everybody through.
    pub(super) fn open(&self) {
        self.end(Ok(()));
    }

    /// Tells everybody that the replay failed.
    pub(super) fn fail(&self, reason: String) {
        self.end(Err(reason));
    }

    fn end(&self, result: Result<(), String>) {
        self.is_open.store(result.is_ok(), Ordering::Release);
        self.state.lock().get_or_insert(result);
        self.changed.notify_all();
        self.opened.send_replace(true);
    }

    pub(super) fn progress(&self) -> ReplayProgress {
        let is_done = self.is_open.load(Ordering::Acquire);
        let done_bytes = match is_done {
            true => self.total_bytes,
            false => self.done_bytes.load(Ordering::Relaxed).min(self.total_bytes),
        };
        ReplayProgress {
            done_bytes,
            total_bytes: self.total_bytes,
            is_done,
        }
    }

    /// Ok when all is back.
    #[inline]
    pub(super) fn check(&self) -> Result<(), StoreError> {
        if self.is_open.load(Ordering::Acquire) {
            return Ok(());
        }
        match &*self.state.lock() {
            Some(Ok(())) => Ok(()),
            Some(Err(reason)) => Err(StoreError::ReplayFailed {
                reason: reason.clone(),
            }),
            None => {
                let ReplayProgress {
                    done_bytes,
                    total_bytes,
                    ..
                } = self.progress();
                Err(StoreError::Replaying {
                    done_bytes,
                    total_bytes,
                })
            }
        }
    }

    /// Waits until the replay has ended, well or badly.
    pub(super) fn block(&self) -> Result<(), StoreError> {
        let mut state = self.state.lock();
        while state.is_none() {
            self.changed.wait(&mut state);
        }
        drop(state);
        self.check()
    }

    pub(super) async fn wait(&self) -> Result<(), StoreError> {
        let mut opened = self.opened.subscribe();
        // The sender lives as long as the gate.
        if opened.wait_for(|is_over| *is_over).await.is_err() {
            return Err(StoreError::Closed);
        }
        self.check()
    }

    pub(super) async fn wait_within(&self, limit: Duration) -> Result<(), StoreError> {
        if self.check().is_ok() {
            return Ok(());
        }
        match tokio::time::timeout(limit, self.wait()).await {
            Ok(result) => result,
            Err(_) => self.check(),
        }
    }
}

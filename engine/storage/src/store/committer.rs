//! The committer: the one thread that appends. It checks a batch against the head, writes it to the
//! log, applies it, makes it visible, and fsyncs once for all waiting batches that asked for it.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::time::{Duration, Instant};

use engine_model::SampleBatch;
use parking_lot::Mutex;
use tokio::sync::oneshot;

use super::Shared;
use super::config::Fsync;
use super::error::{AppendError, StoreError};
use crate::head::{RejectReason, RejectedSample};
use crate::wal::record::put_batch;
use crate::wal::writer::WalWriter;

/// Requests that wait for the committer. Each is one batch, and its sender waits for the answer, so
/// this is the number of concurrent writers; beyond it they queue for a place.
const QUEUE_REQUESTS_MAX: usize = 256;
/// Batches that share one fsync: enough to hide its latency, few enough to answer the first soon.
const GROUP_REQUESTS_MAX: usize = 64;
/// Batches that did not ask for an fsync get one after this time at most.
const FSYNC_INTERVAL: Duration = Duration::from_secs(1);

/// What happens to a batch of which some samples are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnReject {
    /// The others are appended (scrapes, rules).
    #[default]
    Drop,
    /// Nothing is appended (remote write 1.0).
    RollBack,
}

/// How a batch is appended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AppendOptions {
    /// Whether the answer waits for the fsync.
    pub durable: bool,
    /// What happens when samples are refused.
    pub on_reject: OnReject,
}

/// What became of an appended batch.
#[derive(Debug, Clone, Default)]
pub struct AppendOutcome {
    /// The batch's commit number; pins taken from now on see it.
    pub commit: u64,
    /// Float samples that were appended.
    pub accepted: usize,
    /// Native histograms that were appended.
    pub histograms: usize,
    /// Exemplars that were kept.
    pub exemplars: usize,
    /// Samples that the store had already, with the same value.
    pub repeated: usize,
    /// Samples that were refused, by reason.
    pub rejected: Vec<(RejectReason, usize)>,
    /// The first sample that was refused.
    pub first_rejected: Option<RejectedSample>,
}

type Reply = oneshot::Sender<Result<AppendOutcome, AppendError>>;

enum Request {
    Append {
        batch: SampleBatch,
        options: AppendOptions,
        reply: Reply,
    },
    /// Starts a new log file for a cut and answers with the number of the closed one.
    Roll {
        reply: oneshot::Sender<Result<u64, StoreError>>,
    },
    Close {
        reply: oneshot::Sender<Result<(), StoreError>>,
    },
}

/// The way to the committer's thread.
#[derive(Debug)]
pub(super) struct Committer {
    requests: SyncSender<Request>,
    thread: Mutex<Option<std::thread::JoinHandle<()>>>,
}

impl Committer {
    /// Starts the thread; commits continue after `last_commit`.
    pub(super) fn start(shared: Arc<Shared>, wal: WalWriter, last_commit: u64) -> std::io::Result<Self> {
        let (requests, inbox) = sync_channel(QUEUE_REQUESTS_MAX);
        let state = CommitLoop {
            shared,
            wal,
            commit: last_commit,
            buffer: Vec::new(),
            written_at: None,
            waiting: Vec::new(),
        };
        let thread = std::thread::Builder::new()
            .name("weir-commit".to_owned())
            .spawn(move || state.run(&inbox))?;
        Ok(Self {
            requests,
            thread: Mutex::new(Some(thread)),
        })
    }

    pub(super) async fn append(
        &self,
        batch: SampleBatch,
        options: AppendOptions,
    ) -> Result<AppendOutcome, AppendError> {
        let (reply, answer) = oneshot::channel();
        self.send(Request::Append {
            batch,
            options,
            reply,
        })
        .await
        .map_err(|()| AppendError::Closed)?;
        answer.await.unwrap_or(Err(AppendError::Closed))
    }

    /// Starts a new log file; returns the number of the closed one.
    pub(super) async fn roll(&self) -> Result<u64, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.send(Request::Roll { reply })
            .await
            .map_err(|()| StoreError::Closed)?;
        answer.await.unwrap_or(Err(StoreError::Closed))
    }

    pub(super) async fn close(&self) -> Result<(), StoreError> {
        let (reply, answer) = oneshot::channel();
        self.send(Request::Close { reply })
            .await
            .map_err(|()| StoreError::Closed)?;
        let result = answer.await.unwrap_or(Err(StoreError::Closed));
        if let Some(thread) = self.thread.lock().take() {
            // The thread answers as its last act, so this does not wait.
            if thread.join().is_err() {
                tracing::error!("the committer panicked");
            }
        }
        result
    }

    async fn send(&self, request: Request) -> Result<(), ()> {
        let mut request = request;
        loop {
            match self.requests.try_send(request) {
                Ok(()) => return Ok(()),
                Err(TrySendError::Disconnected(_)) => return Err(()),
                Err(TrySendError::Full(back)) => request = back,
            }
            // Full means 256 writers wait already; a millisecond is about one fsync.
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

struct CommitLoop {
    shared: Arc<Shared>,
    wal: WalWriter,
    commit: u64,
    buffer: Vec<u8>,
    /// When the oldest batch without an fsync was written.
    written_at: Option<Instant>,
    /// Batches that are visible and wait for the fsync.
    waiting: Vec<(Reply, AppendOutcome)>,
}

impl CommitLoop {
    fn run(mut self, inbox: &Receiver<Request>) {
        loop {
            let first = match self.written_at {
                None => inbox.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(at) => inbox.recv_timeout(FSYNC_INTERVAL.saturating_sub(at.elapsed())),
            };
            let request = match first {
                Ok(request) => request,
                Err(RecvTimeoutError::Timeout) => {
                    self.sync();
                    continue;
                }
                Err(RecvTimeoutError::Disconnected) => return self.sync(),
            };
            let mut group = Some(request);
            for _ in 0..GROUP_REQUESTS_MAX {
                let Some(request) = group.take().or_else(|| inbox.try_recv().ok()) else {
                    break;
                };
                match request {
                    Request::Append {
                        batch,
                        options,
                        reply,
                    } => self.append(&batch, options, reply),
                    Request::Roll { reply } => drop(reply.send(self.wal.roll().map_err(StoreError::from))),
                    Request::Close { reply } => {
                        self.sync();
                        drop(reply.send(self.wal.sync().map_err(StoreError::from)));
                        return;
                    }
                }
            }
            let always = self.shared.config.fsync == Fsync::Always;
            if !self.waiting.is_empty() || (always && self.wal.is_unsynced()) {
                self.sync();
            }
        }
    }

    fn append(&mut self, batch: &SampleBatch, options: AppendOptions, reply: Reply) {
        let result = self.commit(batch, options);
        let durable = options.durable && self.shared.config.fsync != Fsync::Never;
        match result {
            Ok(outcome) if durable => self.waiting.push((reply, outcome)),
            // A sender that no longer listens has gone away; its batch is committed all the same.
            result => drop(reply.send(result)),
        }
    }

    fn commit(&mut self, batch: &SampleBatch, options: AppendOptions) -> Result<AppendOutcome, AppendError> {
        let shared = Arc::clone(&self.shared);
        let checked = shared.head.read().check(batch);
        if let Some(&unknown) = checked.rejected.counts.get(&RejectReason::UnknownSeries) {
            return Err(AppendError::UnknownSeries(unknown));
        }
        shared.counters.count_rejected(&checked.rejected);
        let rejected: Vec<(RejectReason, usize)> = checked.rejected.counts.into_iter().collect();
        if let (OnReject::RollBack, Some(first)) = (options.on_reject, &checked.rejected.first) {
            return Err(AppendError::Rejected {
                counts: rejected,
                first: first.clone(),
            });
        }
        let mut outcome = AppendOutcome {
            commit: self.commit,
            accepted: checked.samples.len(),
            histograms: 0,
            exemplars: 0,
            repeated: checked.repeated,
            rejected,
            first_rejected: checked.rejected.first,
        };
        if checked.samples.is_empty() {
            return Ok(outcome);
        }
        let new_series = shared.head.read().unknown_series(&checked.samples);
        self.buffer.clear();
        put_batch(&mut self.buffer, self.commit + 1, &new_series, &checked.samples);
        if let Err(error) = self.wal.write(&self.buffer) {
            shared.counters.log_failures.add(1);
            tracing::error!(%error, "cannot write to the write-ahead log; the batch is refused");
            return Err(AppendError::Log(error));
        }
        self.written_at.get_or_insert_with(Instant::now);
        self.commit += 1;
        let mut head = shared.head.write();
        head.apply(self.commit, &checked.samples);
        shared.version.commit(self.commit);
        drop(head);
        shared.counters.samples_appended.add(checked.samples.len() as u64);
        outcome.commit = self.commit;
        Ok(outcome)
    }

    /// Syncs the log and answers everyone who waits for it.
    fn sync(&mut self) {
        self.written_at = None;
        let never = self.shared.config.fsync == Fsync::Never;
        let synced = if never { Ok(()) } else { self.wal.sync() };
        self.shared.counters.fsyncs.add(1);
        let failed = synced.is_err();
        if let Err(error) = synced {
            tracing::error!(%error, "fsync of the write-ahead log failed; nothing more is acknowledged");
        }
        for (reply, outcome) in self.waiting.drain(..) {
            let result = if failed {
                Err(AppendError::Log(crate::wal::WalError::Poisoned))
            } else {
                Ok(outcome)
            };
            drop(reply.send(result));
        }
    }
}

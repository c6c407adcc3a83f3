//! The committer: the one thread that appends. It checks a batch against the head, writes it to the
//! log, applies it, makes it visible, and fsyncs once for all waiting batches that asked for it. While the
//! replay of the log runs it only writes: the batches are judged and applied when their turn comes.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::time::{Duration, Instant};

use engine_model::SampleBatch;
use parking_lot::Mutex;
use tokio::sync::oneshot;

use super::Shared;
use super::config::Fsync;
use super::defined::Defined;
use super::error::{AppendError, StoreError};
use super::replay::OwnTail;
use super::series_limit::WithinLimit;
use crate::head::{Checked, CutPlan, RejectReason, RejectedSample};
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
    /// Nothing is appended (remote write 1.0), unless it is the limit of series that refuses them.
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

/// What became of an appended batch. One that was accepted while the log is still replayed counts all its
/// samples as accepted; they are judged when the replay reaches them.
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

/// A cut that has begun.
#[derive(Debug, Clone, Copy)]
pub(super) struct CutStart {
    /// Number of the newest log file that the cut's checkpoint replaces.
    pub(super) closed: u64,
    pub(super) plan: CutPlan,
}

type Reply = oneshot::Sender<Result<AppendOutcome, AppendError>>;

enum Request {
    Append {
        batch: SampleBatch,
        options: AppendOptions,
        reply: Reply,
    },
    /// Starts a new log file for a cut of what is older than a time, and plans the cut between two batches,
    /// so that no batch was judged before the plan and is applied after it.
    Cut {
        before_ms: i64,
        reply: oneshot::Sender<Result<CutStart, StoreError>>,
    },
    /// The replay is done but for what was logged last.
    TakeOver { tail: Box<OwnTail>, started: Instant },
    Close {
        reply: oneshot::Sender<Result<(), StoreError>>,
    },
}

/// The way to the committer's thread.
#[derive(Debug)]
pub(super) struct Committer {
    requests: Requests,
    thread: Mutex<Option<std::thread::JoinHandle<()>>>,
}

/// Where requests are handed in.
#[derive(Debug, Clone)]
pub(super) struct Requests(SyncSender<Request>);

impl Requests {
    /// Lets the committer finish the replay that was `started`.
    pub(super) fn take_over(&self, tail: OwnTail, started: Instant) {
        let tail = Box::new(tail);
        if self.0.send(Request::TakeOver { tail, started }).is_err() {
            tracing::debug!("the store was closed while its log was replayed");
        }
    }
}

impl Committer {
    /// Starts the thread; commits continue after `last_commit`.
    pub(super) fn start(shared: Arc<Shared>, wal: WalWriter, last_commit: u64) -> std::io::Result<Self> {
        let (requests, inbox) = sync_channel(QUEUE_REQUESTS_MAX);
        let state = CommitLoop {
            shared,
            wal,
            commit: last_commit,
            is_live: false,
            defined: Defined::default(),
            buffer: Vec::new(),
            written_at: None,
            waiting: Vec::new(),
        };
        let thread = std::thread::Builder::new()
            .name("weir-commit".to_owned())
            .spawn(move || state.run(&inbox))?;
        Ok(Self {
            requests: Requests(requests),
            thread: Mutex::new(Some(thread)),
        })
    }

    pub(super) fn requests(&self) -> Requests {
        self.requests.clone()
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

    /// Begins a cut of what is older than `before_ms`. Blocks.
    pub(super) fn begin_cut(&self, before_ms: i64) -> Result<CutStart, StoreError> {
        let (reply, answer) = oneshot::channel();
        let request = Request::Cut { before_ms, reply };
        self.requests.0.send(request).map_err(|_| StoreError::Closed)?;
        answer.blocking_recv().unwrap_or(Err(StoreError::Closed))
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
            match self.requests.0.try_send(request) {
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
    /// Whether the head is complete, so that batches are judged and applied at once.
    is_live: bool,
    defined: Defined,
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
                if self.serve(request).is_break() {
                    return;
                }
            }
            let always = self.shared.config.fsync == Fsync::Always;
            if !self.waiting.is_empty() || (always && self.wal.is_unsynced()) {
                self.sync();
            }
        }
    }

    fn serve(&mut self, request: Request) -> std::ops::ControlFlow<()> {
        match request {
            Request::Append {
                batch,
                options,
                reply,
            } => self.append(&batch, options, reply),
            Request::Cut { before_ms, reply } => drop(reply.send(self.begin_cut(before_ms))),
            Request::TakeOver { tail, started } => self.take_over(*tail, started),
            Request::Close { reply } => {
                if !self.is_live {
                    self.shared.gate.fail(StoreError::Closed.to_string());
                }
                self.sync();
                drop(reply.send(self.wal.sync().map_err(StoreError::from)));
                return std::ops::ControlFlow::Break(());
            }
        }
        std::ops::ControlFlow::Continue(())
    }

    fn begin_cut(&mut self, before_ms: i64) -> Result<CutStart, StoreError> {
        let closed = self.wal.roll(self.commit)?;
        self.shared.set_logged_bytes(self.wal.end().1);
        let generation = self.shared.version.load().generation;
        let plan = self
            .shared
            .head
            .write()
            .plan_cut(before_ms, self.commit, generation);
        Ok(CutStart { closed, plan })
    }

    /// Applies what was logged last and lets reads through.
    fn take_over(&mut self, tail: OwnTail, started: Instant) {
        let shared = &self.shared;
        if let Err(error) = tail.finish(shared, self.wal.end().1) {
            tracing::error!(error = %crate::error_chain(&error), "the write-ahead log cannot be replayed");
            return shared.gate.fail(crate::error_chain(&error));
        }
        // What was refused when its turn came defines no series, neither in the head nor in a checkpoint.
        let head = shared.head.read();
        self.defined.retain(|series| head.has_series(series));
        drop(head);
        shared.version.commit(self.commit);
        self.is_live = true;
        let elapsed = started.elapsed();
        shared.counters.replay_us.add(elapsed.as_micros() as u64);
        shared.gate.open();
        tracing::info!(
            series = shared.head.read().series_count(),
            log_bytes = shared.gate.progress().total_bytes,
            elapsed_ms = elapsed.as_millis() as u64,
            "write-ahead log replayed"
        );
    }

    fn append(&mut self, batch: &SampleBatch, options: AppendOptions, reply: Reply) {
        let result = match self.is_live {
            true => self.commit(batch, options),
            false => self.log_only(batch),
        };
        let durable = options.durable && self.shared.config.fsync != Fsync::Never;
        match result {
            Ok(outcome) if durable => self.waiting.push((reply, outcome)),
            // A sender that no longer listens has gone away; its batch is committed all the same.
            result => drop(reply.send(result)),
        }
    }

    fn commit(&mut self, batch: &SampleBatch, options: AppendOptions) -> Result<AppendOutcome, AppendError> {
        let shared = Arc::clone(&self.shared);
        let head = shared.head.read();
        let mut checked = head.check(batch, shared.limits());
        let series = head.series_count();
        drop(head);
        if let Some(&unknown) = checked.rejected.counts.get(&RejectReason::UnknownSeries) {
            return Err(AppendError::UnknownSeries(unknown));
        }
        if let Some(room) = shared.room_below_limit(series, checked.new_series.len()) {
            let refused = checked.new_series.get(room..).unwrap_or_default();
            let within = WithinLimit::of(batch, refused, &shared.table);
            let result = self.commit(&within.batch, options);
            return within.result_of_all(result);
        }
        shared.counters.count_rejected(&checked.rejected);
        let rejected = std::mem::take(&mut checked.rejected);
        let counts: Vec<(RejectReason, usize)> = rejected.counts.into_iter().collect();
        if let (OnReject::RollBack, Some(first)) = (options.on_reject, &rejected.first) {
            return Err(AppendError::Rejected {
                counts,
                first: first.clone(),
            });
        }
        let mut outcome = AppendOutcome {
            commit: self.commit,
            accepted: checked.floats,
            histograms: checked.histograms.len(),
            exemplars: 0,
            repeated: checked.repeated,
            rejected: counts,
            first_rejected: rejected.first,
        };
        if checked.is_empty() && batch.exemplars().is_empty() {
            return Ok(outcome);
        }
        self.log(batch, Some(&checked))?;
        let mut head = shared.head.write();
        outcome.exemplars = head.apply(self.commit, batch, &checked);
        shared.version.commit(self.commit);
        drop(head);
        let late = checked.late.len()
            + checked
                .histograms
                .iter()
                .filter(|taken| taken.late.is_some())
                .count();
        shared.counters.late_accepted.add(late as u64);
        shared
            .counters
            .samples_appended
            .add((outcome.accepted + outcome.histograms) as u64);
        shared.counters.exemplars_appended.add(outcome.exemplars as u64);
        outcome.commit = self.commit;
        Ok(outcome)
    }

    /// While the head is not back: the batch is logged as it is, and judged when the replay reaches it.
    fn log_only(&mut self, batch: &SampleBatch) -> Result<AppendOutcome, AppendError> {
        if let Err(StoreError::ReplayFailed { .. }) = self.shared.gate.check() {
            // Nobody could ever read it: better that its sender keeps it.
            return Err(AppendError::Closed);
        }
        self.log(batch, None)?;
        Ok(AppendOutcome {
            commit: self.commit,
            accepted: batch.len(),
            histograms: batch.histograms().len(),
            exemplars: batch.exemplars().len(),
            ..AppendOutcome::default()
        })
    }

    /// Hands a batch to the log as the next commit.
    fn log(&mut self, batch: &SampleBatch, checked: Option<&Checked>) -> Result<(), AppendError> {
        let new_series = self.defined.add(batch, checked, &self.shared.table)?;
        self.buffer.clear();
        let exemplars = batch
            .exemplars()
            .iter()
            .filter(|exemplar| self.defined.has(exemplar.series));
        let exemplars: Vec<_> = exemplars.collect();
        put_batch(
            &mut self.buffer,
            self.commit + 1,
            &new_series,
            batch,
            checked,
            &exemplars,
        );
        if let Err(error) = self.wal.write(&self.buffer) {
            self.defined.remove(&new_series);
            self.shared.counters.log_failures.add(1);
            tracing::error!(%error, "cannot write to the write-ahead log; the batch is refused");
            return Err(AppendError::Log(error));
        }
        self.shared.set_logged_bytes(self.wal.end().1);
        self.written_at.get_or_insert_with(Instant::now);
        self.commit += 1;
        Ok(())
    }

    /// Syncs the log and answers everyone who waits for it.
    fn sync(&mut self) {
        self.written_at = None;
        let counters = &self.shared.counters;
        let never = self.shared.config.fsync == Fsync::Never;
        let started = Instant::now();
        let synced = if never || !self.wal.is_unsynced() {
            Ok(())
        } else {
            counters.fsyncs.add(1);
            self.wal.sync()
        };
        counters.fsync_us.add(started.elapsed().as_micros() as u64);
        counters.group_batches.add(self.waiting.len() as u64);
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

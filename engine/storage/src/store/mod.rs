//! The store: one façade over log, head and segments.
//!
//! - `start` accepts batches at once and replays the log meanwhile; `open` returns when it is done.
//! - `append` hands a batch to the committer and answers once it is logged, visible and, if asked, synced.
//! - `pin` fixes a version: all that is read through it is of one moment. `flush` cuts the head into
//!   segments, `compact` merges segments.

mod adopt;
mod columns;
mod committer;
mod compact;
mod config;
mod cut;
mod defined;
mod delete;
mod error;
mod gate;
mod label_names;
mod open;
mod pinned;
mod quarantine;
mod replay;
mod retain;
mod rewrite;
mod series_limit;
mod snapshot;
mod stats;
mod upkeep;
mod version;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use engine_model::{Matcher, SampleBatch, SeriesTable};
use parking_lot::{Mutex, RwLock};

pub use adopt::Nursery;
pub use columns::{ColumnsReader, SeriesColumns};
pub use committer::{AppendOptions, AppendOutcome, OnReject};
pub use compact::CompactReport;
pub use config::{Fsync, StoreConfig};
pub use cut::FlushReport;
pub use delete::DeleteReport;
pub use error::{AppendError, StoreError};
pub use gate::ReplayProgress;
pub use pinned::{PinnedVersion, SelectedSeries};
pub use retain::RetainReport;
pub use stats::{LabelStats, StoreStats};

use crate::head::{Head, Limits, SeriesExemplars};
use crate::retention::RetentionPolicy;
use crate::segment::PageCache;
use committer::Committer;
use gate::Gate;
use stats::Counters;
use upkeep::Upkeep;
pub use upkeep::UpkeepStats;
use version::CurrentVersion;

/// A handle to the store; clones share it.
#[derive(Debug, Clone)]
pub struct Store {
    shared: Arc<Shared>,
    committer: Arc<Committer>,
}

/// What the committer, readers and background work share.
#[derive(Debug)]
struct Shared {
    config: StoreConfig,
    wal_dir: PathBuf,
    segments_dir: PathBuf,
    table: Arc<SeriesTable>,
    head: RwLock<Head>,
    version: CurrentVersion,
    counters: Counters,
    gate: Gate,
    /// Number of the first log file of this process, and bytes of its current one.
    own_run: u64,
    logged_bytes: AtomicU64,
    upkeep: Upkeep,
    /// Replaced by a reload.
    retention: RwLock<Arc<RetentionPolicy>>,
    /// Pages that queries read lately; none with a size of 0.
    pages: Option<Arc<PageCache>>,
    /// Held by whoever adds segments of new samples: one cut or import at a time.
    maintenance: Mutex<()>,
    /// Keeps a second process away from the directory.
    _lock_file: std::fs::File,
}

impl Shared {
    fn limits(&self) -> Limits {
        Limits {
            out_of_order_window_ms: self.config.out_of_order_window_ms,
        }
    }

    /// Bytes of the log file that is being written, whole records only.
    fn logged_bytes(&self) -> u64 {
        self.logged_bytes.load(Ordering::Acquire)
    }

    fn set_logged_bytes(&self, bytes: u64) {
        self.logged_bytes.store(bytes, Ordering::Release);
    }
}

impl Store {
    /// The table that names series; refs of appended batches must come from it.
    pub fn series_table(&self) -> &Arc<SeriesTable> {
        &self.shared.table
    }

    /// Appends one batch as one commit. Answers when it is logged and visible to new pins, and with
    /// `durable` when it also survives a loss of power.
    pub async fn append(
        &self,
        batch: SampleBatch,
        options: AppendOptions,
    ) -> Result<AppendOutcome, AppendError> {
        self.committer.append(batch, options).await
    }

    /// How far the replay of the log is.
    pub fn replay_progress(&self) -> ReplayProgress {
        self.shared.gate.progress()
    }

    /// Waits until everything that was acknowledged before the start can be read; an error says why it
    /// never will.
    pub async fn ready(&self) -> Result<(), StoreError> {
        self.shared.gate.wait().await
    }

    /// Waits as [`Store::ready`], but no longer than `limit`: then [`StoreError::Replaying`] has the progress.
    pub async fn ready_within(&self, limit: Duration) -> Result<(), StoreError> {
        self.shared.gate.wait_within(limit).await
    }

    /// Exemplars in `[min_ms, max_ms]` of series that satisfy all matchers of one of the sets, series in
    /// Prometheus's order, exemplars oldest first.
    pub fn exemplars(
        &self,
        matcher_sets: &[Vec<Matcher>],
        min_ms: i64,
        max_ms: i64,
    ) -> Result<Vec<SeriesExemplars>, StoreError> {
        self.shared.gate.check()?;
        Ok(self.shared.head.read().exemplars(matcher_sets, min_ms, max_ms))
    }

    /// Fixes what is committed now for reading. While the log is replayed, reading from it is refused with
    /// [`StoreError::Replaying`]: wait with [`Store::ready_within`] first.
    pub fn pin(&self) -> PinnedVersion {
        PinnedVersion::new(Arc::clone(&self.shared))
    }

    /// Folder that holds the segments.
    pub fn segments_dir(&self) -> &std::path::Path {
        &self.shared.segments_dir
    }

    /// Stops accepting, makes everything durable and ends the committer. Later appends fail.
    pub async fn close(&self) -> Result<(), StoreError> {
        self.committer.close().await
    }
}

#[cfg(test)]
mod replay_tests;
#[cfg(test)]
mod starts_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod upkeep_tests;

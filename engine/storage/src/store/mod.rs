//! The store: one façade over log, head and segments.
//!
//! - `open` replays the log, then starts the committer, the one thread that appends.
//! - `append` hands a batch to the committer and answers once it is logged, visible and, if asked, synced.
//! - `pin` fixes a version (commit number, cut generation, list of segments): all that is read through it
//!   is of one moment. `flush` cuts the head into segments, `compact` merges segments.

mod committer;
mod compact;
mod config;
mod cut;
mod error;
mod open;
mod pinned;
mod stats;
mod version;

use std::path::PathBuf;
use std::sync::Arc;

use engine_model::{SampleBatch, SeriesTable};
use parking_lot::{Mutex, RwLock};

pub use committer::{AppendOptions, AppendOutcome, OnReject};
pub use compact::CompactReport;
pub use config::{Fsync, StoreConfig};
pub use cut::FlushReport;
pub use error::{AppendError, StoreError};
pub use pinned::{PinnedVersion, SelectedSeries};
pub use stats::{LabelStats, StoreStats};

use crate::head::Head;
use committer::Committer;
use stats::Counters;
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
    /// Held by whoever changes the list of segments: one cut or compaction at a time.
    maintenance: Mutex<()>,
    /// Keeps a second process away from the directory.
    _lock_file: std::fs::File,
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

    /// Fixes what is committed now for reading.
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
mod tests;

//! How a store is opened.

use std::path::PathBuf;

use crate::disk::{self, SharedDisk};
use crate::retention::RetentionPolicy;

/// When the log is fsynced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Fsync {
    /// After every commit group.
    Always,
    /// Pushed batches before they are acknowledged, others at most a second later.
    #[default]
    Interval,
    /// Only when a log file is closed: a loss of power may cost acknowledged samples.
    Never,
}

/// Exemplars that are kept unless the configuration says otherwise, as in Prometheus.
const EXEMPLARS_MAX: usize = 100_000;

/// Pages of a day of some 8,000 series at 15 s.
const PAGE_CACHE_BYTES: u64 = 64 << 20;

/// How a store is opened.
#[derive(Debug, Clone)]
pub struct StoreConfig {
    /// Directory of the store; made when it does not exist.
    pub path: PathBuf,
    /// When the log is fsynced.
    pub fsync: Fsync,
    /// Late samples are accepted when they are at most this much older than the newest one; 0 for none.
    pub out_of_order_window_ms: i64,
    /// Exemplars that are kept; 0 for none. One with a trace id takes some 300 bytes.
    pub exemplars_max: usize,
    /// Series that the head may have; a batch that would make more is refused. 0 for no limit.
    pub series_max: usize,
    /// Bytes of memory of the head beyond which it is cut early; 0 for no limit.
    pub head_bytes_max: usize,
    /// What is kept; everything by default.
    pub retention: RetentionPolicy,
    /// Share of one core that compactions and rewrites take, above 0 to 1; half by default, so that
    /// ingestion and queries are not disturbed on a small machine.
    pub compaction_share: f64,
    /// Bytes of decompressed pages of segments that are kept for the next query; 0 for none.
    pub page_cache_bytes: u64,
    /// Whether reads bring the start timestamps of samples; they are kept in any case.
    pub reads_starts: bool,
    /// What the files are on: the machine's disk, or one that a test controls.
    pub disk: SharedDisk,
}

impl StoreConfig {
    /// The defaults, with the data under `path`.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            fsync: Fsync::default(),
            out_of_order_window_ms: 0,
            exemplars_max: EXEMPLARS_MAX,
            series_max: 0,
            head_bytes_max: 0,
            retention: RetentionPolicy::default(),
            compaction_share: 0.5,
            page_cache_bytes: PAGE_CACHE_BYTES,
            reads_starts: false,
            disk: disk::real(),
        }
    }
}

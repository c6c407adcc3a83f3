//! Where samples live: the write-ahead log, the head, immutable Parquet segments, their compaction, and
//! the store that hides all of it behind open, append, pin, flush and compact. Knows nothing of queries.

mod series_samples;

pub mod compaction;
pub mod disk;
mod head;
pub mod inspect;
mod retention;
pub mod segment;
mod store;
mod tombstones;
mod wal;

pub use head::{Cardinality, CardinalityEntry, RejectReason, RejectedSample, SeriesExemplars};
pub use retention::{RetentionPolicy, RetentionRule};
pub use series_samples::SeriesSamples;
pub use store::{
    AppendError, AppendOptions, AppendOutcome, ColumnsReader, CompactReport, DeleteReport, FlushReport,
    Fsync, LabelStats, Nursery, OnReject, PinnedVersion, ReplayProgress, RetainReport, SelectedSeries,
    SeriesColumns, Store, StoreConfig, StoreError, StoreStats, UpkeepStats,
};
pub use tombstones::{TombstoneError, hidden_rows};
pub use wal::WalError;

/// An error and its causes in one line, for logs.
fn error_chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

//! Errors of the store, by what the caller does about them.

use std::path::PathBuf;

use crate::head::{RejectReason, RejectedSample};
use crate::segment::SegmentError;
use crate::tombstones::TombstoneError;
use crate::wal::WalError;

/// The store cannot be opened, read or maintained.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The directory cannot be used.
    #[error("cannot {action} {}", path.display())]
    Directory {
        /// What was attempted.
        action: &'static str,
        /// On which path.
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    /// Another process has the directory open.
    #[error("{} is in use by another process; stop it or choose another --storage.path", path.display())]
    Locked {
        /// The directory.
        path: PathBuf,
    },
    /// The write-ahead log failed.
    #[error("write-ahead log failed")]
    Wal(#[from] WalError),
    /// A segment failed.
    #[error("segment failed")]
    Segment(#[from] SegmentError),
    /// A delete could not be kept or read.
    #[error("deletes failed")]
    Tombstone(#[from] TombstoneError),
    /// The log is still being replayed: what was acknowledged before the start is not all back yet. Try again.
    #[error(
        "the write-ahead log is being replayed, {done_bytes} of {total_bytes} bytes are done; try again later"
    )]
    Replaying {
        /// Bytes of the log that are back.
        done_bytes: u64,
        /// Bytes of the log.
        total_bytes: u64,
    },
    /// The log could not be replayed, so nothing can be answered.
    #[error("the write-ahead log could not be replayed: {reason}")]
    ReplayFailed {
        /// What went wrong.
        reason: String,
    },
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
}

/// A batch was not appended.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// A sample was refused and the caller wanted all or nothing; sending it again will not help.
    #[error("{}", rejected_text(.first, .counts))]
    Rejected {
        /// Number of samples that were refused, by reason.
        counts: Vec<(RejectReason, usize)>,
        /// The first of them.
        first: RejectedSample,
    },
    /// A series reference was forgotten between the interning of its labels and the append; intern them
    /// again and retry. Nothing was appended.
    #[error("{0} series references are no longer known")]
    UnknownSeries(usize),
    /// The log could not be written, for instance because the disk is full; try again later.
    #[error("cannot write to the write-ahead log")]
    Log(#[source] WalError),
    /// The store is shutting down; try again after the restart.
    #[error("the store is closed")]
    Closed,
}

fn rejected_text(first: &RejectedSample, counts: &[(RejectReason, usize)]) -> String {
    let more = match counts.iter().map(|(_, count)| count).sum::<usize>() {
        0 | 1 => String::new(),
        n => format!(" (and {} more)", n - 1),
    };
    format!(
        "{} at {} ms for series {}{more}",
        first.reason.as_str(),
        first.timestamp,
        first.labels
    )
}

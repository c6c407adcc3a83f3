//! Errors of the store, by what the caller does about them.

use std::path::PathBuf;

use crate::head::RejectedSample;
use crate::segment::SegmentError;
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
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
}

/// A batch was not appended.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// A sample was refused and the caller wanted all or nothing; sending it again will not help.
    #[error("{}", rejected_text(.first, *.rejected))]
    Rejected {
        /// Number of samples that were refused.
        rejected: usize,
        /// The first of them.
        first: RejectedSample,
    },
    /// The log could not be written, for instance because the disk is full; try again later.
    #[error("cannot write to the write-ahead log")]
    Log(#[source] WalError),
    /// The store is shutting down; try again after the restart.
    #[error("the store is closed")]
    Closed,
}

fn rejected_text(first: &RejectedSample, rejected: usize) -> String {
    let more = match rejected {
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

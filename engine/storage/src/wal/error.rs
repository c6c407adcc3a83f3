//! What can go wrong with the log, by what the caller does about it.

use std::path::PathBuf;

/// A failure of the write-ahead log.
#[derive(Debug, thiserror::Error)]
pub enum WalError {
    /// The operating system refused an operation; writing can be tried again.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// What was attempted.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    /// An earlier fsync failed, so nothing more may be acknowledged; restart after checking the disk.
    #[error("write-ahead log is poisoned by a failed fsync; check the disk and restart")]
    Poisoned,
    /// A file other than the newest is damaged: data after this byte would be lost.
    #[error(
        "write-ahead log file {} is damaged at byte {offset}; restore it from a copy, or move it and all later \
         log files away to go on with what was written before it", path.display()
    )]
    Damaged {
        /// The damaged file.
        path: PathBuf,
        /// First byte that is not part of a whole record.
        offset: u64,
    },
    /// The directory was written by another version of the format.
    #[error("{} is not a write-ahead log of format version {expected}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// The version that this program reads.
        expected: u8,
    },
}

impl WalError {
    pub(super) fn io(action: &'static str, path: &std::path::Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { action, path, source }
    }
}

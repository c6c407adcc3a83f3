//! Why a segment could not be written or read, told apart by what the caller does about it.

use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};

use parquet::errors::ParquetError;

/// The error of everything in this module; it always names the file or folder.
#[derive(Debug, thiserror::Error)]
pub enum SegmentError {
    /// The file system failed. Retry, or free space; the segment itself is not to blame.
    #[error("{}", .path.display())]
    Io {
        /// File or folder that was being read or written.
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    /// The bytes are not what was written. Quarantine the segment's folder.
    #[error("{}: damaged segment: {what}", .path.display())]
    Corrupt {
        /// File that is damaged.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
        #[source]
        source: Option<Box<dyn Error + Send + Sync>>,
    },
    /// The segment was written by a newer version. Leave it alone and start a newer version.
    #[error("{}: {what} is newer than this version understands; read it with the version that wrote it", .path.display())]
    Unsupported {
        /// File that says so.
        path: PathBuf,
        /// What is newer, with its number.
        what: String,
    },
    /// The caller broke the contract of the call (order of series, rows that do not exist). Nothing was written.
    #[error("refused: {what}")]
    Refused {
        /// What was wrong with the call.
        what: String,
    },
}

impl SegmentError {
    /// An IO error at `path`.
    pub(crate) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        |source| Self::Io {
            path: path.to_owned(),
            source,
        }
    }

    /// An IO error at `path`, a file of a segment folder that exists: when it is missing, that is damage.
    pub(super) fn missing_or_io(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        |source| match source.kind() {
            io::ErrorKind::NotFound => Self::corrupt(path, "the file is missing"),
            _ => Self::io(path)(source),
        }
    }

    /// Damage at `path` that no other error explains.
    pub(crate) fn corrupt(path: &Path, what: impl Into<String>) -> Self {
        Self::Corrupt {
            path: path.to_owned(),
            what: what.into(),
            source: None,
        }
    }

    /// A call that breaks the contract.
    pub(crate) fn refused(what: impl Into<String>) -> Self {
        Self::Refused { what: what.into() }
    }

    /// What the Parquet reader or writer said about `path`: the file system's errors stay IO errors.
    pub(crate) fn parquet(path: &Path, error: ParquetError) -> Self {
        let source: Box<dyn Error + Send + Sync> = match error {
            ParquetError::External(inner) => match inner.downcast::<io::Error>() {
                Ok(source) if !says_damage(source.kind()) => {
                    return Self::Io {
                        path: path.to_owned(),
                        source: *source,
                    };
                }
                Ok(source) => source,
                Err(other) => other,
            },
            other => Box::new(other),
        };
        Self::Corrupt {
            path: path.to_owned(),
            what: "unreadable Parquet".to_owned(),
            source: Some(source),
        }
    }

    /// Whether the error is about a file in `folder`.
    pub(crate) fn is_in(&self, folder: &Path) -> bool {
        match self {
            Self::Io { path, .. } | Self::Corrupt { path, .. } | Self::Unsupported { path, .. } => {
                path.starts_with(folder)
            }
            Self::Refused { .. } => false,
        }
    }

    /// Whether the segment should be quarantined.
    pub fn is_corrupt(&self) -> bool {
        matches!(self, Self::Corrupt { .. })
    }
}

/// What bytes are to blame for, not the disk: the end of a file inside a page, a checksum that differs.
fn says_damage(kind: io::ErrorKind) -> bool {
    matches!(kind, io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData)
}

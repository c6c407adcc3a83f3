//! How a store is opened.

use std::path::PathBuf;

use crate::disk::{self, SharedDisk};

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

/// How a store is opened.
#[derive(Debug, Clone)]
pub struct StoreConfig {
    /// Directory of the store; made when it does not exist.
    pub path: PathBuf,
    /// When the log is fsynced.
    pub fsync: Fsync,
    /// What the files are on: the machine's disk, or one that a test controls.
    pub disk: SharedDisk,
}

impl StoreConfig {
    /// The defaults, with the data under `path`.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            fsync: Fsync::default(),
            disk: disk::real(),
        }
    }
}

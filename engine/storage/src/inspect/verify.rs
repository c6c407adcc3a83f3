//! Whether everything in a store's folder is what was written.

use std::path::{Path, PathBuf};

use super::log::{self, LogInspection};
use super::segments;
use crate::segment::{VerifyReport, verify};
use crate::store::StoreError;
use crate::tombstones;

/// What is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// File or folder.
    pub path: PathBuf,
    /// What is wrong with it, with all causes.
    pub what: String,
}

/// What was read, and what of it is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreVerification {
    /// Segments that are sound.
    pub segments: Vec<VerifyReport>,
    /// The log; `None` when it is damaged.
    pub log: Option<LogInspection>,
    /// Deletes.
    pub tombstones: usize,
    /// Everything that is not as it was written. A torn tail of the log is none: it was never acknowledged.
    pub faults: Vec<Fault>,
}

impl StoreVerification {
    /// Whether nothing is wrong.
    pub fn is_sound(&self) -> bool {
        self.faults.is_empty()
    }
}

/// Reads all of the store in `root`, which nobody has open: every byte of every segment with its checksums,
/// the order of series and samples, the counts of all tables against each other, every record of the log,
/// every tombstone. Quarantined segments are not looked at. An error means that the folder cannot be read.
pub fn verify_store(root: &Path) -> Result<StoreVerification, StoreError> {
    let mut verification = StoreVerification {
        segments: Vec::new(),
        log: None,
        tombstones: 0,
        faults: Vec::new(),
    };
    let fault = |path: &Path, error: &dyn std::error::Error| Fault {
        path: path.to_owned(),
        what: crate::error_chain(error),
    };
    for folder in segments::folders(root)? {
        match verify(&folder) {
            Ok(report) => verification.segments.push(report),
            Err(error) => verification.faults.push(fault(&folder, &error)),
        }
    }
    match log::read(root) {
        Ok((log, _)) => verification.log = Some(log),
        Err(error) => verification.faults.push(fault(&root.join("wal"), &error)),
    }
    let dir = root.join("tombstones");
    match tombstones::load(&dir) {
        Ok(tombstones) => verification.tombstones = tombstones.len(),
        Err(error) => verification.faults.push(fault(&dir, &error)),
    }
    Ok(verification)
}

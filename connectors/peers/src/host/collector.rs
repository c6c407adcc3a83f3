//! The one shape of every collector, and the two ways in which one can end without success.

use std::io;
use std::path::PathBuf;

use super::exposition::Metrics;
use super::roots::Roots;

/// Reads one subject from the kernel and adds its samples. Samples added before an error are kept.
pub(super) trait Collector: Send + Sync {
    /// The value of the `collector` label, as node_exporter names it.
    fn name(&self) -> &'static str;

    /// Reads the files below `roots` now.
    fn collect(&self, roots: &Roots, metrics: &mut Metrics) -> Result<(), CollectError>;
}

/// Why a collector's `node_scrape_collector_success` is 0.
#[derive(Debug, thiserror::Error)]
pub(super) enum CollectError {
    /// This kernel or machine does not have the subject.
    #[error("no data: {0}")]
    NoData(&'static str),
    /// A file or call that should work did not.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the kernel said.
        #[source]
        source: io::Error,
    },
    /// A system call failed.
    #[error("{call} failed")]
    Call {
        /// The call's name.
        call: &'static str,
        /// What the kernel said.
        #[source]
        source: io::Error,
    },
    /// A file was read but is not in the format that the kernel documents.
    #[error("malformed {}: {what}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What was expected or found.
        what: String,
    },
}

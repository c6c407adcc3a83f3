//! What goes wrong on a forgetful disk, when a test says so.

use std::collections::BTreeMap;
use std::io;

/// A kind of operation, to count and to fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// Opens a new or emptied file, or makes a folder.
    Create,
    /// Writes to a file.
    Write,
    /// Cuts a file.
    Cut,
    /// Makes a file's content durable.
    SyncFile,
    /// Makes a folder's names durable.
    SyncFolder,
    /// Renames or links.
    Rename,
    /// Removes a name.
    Remove,
}

/// Counters of what was done, and what shall fail.
#[derive(Debug, Default)]
pub(super) struct Faults {
    counts: BTreeMap<Operation, u64>,
    /// How many operations of a kind still succeed before one fails.
    failing: BTreeMap<Operation, u64>,
    pub(super) free_bytes: Option<u64>,
    /// How many operations the disk still does; none after them.
    pub(super) operations_left: Option<u64>,
}

impl Faults {
    pub(super) fn count(&self, operation: Operation) -> u64 {
        self.counts.get(&operation).copied().unwrap_or(0)
    }

    pub(super) fn total(&self) -> u64 {
        self.counts.values().sum()
    }

    pub(super) fn fail(&mut self, operation: Operation, after: u64) {
        self.failing.insert(operation, after);
    }

    /// Counts an operation that is about to happen; an error when it shall not.
    pub(super) fn begin(&mut self, operation: Operation) -> io::Result<()> {
        match &mut self.operations_left {
            Some(0) => return Err(io::Error::other("the disk has no power")),
            Some(left) => *left -= 1,
            None => {}
        }
        *self.counts.entry(operation).or_default() += 1;
        match self.failing.get_mut(&operation) {
            Some(0) => {
                self.failing.remove(&operation);
                Err(io::Error::other("input/output error"))
            }
            Some(left) => {
                *left -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// How many of `wanted` bytes there is room for; an error when there is none.
    pub(super) fn take_space(&mut self, wanted: usize) -> io::Result<usize> {
        let Some(free) = &mut self.free_bytes else {
            return Ok(wanted);
        };
        let taken = (*free).min(wanted as u64);
        if taken == 0 && wanted > 0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        *free -= taken;
        Ok(taken as usize)
    }
}

//! The write-ahead log: what was accepted is handed to the kernel here before anybody sees it.
//! `FORMAT.md` beside this file has the bytes. A failed write is cut back to the last whole record and
//! may be retried; a failed fsync poisons the log, because the kernel may have dropped the pages.

pub(crate) mod bytes;
pub(crate) mod checkpoint;
mod error;
mod file_name;
pub(crate) mod reader;
pub(crate) mod record;
pub(crate) mod references;
mod seal;
pub(crate) mod starts;
mod version_1;
pub(crate) mod writer;

pub use error::WalError;

#[cfg(test)]
mod tests;

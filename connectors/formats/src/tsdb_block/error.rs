//! What can be wrong with a block's bytes.

/// Bytes that are not what a block has there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BlockError {
    /// The bytes end inside of something.
    #[error("{what} ends early at byte {offset}")]
    Truncated {
        /// What was being read.
        what: &'static str,
        /// Where, in the bytes that were given.
        offset: usize,
    },
    /// A checksum is not that of its bytes.
    #[error("checksum of {what} at byte {offset} is {found:08x}, its bytes give {expected:08x}")]
    Checksum {
        /// What it covers.
        what: &'static str,
        /// Where that begins.
        offset: usize,
        /// The checksum of the bytes.
        expected: u32,
        /// The checksum that is stored.
        found: u32,
    },
    /// A version or encoding that this reader does not know.
    #[error("{what} {found} is not supported")]
    Unsupported {
        /// Of what.
        what: &'static str,
        /// The number that was found.
        found: u64,
    },
    /// Something that cannot be.
    #[error("{what} at byte {offset}")]
    Malformed {
        /// What.
        what: &'static str,
        /// Where.
        offset: usize,
    },
    /// `meta.json` is not what it should be.
    #[error("meta.json: {0}")]
    Meta(String),
}

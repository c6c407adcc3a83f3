//! Why a plan could not be turned into bytes, or bytes into a plan.

use super::message::VERSION;

/// A plan that cannot travel, or bytes that are no plan.
#[derive(Debug, thiserror::Error)]
pub enum CodecError {
    /// A node of another kind than PromQL's.
    #[error("plan node {0} has no encoding")]
    NotEncodable(String),
    /// The bytes are not what any version writes.
    #[error("cannot read an encoded plan: {0}")]
    Malformed(#[from] prost::DecodeError),
    /// The bytes come from another version.
    #[error(
        "encoded plan is of version {0}, this program reads version {VERSION}: run one version of it on all machines"
    )]
    Version(u32),
    /// The nodes do not make one tree.
    #[error("encoded plan is no tree: {0}")]
    NotATree(String),
    /// A node says what makes no sense.
    #[error("node {node} of an encoded plan: {what}")]
    Invalid {
        /// Which kind of node.
        node: &'static str,
        /// What is wrong.
        what: String,
    },
}

//! Plans as bytes, so that a part of a query can be evaluated elsewhere. Every node says what it does, never what it
//! holds: a scan travels as matchers and times, functions by their names. `plan` is the form of whole plans,
//! `extension` hands the same nodes to DataFusion; `coded` is the list of nodes, the other files their messages.

mod coded;
mod error;
mod extension;
mod grouped;
mod labelled;
mod message;
mod parts;
mod plan;
mod sampled;
mod shape;
mod tasks;
mod windows;
mod words;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use queries_tables::{SampleBudget, Snapshot};

use crate::annotations::Annotations;
use crate::nodes::looks::Ledger;

pub use coded::NODES;
pub use error::CodecError;
pub use extension::PlanCodec;
pub use message::VERSION;
pub use plan::{decode, encode};

/// What a decoded plan is put into: all that its nodes share and that does not travel.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// What scans read. Whoever sends a plan sees to it that it is the same moment of the same series.
    pub snapshot: Arc<dyn Snapshot>,
    /// Limit on the samples that are held.
    pub budget: Arc<SampleBudget>,
    /// Where annotations go.
    pub annotations: Arc<Annotations>,
    /// Where windows count samples.
    pub ledger: Ledger,
    /// Raised when label sets became equal where that is rare.
    pub collision: Arc<AtomicBool>,
}

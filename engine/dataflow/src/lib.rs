//! The streaming graph: sources, operators and sinks joined by bounded edges that carry batches.
//! The graph is data (a validated plan) and a runtime that turns it into tasks, watches them,
//! changes its sources while it runs and drains it without losing a batch.

// What nodes are made of.
pub mod context;
mod inlet;
pub mod message;
pub mod operator;
pub mod operators;
pub mod sink;
pub mod source;

// The graph as data.
mod graph;
pub mod plan;
mod validate;

// The graph at work.
mod change;
mod drain;
mod edge;
mod inputs;
mod registry;
mod runtime;
mod supervise;

// What it shows.
mod rate;
pub mod stats;
pub mod status;

#[cfg(any(test, feature = "harness"))]
pub mod harness;

#[cfg(test)]
mod tests;

pub use change::ChangeError;
pub use context::SourceContext;
pub use drain::DrainReport;
pub use edge::{Output, SendError, TrySendError};
pub use graph::{Graph, GraphBuilder};
pub use inlet::{Inlet, InletHandle};
pub use message::{
    Acknowledgement, CommitReceipt, Delivery, DeliveryError, DeliveryOptions, Message, Receipt, RejectPolicy,
    RejectReason, Rejections,
};
pub use operator::{Emit, Operator};
pub use plan::{NodeId, NodeKind, Plan};
pub use runtime::{NodeFailure, RunningGraph};
pub use sink::Sink;
pub use source::{NodeError, Source};
pub use stats::EdgeStats;
pub use status::{EdgeStatus, GraphStatus, NodeState, NodeStatus};
pub use validate::{InvalidPlan, PlanProblem, validate};

//! The streaming graph: sources, operators and sinks joined by bounded edges that carry batches.
//! The graph is data (a validated plan) and a runtime that turns it into tasks, watches them,
//! changes its sources while it runs and drains it without losing a batch.

pub mod context;
mod edge;
pub mod message;
pub mod operator;
pub mod plan;
pub mod sink;
pub mod source;
pub mod stats;
pub mod status;

pub use context::SourceContext;
pub use edge::{Output, SendError, TrySendError};
pub use message::{
    Acknowledgement, CommitReceipt, Delivery, DeliveryError, DeliveryOptions, Message, Receipt, RejectPolicy,
    RejectReason, Rejections,
};
pub use operator::{Emit, Operator};
pub use plan::{NodeId, NodeKind, Plan};
pub use sink::Sink;
pub use source::{NodeError, Source};
pub use stats::EdgeStats;
pub use status::{EdgeStatus, GraphStatus, NodeState, NodeStatus};

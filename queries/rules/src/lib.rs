//! Rule files, groups, recording and alerting rules, the alert state machine.
//! [`RuleFile`] reads, [`RuleManager`] runs groups in the graph; the doors out of the crate are the
//! traits [`Evaluate`] and [`History`] (ask), [`Append`] and [`AlertSink`] (hand over).

// What is written.
pub mod rule_file;

// The doors.
mod environment;
mod evaluate;
mod output;

// Time.
mod schedule;

// What rules do.
pub mod alert_state;
mod alerting;
mod failure;
mod recording;
mod restore;
mod template;

// Groups at work.
mod group;
mod manager;

// What they show.
pub mod metrics;
pub mod status;

#[cfg(test)]
mod scripted;

pub use environment::{Doors, RuleSettings};
pub use evaluate::{Evaluate, EvaluateError, Evaluated, History, LastSample, PreparedRule, RuleValue};
pub use manager::{RuleManager, Wiring};
pub use output::{AlertSink, AlertSinkError, Annotations, Append, EdgeAppend, FiredAlert};
pub use rule_file::{GroupName, RuleFile, RuleGroup, RuleQuery};
pub use template::template_functions;

//! Whole graphs under a paused clock: backpressure, drain, failure, change, status.

mod change;
mod drain;
mod failure;
mod flow;
mod nodes;

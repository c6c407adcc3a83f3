//! The streaming graph: plan, validate, edges, runtime, drain.

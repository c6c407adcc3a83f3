//! The `weir` binary: command line, configuration, and the wiring of all other crates.
//! `wiring` is in build order, which is also the reading order.

pub mod cli;
pub mod commands;
pub mod config;

mod allocator;
mod logging;
mod wiring;

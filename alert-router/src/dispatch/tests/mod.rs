//! Alertmanager's acceptance scenarios and more, on a virtual clock.

mod scenarios;
mod simulation;
mod state;

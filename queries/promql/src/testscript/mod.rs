//! Runs `.test` scripts: commands that load series, evaluate expressions and state what must come out.
//!
//! Reading order: `script` (what a script says), `parse`, `expectations`, `series` and `histogram` (how it
//! is written), `native` (histograms as samples), `engine` and `in_memory` (what runs it), `run`, `compare` and `at_modifier` (how it is judged), `report`.

mod at_modifier;
mod compare;
mod engine;
mod expectations;
mod histogram;
mod in_memory;
mod native;
mod parse;
mod report;
mod run;
mod script;
mod series;

#[cfg(test)]
mod tests;

pub use engine::{Engine, EvalOutcome, Evaluated, LoadedPoint, Sample, Value};
pub use histogram::{CounterResetHint, HistogramLiteral};
pub use in_memory::InMemoryEngine;
pub use parse::{ScriptError, parse_script};
pub use report::{Failure, ScriptReport, format_reports};
pub use run::run_script;
pub use script::{Command, Eval, Load, Script};
pub use series::SequenceValue;

//! Looking at the folder of a stopped store, changing nothing: what is in it ([`inspect`]), and whether all
//! of it is sound ([`verify_store`]).

mod log;
mod report;
mod segments;
#[cfg(test)]
mod tests;
mod unchanging;
mod verify;

pub use log::{LogFile, LogInspection};
pub use report::{Inspection, LabelCardinality, inspect};
pub use segments::{ColumnBytes, FileInspection, SegmentInspection};
pub use verify::{Fault, StoreVerification, verify_store};

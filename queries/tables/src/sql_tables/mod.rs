//! The SQL view of a snapshot: tables `samples`, `samples_raw`, `series`, `histograms`, and one under each metric's name.
//! Every table has `labels` as a map and each label under its own case-exact name; an absent label is
//! null. Conditions on labels and on time become the matchers and the range of the scan.

mod catalog;
mod columns;
mod condition;
mod evaluated;
mod histograms_scan;
mod label_condition;
mod rows;
mod samples_scan;
mod selection;
mod series_rows;
mod table;
mod time_condition;

pub use catalog::{CATALOG, OnlyCatalog, SCHEMA, SnapshotCatalog};
pub use evaluated::{EvaluatedSeries, EvaluatedTable};

#[cfg(test)]
mod tests;

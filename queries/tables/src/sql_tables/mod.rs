//! The SQL view of a snapshot: tables `samples`, `samples_raw`, `series`, `histograms`, and one under each metric's name.
//! Every table has `labels` as a map and each label under its own case-exact name; an absent label is
//! null. Conditions on labels and on time become the matchers and the range of the scan.

mod accumulators;
mod catalog;
mod chunks;
mod claims;
mod columns;
mod condition;
mod evaluated;
mod group_in_scan;
mod grouped_scan;
mod groups;
mod histogram_columns;
mod histograms_scan;
mod label_condition;
mod memory;
mod rows;
mod samples_scan;
mod selection;
mod series_rows;
mod table;
mod time_condition;
mod time_keys;

pub use catalog::{CATALOG, OnlyCatalog, SCHEMA, SnapshotCatalog};
pub use evaluated::{ComputedSeries, EvaluatedSeries, EvaluatedTable};
pub use group_in_scan::GroupInScan;
pub use memory::QueryPool;

#[cfg(test)]
mod tests;

//! The few, fat plan nodes of PromQL. Each is an [`Operation`](queries_tables::Operation) over folded
//! rows or step vectors; labels travel once per series, never per cell.

pub mod names;
pub(crate) mod pace;
pub mod step_vectors;

pub mod constant;
mod output_rows;
pub mod range_notes;
pub mod repeat;
pub mod unique;
pub mod window;

pub(crate) mod histogram_group;
pub mod looks;
mod mixed_window;
mod native_histogram;

pub mod absent;
pub mod aggregate;
pub mod classic_histogram;
pub mod count_values;
pub mod info;
pub mod labels_map;
pub mod map;
pub mod scalar;
pub mod sort;
pub mod subquery;
pub mod topk;
pub mod vector_match;

pub use step_vectors::{Cell, StepBatch};

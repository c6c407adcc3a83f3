//! Stored series as DataFusion sees them: snapshots that queries read, the folded scan (a row per
//! series), the shape of step vectors, and the node that wraps an operation as an execution plan.
//! Segments are decoded in engine-storage only; this crate wraps what its select returns.

pub mod budget;
pub mod explain;
pub mod folded;
pub mod histograms;
pub mod memory;
pub mod memory_pool;
mod null_rows;
mod observed;
pub mod operation;
pub mod scan;
pub mod snapshot;
pub mod sql_tables;

pub use budget::SampleBudget;
pub use explain::{ExplainedNode, explain};
pub use memory::MemorySnapshot;
pub use memory_pool::QueryMemory;
pub use operation::{Operation, PlanNode};
pub use scan::SeriesScan;
pub use snapshot::{NeighboursReader, SeriesSet, Snapshot, SnapshotError, StoreSnapshot};
pub use sql_tables::SnapshotCatalog;

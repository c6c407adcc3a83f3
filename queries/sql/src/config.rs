//! What one SQL query may cost.

use std::time::Duration;

/// Limits of SQL queries. Each query has them for itself.
#[derive(Debug, Clone)]
pub struct SqlConfig {
    /// Longest that a query may take, its wait for a place included.
    pub timeout: Duration,
    /// Most rows of a result.
    pub rows_max: usize,
    /// Queries that run at a time, where the process gives no places of its own; more wait.
    pub concurrent_max: usize,
    /// Partitions over which one query's operators may spread.
    pub partitions: usize,
}

impl Default for SqlConfig {
    /// Two minutes as for PromQL; four at a time stay within a small machine; a million rows
    /// are more than a page can draw and less than a minute of transfer; one partition.
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(120),
            rows_max: 1_000_000,
            concurrent_max: 4,
            partitions: 1,
        }
    }
}

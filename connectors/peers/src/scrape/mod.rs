//! Scraping: each job of `scrape_configs` is a source of the graph, each target a loop within it.
//!
//! A scrape becomes one batch and one commit: the samples, markers for series that vanished, and the
//! report series, stamped with one time. A limit or a fault in the body rolls all samples back. Read
//! `scrape_loop` first, then `assemble`.

// What is configured.
pub mod config;
mod target;

// One target.
mod assemble;
mod content_type;
mod failure_log;
mod fetch;
mod labels;
mod line_cache;
mod metadata;
mod report;
mod schedule;
mod scrape_loop;

// One job.
mod pool;
mod series_limit;
mod source;

// What is seen of it.
mod interval_lengths;
mod metrics;
mod status;

pub use crate::resolution::Resolution;
pub use config::{GlobalScrape, ScrapeConfig};
pub use interval_lengths::{IntervalLength, IntervalLengths};
pub use metadata::FamilyMetadata;
pub use metrics::ScrapeMetrics;
pub use schedule::offset_seed;
pub use series_limit::SeriesLimit;
pub use source::{ScrapeHandle, ScrapeShared, ScrapeSource, node_name};
pub use status::{ActiveTarget, ExternalAddress, Health, LastScrape, PoolStatus, TargetsStatus, global_url};
pub use target::{DroppedTarget, Target, TargetSet, TargetUrl, targets_of};

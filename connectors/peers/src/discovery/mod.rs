//! Discovery: where targets come from when nobody writes them down. A discoverer publishes groups of
//! targets; jobs with the same configuration share one, which also outlives a reload that keeps it.
//! Read `discoverer` first, then `discoveries`. One folder a mechanism.

// What is found, and who finds it.
mod config;
mod discoverer;
mod group;

// Who runs them and listens to them.
mod discovered;
mod discoveries;
mod metrics;

// The mechanisms.
mod dns;
mod file;
mod http;

pub use config::{DiscoveryConfig, MECHANISMS};
pub use discovered::{Discovered, SYNC_INTERVAL};
pub use discoverer::{Discoverer, Updates};
pub use discoveries::{Discoveries, Subscription};
pub use dns::{DnsConfig, RecordKind};
pub use file::FileConfig;
pub use group::{Groups, TargetGroup, TargetList, parse_target_list};
pub use http::HttpConfig;
pub use metrics::{DiscoveryMetrics, Family, FamilyKind, RefreshDurations};

#[cfg(test)]
mod tests;

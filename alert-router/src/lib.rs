//! Alertmanager's work: route tree, grouping, notification, usable alone.
//!
//! Alerts are posted to a [`RouterHandle`]; the pure core in `dispatch` decides who is told what and
//! when; `run` sends, stores and keeps the time for it.

pub mod alert;

pub mod config;

pub mod matchers;

mod route;

mod group;

mod stages;

mod notification_log;

mod dispatch;

mod notify;

mod persist;

mod run;

mod status;

mod router;

pub use alert::{Alert, PostedAlert};
pub use config::{Config, DEFAULT_CONFIG, default_config, parse_config};
pub use dispatch::{AlertSnapshot, GroupSnapshot, Notification, NotifiedAlert};
pub use notification_log::IntegrationId;
pub use notify::{ClientError, ReceiversError, TemplatesError, check_receivers};
pub use persist::JournalError;
pub use router::{AlertRouter, PostError, RouterHandle, RouterOptions, RouterStopped, StartError};
pub use stages::dedup::Reason;
pub use status::{NotificationCounters, ReceivedCounters, RouterStatus};

//! How receivers are told: one folder a kind, all behind [`Notifier`]. A new kind is a folder, a
//! variant of `IntegrationConfig` and a line in `registry.rs`.

mod http_client;
mod log;
mod message;
pub(crate) mod registry;
mod templates;
mod webhook;

use async_trait::async_trait;

use crate::dispatch::Notification;

pub use http_client::ClientError;
pub use registry::{ReceiversError, check_receivers};
pub use templates::TemplatesError;

/// Why a receiver could not be told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotifyError {
    /// It may work later: no connection, no answer, or the receiver's own trouble.
    #[error("{0}")]
    Temporary(String),
    /// Trying again is of no use: the receiver refuses, or the configuration is wrong.
    #[error("{0}")]
    Permanent(String),
}

/// Tells one integration of one receiver.
#[async_trait]
pub(crate) trait Notifier: Send + Sync {
    /// Makes one attempt. The caller bounds its time and repeats it.
    async fn notify(&self, notification: &Notification) -> Result<(), NotifyError>;
}

//! The one list of notifier kinds: from configuration to what sends.

use std::collections::HashMap;
use std::sync::Arc;

use engine_template::Templates;

use super::Notifier;
use super::http_client::ClientError;
use super::log::LogNotifier;
use super::templates::{self, TemplatesError};
use super::webhook::WebhookNotifier;
use crate::config::{Config, IntegrationConfig};
use crate::notification_log::IntegrationId;

/// What sends, by integration.
pub(crate) type Notifiers = HashMap<IntegrationId, Arc<dyn Notifier>>;

/// Why the receivers of a configuration cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum ReceiversError {
    /// Its template files cannot be used.
    #[error(transparent)]
    Templates(#[from] TemplatesError),
    /// A receiver's connection options cannot be used.
    #[error(transparent)]
    Client(#[from] ClientError),
}

/// What all notifiers share.
pub(super) struct Shared {
    pub(super) templates: Templates,
    pub(super) external_url: String,
}

/// Checks what a configuration names beside itself: template files and connection options.
pub fn check_receivers(config: &Config) -> Result<(), ReceiversError> {
    build(config, "").map(drop)
}

/// Makes the notifiers of all receivers.
pub(crate) fn build(config: &Config, external_url: &str) -> Result<Notifiers, ReceiversError> {
    let shared = Arc::new(Shared {
        templates: templates::load(&config.templates)?,
        external_url: external_url.to_owned(),
    });
    let mut notifiers: Notifiers = HashMap::new();
    for (id, integration) in config.receivers.iter().flat_map(|receiver| receiver.identified()) {
        let notifier: Arc<dyn Notifier> = match integration {
            IntegrationConfig::Webhook(config) => Arc::new(WebhookNotifier::new(config, &shared)?),
            IntegrationConfig::Log(_) => Arc::new(LogNotifier),
        };
        notifiers.insert(id, notifier);
    }
    Ok(notifiers)
}

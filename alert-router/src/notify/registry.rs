//! The one list of notifier kinds: from configuration to what sends.

use std::collections::HashMap;
use std::sync::Arc;

use super::Notifier;
use super::http_client::ClientError;
use super::log::LogNotifier;
use super::webhook::WebhookNotifier;
use crate::config::{Config, IntegrationConfig};
use crate::notification_log::IntegrationId;

/// What sends, by integration.
pub(crate) type Notifiers = HashMap<IntegrationId, Arc<dyn Notifier>>;

/// Makes the notifiers of all receivers.
pub(crate) fn build(config: &Config, external_url: &str) -> Result<Notifiers, ClientError> {
    let mut notifiers: Notifiers = HashMap::new();
    for (id, integration) in config.receivers.iter().flat_map(|receiver| receiver.identified()) {
        let notifier: Arc<dyn Notifier> = match integration {
            IntegrationConfig::Webhook(config) => Arc::new(WebhookNotifier::new(config, external_url)?),
            IntegrationConfig::Log(_) => Arc::new(LogNotifier),
        };
        notifiers.insert(id, notifier);
    }
    Ok(notifiers)
}

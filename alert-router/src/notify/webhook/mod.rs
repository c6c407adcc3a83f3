//! Posts Alertmanager's JSON, version 4, to an HTTP endpoint.

mod payload;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::http_client::{ClientError, HttpClient, read_trimmed};
use super::message::Message;
use super::registry::Shared;
use super::{Notifier, NotifyError, templates};
use crate::config::{UrlSource, WebhookConfig};
use crate::dispatch::Notification;

pub(super) struct WebhookNotifier {
    client: HttpClient,
    url: UrlSource,
    alerts_max: usize,
    timeout: Option<Duration>,
    shared: Arc<Shared>,
}

impl WebhookNotifier {
    pub(super) fn new(config: &WebhookConfig, shared: &Arc<Shared>) -> Result<Self, ClientError> {
        Ok(Self {
            client: HttpClient::new(&config.http)?,
            url: config.url.clone(),
            alerts_max: config.alerts_max,
            timeout: config
                .timeout_ms
                .map(|ms| Duration::from_millis(ms.unsigned_abs())),
            shared: Arc::clone(shared),
        })
    }

    /// The address for one message.
    async fn address(&self, message: &Message<'_>) -> Result<String, NotifyError> {
        let text = match &self.url {
            UrlSource::Inline(url) => url.reveal().to_owned(),
            UrlSource::File(path) => read_trimmed(path).await?,
        };
        let url = match text.contains("{{") {
            true => templates::expand(&self.shared.templates, &text, &message.template_data())?,
            false => text,
        };
        if url::Url::parse(&url).is_ok() {
            return Ok(url);
        }
        // The text may hold a token, so it is not repeated.
        Err(NotifyError::Permanent(match &self.url {
            _ if url.is_empty() => "webhook URL is empty after templating".to_owned(),
            UrlSource::Inline(_) => "the webhook's url is not a URL after templating".to_owned(),
            UrlSource::File(path) => format!("{} does not hold a URL", path.display()),
        }))
    }
}

#[async_trait]
impl Notifier for WebhookNotifier {
    async fn notify(&self, notification: &Notification) -> Result<(), NotifyError> {
        let message = Message::new(notification, self.alerts_max, &self.shared.external_url);
        let url = self.address(&message).await?;
        let post = self.client.post_json(&url, payload::encode(&message));
        match self.timeout {
            None => post.await,
            Some(timeout) => tokio::time::timeout(timeout, post).await.unwrap_or_else(|_| {
                let text = format!("configured webhook timeout reached ({timeout:?})");
                Err(NotifyError::Temporary(text))
            }),
        }
    }
}

//! Posts Alertmanager's JSON, version 4, to an HTTP endpoint.

mod payload;
#[cfg(test)]
mod tests;

use std::time::Duration;

use async_trait::async_trait;

use super::http_client::{ClientError, HttpClient, read_trimmed};
use super::{Notifier, NotifyError};
use crate::config::{UrlSource, WebhookConfig};
use crate::dispatch::Notification;

pub(super) struct WebhookNotifier {
    client: HttpClient,
    url: UrlSource,
    alerts_max: usize,
    timeout: Option<Duration>,
    external_url: String,
}

impl WebhookNotifier {
    pub(super) fn new(config: &WebhookConfig, external_url: &str) -> Result<Self, ClientError> {
        Ok(Self {
            client: HttpClient::new(&config.http)?,
            url: config.url.clone(),
            alerts_max: config.alerts_max,
            timeout: config
                .timeout_ms
                .map(|ms| Duration::from_millis(ms.unsigned_abs())),
            external_url: external_url.to_owned(),
        })
    }
}

#[async_trait]
impl Notifier for WebhookNotifier {
    async fn notify(&self, notification: &Notification) -> Result<(), NotifyError> {
        let body = payload::encode(notification, self.alerts_max, &self.external_url);
        let url = match &self.url {
            UrlSource::Inline(url) => url.reveal().to_owned(),
            UrlSource::File(path) => {
                let text = read_trimmed(path).await?;
                if url::Url::parse(&text).is_err() {
                    // The text may hold a token, so it is not repeated.
                    let text = format!("{} does not hold a URL", path.display());
                    return Err(NotifyError::Permanent(text));
                }
                text
            }
        };
        let post = self.client.post_json(&url, body);
        match self.timeout {
            None => post.await,
            Some(timeout) => tokio::time::timeout(timeout, post).await.unwrap_or_else(|_| {
                let text = format!("configured webhook timeout reached ({timeout:?})");
                Err(NotifyError::Temporary(text))
            }),
        }
    }
}
